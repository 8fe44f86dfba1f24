"""Items with which something is wrong, as reviewers flagged them: the list, and what is done about them.

The list says what was asked and why it was flagged, and nothing of any evaluator. Whoever labels does not take items
out: a drawn item that is dropped is a hole in the sample, and so an administrator decides it.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access.audit import note
from otel_evals_backend.context import Context
from otel_evals_backend.records import Person
from otel_evals_backend.review.labelling import standing_of
from otel_evals_backend.review.outcome import State
from otel_evals_backend.storage.tables import review_items, slices, spans

MOST: Final = 200
"""Items that the list shows, the newest first."""


class Flagged(msgspec.Struct, frozen=True, kw_only=True):
    """A flagged item."""

    id: str
    metric: str
    service: str
    begins: str
    """How the user's question begins; "" when that is not kept."""
    reason: str
    """What the reviewer says is wrong; "" when they did not."""
    state: str
    created_ns: int
    span: bytes


async def flagged(connection: AsyncConnection) -> list[Flagged]:
    """The newest flagged items."""
    rows = await connection.execute(
        select(
            review_items.c.id, review_items.c.metric, review_items.c.flag_reason, review_items.c.state,
            review_items.c.created_ns, review_items.c.span, spans.c.question, slices.c.service,
        )
        .outerjoin(spans, and_(spans.c.day == review_items.c.day, spans.c.span == review_items.c.span))
        .outerjoin(slices, slices.c.id == spans.c.slice)
        .where(review_items.c.flagged)
        .order_by(review_items.c.created_ns.desc(), review_items.c.id)
        .limit(MOST)
    )  # fmt: skip
    return [
        Flagged(
            id=row.id,
            metric=row.metric,
            service=row.service or "",
            begins=row.question or "",
            reason=row.flag_reason,
            state=row.state,
            created_ns=row.created_ns,
            span=bytes(row.span),
        )
        for row in rows
    ]


async def drop(context: Context, person: Person, item_id: str) -> bool:
    """Ask nobody about it any more; whether there was such a flagged item. It stays on the list, to be reopened."""
    return await _change(context, person, item_id, "review.drop", {"state": State.DROPPED.value})


async def reopen(context: Context, person: Person, item_id: str) -> bool:
    """Take the flag away, and ask again if it was dropped; whether there was such a flagged item."""
    return await _change(context, person, item_id, "review.reopen", {"flagged": False, "flag_reason": ""})


async def _change(context: Context, person: Person, item_id: str, action: str, values: dict[str, Any]) -> bool:
    async with context.database.write() as connection:
        statement = select(review_items).where(review_items.c.id == item_id, review_items.c.flagged).with_for_update()
        item = (await connection.execute(statement)).one_or_none()
        if item is None:
            return False
        if action == "review.reopen" and item.state == State.DROPPED.value:
            given, now = await standing_of(connection, item)
            values |= {"state": now.state.value, "given": given, "needed": now.needed}
        await connection.execute(update(review_items).where(review_items.c.id == item_id).values(**values))
        await note(connection, context.clock, person, action, item_id, was=item.state)
        return True
