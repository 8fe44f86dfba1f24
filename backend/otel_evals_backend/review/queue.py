"""What waits, in numbers: for the pages, the API and the gauges. Never by reason, which would tell reviewers."""

from typing import Any, Final

import msgspec
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.review.outcome import State
from otel_evals_backend.review.reservations import ANSWERABLE, answerable_by
from otel_evals_backend.storage.tables import label_plans, labels, reservations, review_items

AT_MOST: Final = 1000
"""How far is counted what waits for one reviewer."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits."""

    states: dict[str, int]
    flagged: int
    oldest_ns: int | None
    """When the oldest open item was made."""
    for_me: int
    """Items that the asking person could answer now, up to AT_MOST."""
    for_others: int
    """Open items that the asking person has labelled: they want another person's label."""
    skipped: int
    """Open items that the asking person skipped."""
    open_id: str | None
    """An item that the asking person has reserved."""


async def waiting(connection: AsyncConnection, reviewer: str, now_ns: int) -> Waiting:
    """What waits, for this reviewer and in all."""
    states = await items_by_state(connection)
    for_me = 0
    for state in ANSWERABLE:
        some = answerable_by(reviewer, state, now_ns).limit(AT_MOST).subquery()
        for_me += (await connection.execute(select(func.count()).select_from(some))).scalar_one()
    open_items = review_items.c.state.in_(ANSWERABLE)
    oldest = await connection.execute(select(func.min(review_items.c.created_ns)).where(open_items))
    flagged = await connection.execute(select(func.count()).where(review_items.c.flagged))
    labelled = exists().where(labels.c.item == review_items.c.id, labels.c.reviewer == reviewer)
    others = await connection.execute(select(func.count()).where(open_items, labelled))
    mine = (
        select(reservations.c.item)
        .join(review_items, review_items.c.id == reservations.c.item)
        .where(reservations.c.reviewer == reviewer, open_items)
    )
    skipped = await connection.execute(select(func.count()).select_from(mine.where(reservations.c.skipped).subquery()))
    held = await connection.execute(
        mine.where(reservations.c.until_ns > now_ns, reservations.c.skipped.is_(False))
        .order_by(reservations.c.until_ns)
        .limit(1)
    )
    return Waiting(
        states=states,
        flagged=flagged.scalar_one(),
        oldest_ns=oldest.scalar_one(),
        for_me=min(for_me, AT_MOST),
        for_others=others.scalar_one(),
        skipped=skipped.scalar_one(),
        open_id=held.scalar_one_or_none(),
    )


async def items_by_state(connection: AsyncConnection) -> dict[str, int]:
    """How many items there are in each state; states without items are 0."""
    rows = await connection.execute(select(review_items.c.state, func.count()).group_by(review_items.c.state))
    return {state.value: 0 for state in State} | {row[0]: row[1] for row in rows}


async def plan_rows(connection: AsyncConnection) -> list[Any]:
    """The cells of the newest plan."""
    newest = select(func.max(label_plans.c.version)).scalar_subquery()
    rows = await connection.execute(
        select(label_plans)
        .where(label_plans.c.version == newest)
        .order_by(label_plans.c.metric, label_plans.c.stratum, label_plans.c.verdict)
    )
    return list(rows.all())
