"""When a reviewer learns what evaluators said of what they labelled: at once, by the batch, or never.

Batches are not kept: a reviewer's labels in the order in which they were given, so many at a time. The one that is not
full yet is revealed when its label is a day old, so that nobody waits for the last ones.
"""

from typing import Any, Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.context import Context
from otel_evals_backend.settings import RevealPolicy
from otel_evals_backend.storage.tables import labels

_LIES_NS: Final = 86_400_000_000_000
_SECOND: Final = "second_thought"


async def labels_until_reveal(context: Context, connection: AsyncConnection, label: Any) -> int | None:
    """How many more labels of the same reviewer `label`, a row, waits for: 0 = none; None = it is never revealed."""
    settings = context.settings.review
    if settings.reveal is RevealPolicy.EACH:
        return 0
    if settings.reveal is RevealPolicy.NEVER:
        return None
    if context.clock.time_ns() - label.at_ns > _LIES_NS:
        return 0
    mine = and_(labels.c.reviewer == label.reviewer, labels.c.kind != _SECOND)
    before = or_(labels.c.at_ns < label.at_ns, and_(labels.c.at_ns == label.at_ns, labels.c.id < label.id))
    given = (await connection.execute(select(func.count()).where(mine))).scalar_one()
    rank = (await connection.execute(select(func.count()).where(mine, before))).scalar_one()
    if label.kind == _SECOND:  # as the first one was, which came before
        rank = max(0, rank - 1)
    return max(0, (rank // settings.batch + 1) * settings.batch - given)


async def last_batch(context: Context, connection: AsyncConnection, reviewer: str) -> list[Any]:
    """The labels of the newest batch that may be shown, oldest first; empty unless it goes by batches."""
    settings = context.settings.review
    if settings.reveal is not RevealPolicy.BATCH:
        return []
    mine = and_(labels.c.reviewer == reviewer, labels.c.kind != _SECOND)
    given = (await connection.execute(select(func.count()).where(mine))).scalar_one()
    newest = select(labels).where(mine).order_by(labels.c.at_ns.desc(), labels.c.id.desc())
    unfinished = given % settings.batch
    if unfinished:
        rest = (await connection.execute(newest.limit(unfinished))).all()
        lies = [row for row in rest if context.clock.time_ns() - row.at_ns > _LIES_NS]
        if lies:
            return lies[::-1]
    rows = (await connection.execute(newest.offset(unfinished).limit(settings.batch))).all()
    return list(rows)[::-1]
