"""How many calls there are, as far as sums know it, and which filter stands in the way when none is found."""

from typing import Any, Final

import msgspec
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.evaluations.conditions import Wanted, resolve, tells
from otel_evals_backend.evaluations.filters import Asked, Filters, chip
from otel_evals_backend.evaluations.scan import Budget, Part, Window, find
from otel_evals_backend.evaluations.seeing import Blind
from otel_evals_backend.storage.database import Database
from otel_evals_backend.storage.tables import BANDS, evaluators, slices, span_days, span_hours
from otel_evals_backend.web.ranges import Range

_DAY: Final = 24
_VALUES: Final = 200
_ROWS: Final = 5000


async def total(connection: AsyncConnection, wanted: Wanted, shown: Range) -> int | None:
    """How many calls match in the range; None where only reading them all could tell."""
    if not wanted.filters.counted:
        return None
    if wanted.hidden is not None and tells(wanted.filters):  # sums know the hidden ones too, and would tell
        return None
    if wanted.empty:
        return 0
    first, last = -(-shown.from_hour // _DAY), shown.to_hour // _DAY
    if first >= last:
        return await _sum(connection, wanted, span_hours, shown.from_hour, shown.to_hour)
    found = await _sum(connection, wanted, span_days, first, last)
    found += await _sum(connection, wanted, span_hours, shown.from_hour, first * _DAY)
    return found + await _sum(connection, wanted, span_hours, last * _DAY, shown.to_hour)


async def _sum(connection: AsyncConnection, wanted: Wanted, table: Table, begin: int, end: int) -> int:
    if begin >= end:
        return 0
    time = table.c.hour if table is span_hours else table.c.day
    asked = wanted.filters
    counted: Any = table.c.labelled if asked.reviewed else table.c.flagged if asked.label else table.c.n
    statement = select(func.coalesce(func.sum(counted), 0)).where(time >= begin, time < end)
    if wanted.slices is not None:
        statement = statement.where(table.c.slice.in_(wanted.slices))
    if asked.band:
        statement = statement.where(table.c.band == (-1 if asked.band == "none" else BANDS.index(asked.band)))
    for column, value in ((table.c.coverage, asked.coverage), (table.c.stratum, asked.stratum)):
        if value:
            statement = statement.where(column == value)
    return int((await connection.execute(statement)).scalar_one())


class InTheWay(msgspec.Struct, frozen=True, kw_only=True):
    """A filter without which something would be found."""

    text: str
    path: str
    count: int | None
    """How many; None = some."""


async def in_the_way(
    database: Database,
    connection: AsyncConnection,
    asked: Asked,
    path: str,
    budget: Budget,
    *,
    hidden: Blind | None = None,
) -> list[InTheWay]:
    """The filters each of which would have to go, those that hide most first."""
    found: list[InTheWay] = []
    for name, value in asked.filters.given:
        if budget.spent:
            break
        wanted = await resolve(database, connection, asked.filters.without(name), hidden)
        count = await total(connection, wanted, asked.range)
        if count is None and name == "trace":
            continue
        if count is None:
            part = Part(window=Window(asked.range.from_ns, asked.range.to_ns), limit=1)
            if not (await find(connection, wanted, part, budget)).rows:
                continue
        if count != 0:
            without = msgspec.structs.replace(asked, filters=asked.filters.without(name))
            found.append(InTheWay(text=chip(name, value), path=without.address(path), count=count))
    return sorted(found, key=lambda one: -(one.count or 0))


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """Values that the filters may take here."""

    service: list[str]
    environment: list[str]
    model: list[str]
    prompt: list[str]
    version: list[str]
    metric: list[tuple[str, str]]
    """Name and type."""


async def choices(connection: AsyncConnection) -> Choices:
    """Values that were seen, of the dimensions alone: bounded, since neither list grows with traffic."""
    columns = (slices.c.service, slices.c.environment, slices.c.model, slices.c.prompt_name, slices.c.prompt_version)
    rows = list(await connection.execute(select(*columns).limit(_ROWS)))
    values = [sorted({row[place] for row in rows} - {""})[:_VALUES] for place in range(len(columns))]
    who = await connection.execute(select(evaluators.c.name, evaluators.c.type).distinct().limit(_ROWS))
    return Choices(
        service=values[0], environment=values[1], model=values[2], prompt=values[3], version=values[4],
        metric=sorted((row.name, row.type) for row in who)[:_VALUES],
    )  # fmt: skip


def everything(filters: Filters) -> Filters:
    """No filter, but for what decides which kind of calls these are."""
    return Filters(source=filters.source)
