"""Looks whether what is kept is whole: the file, the schema, the sums against a recount, rows without their fellows.

Called by the command line, beside a running backend or without one. It changes nothing.
"""

import math
from typing import Any, Final

import msgspec
from sqlalchemy import Table, and_, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.errors import ConfigurationError, OtelEvalsError
from otel_evals_backend.storage.database import Database, Engine
from otel_evals_backend.storage.keys import DAY_NS, HOUR_NS
from otel_evals_backend.storage.migrate import head_revision, revision_of
from otel_evals_backend.storage.partitions import days_of
from otel_evals_backend.storage.recount import ROLLUPS, recount, sums_of
from otel_evals_backend.storage.retention import KEPT_FROM
from otel_evals_backend.storage.tables import (
    GROWING,
    METADATA,
    evaluators,
    known_spans,
    result_hours,
    results,
    settings,
    slices,
    span_hours,
    spans,
    texts,
)

_HOURS: Final = 24
_SHOWN: Final = 20
_NEAR: Final = 1e-6


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    revision: str | None
    """Of the schema; None when it could not be read."""
    rows: dict[str, int]
    """By table."""
    hours: int
    """Hours whose sums were counted again, with their days."""
    faults: tuple[str, ...]
    """One sentence each; none = all is well."""


async def check(database: Database, *, hours: int = _HOURS) -> Report:
    """Look through the database; at most `hours` hours, evenly spread, are counted again."""
    try:
        async with database.read() as connection:
            if database.engine is Engine.POSTGRESQL:
                await connection.execute(text("SET LOCAL statement_timeout = 0"))
            faults = await _integrity(database, connection)
            revision = await connection.run_sync(revision_of)
            if revision != head_revision():
                faults.append(f"the schema is {revision}, the program's is {head_revision()}: start it once to upgrade")
                return Report(revision=revision, rows={}, hours=0, faults=tuple(faults))
            rows = {table.name: await _count(connection, table) for table in METADATA.sorted_tables}
            sampled = await _sample(connection, hours)
            for hour in sampled:
                faults += await _sums(connection, hour)
            faults += await _orphans(connection, sorted({hour // 24 for hour in sampled}))
            faults += await _partitions(database, connection)
    except ConfigurationError:
        raise
    except OtelEvalsError as error:
        return Report(revision=None, rows={}, hours=0, faults=(str(error),))
    return Report(revision=revision, rows=rows, hours=len(sampled), faults=tuple(faults))


async def _integrity(database: Database, connection: AsyncConnection) -> list[str]:
    if database.engine is Engine.POSTGRESQL:
        return []
    rows: Any = await connection.execute(text(f"PRAGMA integrity_check({_SHOWN})"))
    return [f"the file is damaged: {row[0]}" for row in rows if row[0] != "ok"]


async def _count(connection: AsyncConnection, table: Table) -> int:
    return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def _sample(connection: AsyncConnection, wanted: int) -> list[int]:
    """Hours that have sums, of days whose spans are all there."""
    value: Any = await connection.execute(select(settings.c.value).where(settings.c.key == KEPT_FROM))
    first = int(value.scalar_one_or_none() or 0) * 24
    found: set[int] = set()
    for table in (span_hours, result_hours):
        statement = select(table.c.hour).where(table.c.hour >= first).distinct()
        found |= {row.hour for row in await connection.execute(statement)}
    every = sorted(found)
    return every if len(every) <= wanted else [every[len(every) * n // wanted] for n in range(wanted)]


async def _sums(connection: AsyncConnection, hour: int) -> list[str]:
    """Differences between sums and rows, of an hour and of its day."""
    faults: list[str] = []
    days = [row.day for row in await connection.execute(select(spans.c.day).distinct())]
    for table in ROLLUPS:
        hourly = "hour" in table.c
        unit, at = (HOUR_NS, hour) if hourly else (DAY_NS, hour // 24)
        time = table.c.hour if hourly else table.c.day
        within = (spans.c.day.in_(days), spans.c.start_ns >= at * unit, spans.c.start_ns < (at + 1) * unit)
        kept = await _by_key(connection, table, select(table).where(time == at))
        counted = await _by_key(connection, table, recount(table, *within))
        differing = [key for key in kept.keys() | counted.keys() if not _same(kept.get(key), counted.get(key))]
        faults += [
            f"{table.name} {'/'.join(map(str, key))}: kept {kept.get(key)}, counted {counted.get(key)}"
            for key in sorted(differing, key=str)[:_SHOWN]
        ]
    return faults


async def _by_key(
    connection: AsyncConnection, table: Table, statement: Any
) -> dict[tuple[Any, ...], tuple[float, ...]]:
    names = [column.name for column in table.primary_key.columns]
    sums = sums_of(table)
    rows = (await connection.execute(statement)).mappings()
    return {tuple(row[name] for name in names): tuple(float(row[name]) for name in sums) for row in rows}


def _same(one: tuple[float, ...] | None, other: tuple[float, ...] | None) -> bool:
    """Whether two rows of sums are alike; a missing one is one of zeros."""
    width = len(one or other or ())
    pairs = zip(one or (0.0,) * width, other or (0.0,) * width, strict=True)
    return all(math.isclose(a, b, rel_tol=_NEAR, abs_tol=_NEAR) for a, b in pairs)


async def _orphans(connection: AsyncConnection, days: list[int]) -> list[str]:
    """Rows of these days that refer to what is not there."""
    its_span = and_(spans.c.day == results.c.day, spans.c.span == results.c.span)
    filed = and_(known_spans.c.span == spans.c.span, known_spans.c.day == spans.c.day)
    filed_result = and_(known_spans.c.span == results.c.span, known_spans.c.day == results.c.day)
    joined = results.c.joined
    said = results.c.explanation.is_not(None)
    found: list[str] = []
    for what, table, where in (
        ("spans that are not known", spans, ~exists().where(filed)),
        ("spans without a slice", spans, ~exists().where(slices.c.id == spans.c.slice)),
        ("results of spans that are not known", results, ~exists().where(filed_result)),
        ("results that count but have no span", results, and_(joined, ~exists().where(its_span))),
        ("results without an evaluator", results, ~exists().where(evaluators.c.id == results.c.evaluator)),
        ("results without their text", results, and_(said, ~exists().where(texts.c.id == results.c.explanation))),
    ):
        statement = select(func.count()).select_from(table).where(table.c.day.in_(days), where)
        if number := (await connection.execute(statement)).scalar_one():
            found.append(f"{number} {what}")
    return found


async def _partitions(database: Database, connection: AsyncConnection) -> list[str]:
    if database.engine is Engine.SQLITE:
        return []
    there = {table: set(await days_of(connection, table)) for table in GROWING}
    odd = there["results"] ^ there["spans"]
    return [f"of spans and results only one has a table for the days {sorted(odd)[:_SHOWN]}"] if odd else []
