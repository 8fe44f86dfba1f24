"""What goes on in the background: the weekly plan, and an end for what nobody can answer any more."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import and_, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.errors import OtelEvalsError
from otel_evals_backend.context import Context
from otel_evals_backend.review.labelling import standing_of
from otel_evals_backend.review.outcome import State
from otel_evals_backend.review.plan import Cell, allocate
from otel_evals_backend.review.reservations import ANSWERABLE, sweep
from otel_evals_backend.review.select import trim
from otel_evals_backend.storage.database import put
from otel_evals_backend.storage.keys import day_of
from otel_evals_backend.storage.tables import (
    FAIL,
    PASS,
    evaluators,
    label_plans,
    labels,
    result_days,
    review_items,
    settings,
)

_EVERY: Final = 600.0
"""Seconds between rounds."""
_PLAN_FOR_NS: Final = 7 * 86_400_000_000_000
_LOOK_BACK_DAYS: Final = 28
WAITS_FOR_OTHERS_NS: Final = 14 * 86_400_000_000_000
"""How long an item that somebody has labelled waits for another person, who may not exist."""
_CLOSED_AT_ONCE: Final = 25
"""Items that one transaction closes: writers wait for it."""
_LOOKED: Final = "review.looked_for_a_plan"
"""Key in the table of settings: when there was too little to plan with."""
_LOOK_AGAIN_NS: Final = 86_400_000_000_000
_ENOUGH: Final = 30
"""Judged spans of a metric below which there is no plan for it yet: the default is as good."""


async def run(context: Context) -> None:
    """Tidy up and plan, again and again."""
    while True:
        with suppress(OtelEvalsError):  # the database is away: the next round does it
            await one_round(context)
        await asyncio.sleep(_EVERY)


async def one_round(context: Context) -> None:
    """Do what is due."""
    now = context.clock.time_ns()
    async with context.database.write() as connection:
        await sweep(connection, now)
        await _drop_unreadable(context, connection, now)
    while await _close_some(context, now):
        pass
    async with context.database.write() as connection:
        await trim(connection, context.settings.review.open_items)
    await plan_when_due(context, now)


async def _close_some(context: Context, now_ns: int) -> int:
    async with context.database.write() as connection:
        return await close_waiting(connection, now_ns)


async def plan_when_due(context: Context, now_ns: int) -> bool:
    """Make a new plan when the last one is a week old; whether one was made.

    The weeks are read beside the writers. Where there was too little to plan with, it is looked again a day later.
    """
    looked = select(settings.c.changed_ns).where(settings.c.key == _LOOKED)
    newest = select(func.max(label_plans.c.version), func.max(label_plans.c.from_ns))
    async with context.database.read() as connection:
        version, from_ns = (await connection.execute(newest)).one()
        looked_ns = (await connection.execute(looked)).scalar_one_or_none()
        if from_ns is not None and now_ns - from_ns < _PLAN_FOR_NS:
            return False
        if looked_ns is not None and now_ns - looked_ns < _LOOK_AGAIN_NS:
            return False
        cells = await cells_of(connection, now_ns)
    rows = _planned(cells, context.settings.review.audit, (version or 0) + 1, now_ns)
    async with context.database.write() as connection:
        if rows:
            await put(connection, context.database.insert_new(label_plans), rows)
        else:
            row = {"key": _LOOKED, "value": "null", "changed_ns": now_ns, "changed_by": "plan"}
            await connection.execute(context.database.insert_or_set(settings, ("changed_ns",)), row)
    return bool(rows)


def _planned(by_metric: Mapping[str, list[Cell]], share: float, version: int, now_ns: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for metric, cells in by_metric.items():
        if sum(cell.judged for cell in cells) < _ENOUGH:
            continue
        for (stratum, verdict), probability in sorted(allocate(cells, share).items()):
            rows.append(
                {
                    "version": version,
                    "metric": metric,
                    "stratum": stratum,
                    "verdict": verdict,
                    "label_probability": probability,
                    "from_ns": now_ns,
                }
            )
    return rows


async def cells_of(connection: AsyncConnection, now_ns: int) -> dict[str, list[Cell]]:
    """What the last weeks say of each metric's cells: judged spans from the sums, people's passes from their labels."""
    since = day_of(now_ns) - _LOOK_BACK_DAYS
    judged = await connection.execute(
        select(
            evaluators.c.name, result_days.c.stratum, result_days.c.outcome, func.sum(result_days.c.n),
            func.sum(result_days.c.weight), func.sum(result_days.c.weight_squared),
        )
        .join(evaluators, evaluators.c.id == result_days.c.evaluator)
        .where(
            result_days.c.day >= since,
            result_days.c.outcome.in_(("pass", "fail")),
            evaluators.c.type == "llm_judge",
            evaluators.c.source == "online",
            evaluators.c.shadow.is_(False),
        )
        .group_by(evaluators.c.name, result_days.c.stratum, result_days.c.outcome)
    )  # fmt: skip
    said = await _labelled(connection, since)
    found: dict[str, list[Cell]] = {}
    for metric, stratum, outcome, count, weight, squared in judged:
        verdict = PASS if outcome == "pass" else FAIL
        n, passed = said.get((metric, stratum, verdict), (0, 0))
        if count and weight:
            found.setdefault(metric, []).append(
                Cell(
                    stratum=stratum,
                    verdict=verdict,
                    judged=float(count),
                    weight=float(weight),
                    weight_squared=float(squared),
                    labelled=n,
                    passed=passed,
                )
            )
    return found


async def _labelled(connection: AsyncConnection, since: int) -> dict[tuple[str, str, int], tuple[int, int]]:
    rows = await connection.execute(
        select(
            labels.c.metric, labels.c.stratum, review_items.c.verdict, func.count(),
            func.sum(case((labels.c.verdict == "pass", 1), else_=0)),
        )
        .join(review_items, review_items.c.id == labels.c.item)
        .where(
            labels.c.day >= since, labels.c.blind, labels.c.purposive.is_(False), labels.c.kind == "first",
            labels.c.verdict != "unsure", review_items.c.verdict.is_not(None),
        )
        .group_by(labels.c.metric, labels.c.stratum, review_items.c.verdict)
    )  # fmt: skip
    return {(row[0], row[1] or "", row[2]): (row[3], int(row[4])) for row in rows}


async def close_waiting(connection: AsyncConnection, now_ns: int) -> int:
    """Close what has waited for another person's label for too long, by the labels that it has; how many items.

    It may be that there is no other person: one alone cannot label an item twice, nor settle a disagreement.
    """
    last = select(func.max(labels.c.at_ns)).where(labels.c.item == review_items.c.id).scalar_subquery()
    rows = await connection.execute(
        select(review_items)
        .where(review_items.c.state.in_(ANSWERABLE), last < now_ns - WAITS_FOR_OTHERS_NS)
        .order_by(review_items.c.id)
        .limit(_CLOSED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found = rows.all()
    for item in found:
        given = (await standing_of(connection, item))[0]
        ended = (await standing_of(connection, item, needed=max(1, given)))[1]
        state = State.DONE if ended.state is State.DONE else State.DROPPED
        await connection.execute(
            update(review_items).where(review_items.c.id == item.id).values(state=state.value, given=given)
        )
    return len(found)


async def _drop_unreadable(context: Context, connection: AsyncConnection, now_ns: int) -> None:
    """Close items whose content is no longer kept: nobody could answer them."""
    before = now_ns - int(context.settings.retention.content * 1e9)
    await connection.execute(
        update(review_items)
        .where(and_(review_items.c.state.in_(ANSWERABLE), review_items.c.day < day_of(before)))
        .values(state=State.DROPPED.value)
    )
