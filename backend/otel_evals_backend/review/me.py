"""A reviewer's own figures: what is done, how long it took, how often others say the same. Never a race."""

from statistics import median
from typing import Final

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.statistics.proportion import wilson
from otel_evals_backend.review.labelling import SECOND
from otel_evals_backend.storage.tables import labels, review_items

_WEEK_NS: Final = 7 * 86_400_000_000_000
_RECENT: Final = 2000
"""Labels that times and agreement look back on."""
_FEW: Final = 20
_FEW_TIMES: Final = 5


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one reviewer."""

    done: int
    done_week: int
    minutes: float
    seconds_median: float | None
    """None below five labels with a time."""
    agreed: int
    both: int
    """Items that somebody else decided too, blind."""
    interval: tuple[float, float] | None
    """Of the share agreed / both, 95 %; None below 20."""
    to_case: tuple[str, ...]
    """Items whose last word is fail by this reviewer."""


async def own_figures(connection: AsyncConnection, reviewer: str, now_ns: int) -> Own:
    """The figures of `reviewer`."""
    mine = and_(labels.c.reviewer == reviewer, labels.c.kind != SECOND)
    sums = (
        await connection.execute(select(func.count(), func.coalesce(func.sum(labels.c.seconds), 0.0)).where(mine))
    ).one()
    week = (await connection.execute(select(func.count()).where(mine, labels.c.at_ns > now_ns - _WEEK_NS))).scalar_one()
    times = (
        (
            await connection.execute(
                select(labels.c.seconds)
                .where(mine, labels.c.seconds.is_not(None))
                .order_by(labels.c.at_ns.desc())
                .limit(_RECENT)
            )
        )
        .scalars()
        .all()
    )
    agreed, both = await _agreement(connection, reviewer)
    return Own(
        done=sums[0],
        done_week=week,
        minutes=sums[1] / 60,
        seconds_median=median(times) if len(times) >= _FEW_TIMES else None,
        agreed=agreed,
        both=both,
        interval=wilson(agreed / both, both) if both >= _FEW else None,
        to_case=await _failed(connection, reviewer),
    )


async def _agreement(connection: AsyncConnection, reviewer: str) -> tuple[int, int]:
    other = labels.alias("other")
    mine = (
        select(labels.c.item, labels.c.verdict, labels.c.metric)
        .where(
            labels.c.reviewer == reviewer,
            labels.c.kind != SECOND,
            labels.c.blind,
            labels.c.verdict != "unsure",
        )
        .order_by(labels.c.at_ns.desc())
        .limit(_RECENT)
        .subquery("mine")
    )
    rows = await connection.execute(
        select(mine.c.verdict, other.c.verdict)
        .join(other, other.c.item == mine.c.item)
        .where(other.c.reviewer != reviewer, other.c.kind != SECOND, other.c.blind, other.c.verdict != "unsure")
    )
    pairs = rows.all()
    return sum(one == two for one, two in pairs), len(pairs)


async def _failed(connection: AsyncConnection, reviewer: str) -> tuple[str, ...]:
    rows = await connection.execute(
        select(labels.c.item)
        .join(review_items, review_items.c.id == labels.c.item)
        .where(labels.c.reviewer == reviewer, labels.c.verdict == "fail", review_items.c.state == "done")
        .group_by(labels.c.item)
        .order_by(func.max(labels.c.at_ns).desc())
        .limit(10)
    )
    return tuple(rows.scalars().all())
