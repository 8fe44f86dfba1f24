"""An edit, a retirement, a return: another version of a case, written down."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access.audit import note
from otel_evals_backend.cases.making import NotMade
from otel_evals_backend.cases.neutral import NeutralCase
from otel_evals_backend.cases.records import CaseEdit
from otel_evals_backend.cases.store import Books, Place, add_version, newest
from otel_evals_backend.context import Context
from otel_evals_backend.records import Person


async def edit(context: Context, person: Person, name: str, order: CaseEdit) -> int:
    """Keep what was edited as a new version; its number. What changes nothing makes none.

    Raises:
        NotMade: there is no such case, it changed meanwhile, or its key is gone.
    """
    async with context.database.write() as connection:
        row, case = await _present(context, connection, name)
        if row.version != order.version:
            raise NotMade(409, f"somebody changed this case meanwhile: its newest version is {row.version}")
        expected = case.expected.model_copy(
            update={
                field: getattr(order, field)
                for field in ("behaviour", "text", "facts", "forbidden", "citations", "tools")
            }
        )
        changed = case.model_copy(
            update={
                "expected": expected,
                "tags": tuple(dict.fromkeys(order.tags)),
                "risk_tier": order.risk_tier,
                "bucket": order.bucket,
            }
        )
        if changed == case and order.dataset == row.dataset:
            return row.version
        place = Place(
            id=name, version=row.version + 1, dataset=order.dataset, kind=row.kind, made_by=person.id,
            created_ns=context.clock.time_ns(), retired=row.retired,
        )  # fmt: skip
        await add_version(connection, row, Books(context).row(place, changed))
        await note(connection, context.clock, person, "case.edit", name, version=place.version)
        return place.version


async def retire(context: Context, person: Person, name: str, *, retired: bool) -> int:
    """Take a case out of lists and exports, or back into them; the number of its newest version.

    Raises:
        NotMade: there is no such case.
    """
    async with context.database.write() as connection:
        row, case = await _present(context, connection, name)
        if row.retired == retired:
            return row.version
        place = Place(
            id=name, version=row.version + 1, dataset=row.dataset, kind=row.kind, made_by=person.id,
            created_ns=context.clock.time_ns(), retired=retired,
        )  # fmt: skip
        await add_version(connection, row, Books(context).row(place, case))
        await note(connection, context.clock, person, "case.retire" if retired else "case.restore", name)
        return place.version


async def _present(context: Context, connection: AsyncConnection, name: str) -> tuple[Any, NeutralCase]:
    row = await newest(connection, name, lock=True)
    if row is None:
        raise NotMade(404, "there is no such case")
    case = Books(context).case(row)
    if case is None:
        raise NotMade(409, "this case is encrypted with a key that is not here any more")
    return row, case
