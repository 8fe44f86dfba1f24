"""Versions of cases as rows: a case is added once, an edit is a new version, nothing is overwritten.

With a key, what was said is encrypted; where a case comes from stays readable, so that erasing a trace finds it.
"""

import json
from typing import Any, Final

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.cases.neutral import NeutralCase, canonical, case_id
from otel_evals_backend.content.policy import Policy
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.context import Context
from otel_evals_backend.storage.database import put
from otel_evals_backend.storage.tables import cases

CASE: Final = "case"
LABELLED: Final = "labelled"
_CHUNK: Final = 400


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What of a version is not in the case itself."""

    id: str
    version: int
    dataset: str
    kind: str
    made_by: str
    created_ns: int
    retired: bool = False


class Books:
    """Writes and reads versions with the settings of content in force."""

    def __init__(self, context: Context) -> None:
        self._sealer = Sealer(context.settings.content)
        self._policy = Policy(context.settings.content)

    def row(self, place: Place, case: NeutralCase) -> dict[str, Any]:
        """The row of one version."""
        labelled_in = place.dataset if place.kind == LABELLED else None
        return {
            "id": place.id, "version": place.version, "dataset": place.dataset, "kind": place.kind,
            "made_by": place.made_by, "created_ns": place.created_ns, "retired": place.retired, "newest": True,
            "digest": case_id(case, labelled_in=labelled_in), "metric": case.metric, "risk_tier": case.risk_tier,
            "label": case.label, "tags": canonical(list(case.tags)), "question": self._policy.question(case.question),
            "body": self._body(place.id, case),
        }  # fmt: skip

    def case(self, row: Any) -> NeutralCase | None:
        """The case of a row; None when its key is not here any more."""
        found: dict[str, Any] = json.loads(row.body)
        if "sealed" in found:
            opened = self._sealer.open_text(row.id, found["sealed"])
            if opened is None:
                return None
            found = json.loads(opened) | {"provenance": found["provenance"]}
        return NeutralCase.model_validate(found)

    def _body(self, name: str, case: NeutralCase) -> str:
        plain = case.model_dump(mode="json")
        if not self._sealer.encrypts:
            return canonical(plain)
        provenance = plain.pop("provenance")
        return canonical({"provenance": provenance, "sealed": self._sealer.seal_text(name, canonical(plain))})


async def newest(connection: AsyncConnection, name: str, *, lock: bool = False) -> Any:
    """The newest version's row; None when there is no such case."""
    statement = select(cases).where(cases.c.id == name, cases.c.newest)
    return (await connection.execute(statement.with_for_update() if lock else statement)).one_or_none()


async def same(connection: AsyncConnection, digest: str) -> str | None:
    """Id of the case that says the same in its newest version and is not retired, else of one that began so."""
    statement = select(cases.c.id).where(cases.c.digest == digest, cases.c.newest, cases.c.retired.is_(False))
    found = (await connection.execute(statement.order_by(cases.c.created_ns, cases.c.id).limit(1))).scalar_one_or_none()
    if found is not None:
        return found
    return (await connection.execute(select(cases.c.id).where(cases.c.id == digest).limit(1))).scalar_one_or_none()


async def add(context: Context, connection: AsyncConnection, row: dict[str, Any]) -> bool:
    """Keep the first version of a case; False when somebody did just the same."""
    done: Any = await connection.execute(context.database.insert_new(cases), row)
    return bool(done.rowcount)


async def add_version(connection: AsyncConnection, before: Any, row: dict[str, Any]) -> None:
    """Keep another version of the case whose newest row is `before`, which is locked."""
    await connection.execute(
        update(cases).where(cases.c.id == before.id, cases.c.version == before.version).values(newest=False)
    )
    await connection.execute(insert(cases), row)


async def add_all(context: Context, connection: AsyncConnection, rows: list[dict[str, Any]]) -> int:
    """Keep those of the rows that are not there; how many."""
    known: set[str] = set()
    for position in range(0, len(rows), _CHUNK):
        some = [row["id"] for row in rows[position : position + _CHUNK]]
        known |= set((await connection.execute(select(cases.c.id).where(cases.c.id.in_(some)))).scalars())
    new = {row["id"]: row for row in rows if row["id"] not in known}
    await put(connection, context.database.insert_new(cases), list(new.values()))
    return len(new)
