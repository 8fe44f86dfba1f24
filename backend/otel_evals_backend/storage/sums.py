"""Reads the sums that are kept beside the rows: days for the middle of a range, hours for its ends.

Pages use these alone for whatever counts, so that none of them scans rows. What needs no slices is read from sums
without them, which are a hundredth of the rows; slices are read for one evaluator at a time, by which their key begins.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Double, Table, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.storage import tables

_DAY: Final = 24
_NAMES: Final = {"pass": "passes", "fail": "fails", "error": "errors"}
_SPANS: Final = ("n", "failed", "flagged", "labelled", "input_tokens", "output_tokens", "seconds")


class Window(msgspec.Struct, frozen=True):
    """Hours since 1970, from the first to before the last."""

    from_hour: int
    to_hour: int


class ResultSum(msgspec.Struct, frozen=True, kw_only=True):
    """Results of one evaluator; in one hour, day, or slice where that was asked for."""

    bucket: int
    """Hour or day; without buckets the last hour, or hour of the last day, that has results."""
    slice: int = 0
    evaluator: int
    passes: int = 0
    fails: int = 0
    errors: int = 0
    drawn_passes: int = 0
    """Of the passes those with a weight; not known by slice. The others were chosen by hand."""
    drawn: int = 0
    """Of passes and fails those with a weight; not known by slice."""
    weight_passes: float = 0.0
    weight: float = 0.0
    weight_squared: float = 0.0
    cost: float = 0.0


class SpanSum(msgspec.Struct, frozen=True, kw_only=True):
    """Spans of one kind of coverage."""

    bucket: int
    coverage: str
    n: int
    checked: int
    failed: int
    flagged: int
    labelled: int
    input_tokens: int
    output_tokens: int
    seconds: float


async def result_sums(
    connection: AsyncConnection,
    window: Window,
    *,
    by_hours: bool | None = None,
    evaluators: Collection[int] | None = None,
    service: str = "",
) -> list[ResultSum]:
    """Sums of results by evaluator.

    Args:
        connection: to the database.
        window: which hours.
        by_hours: buckets are hours (true), days (false), or there are none (None).
        evaluators: only these.
        service: only of this one.
    """
    found: dict[tuple[int, int], dict[str, Any]] = {}
    keys, sums = ("evaluator", "outcome"), ("n", "weighted_n", "weight", "weight_squared", "cost")
    for part in _parts(tables.metric_hours, tables.metric_days, window, by_hours=by_hours):
        statement = part.grouped(keys, sums)
        if service:
            statement = statement.where(part.table.c.service == service)
        if evaluators is not None:
            statement = statement.where(part.table.c.evaluator.in_(sorted(evaluators)))
        rows: Any = (await connection.execute(statement)).all()
        for time, evaluator, outcome, n, drawn, *weights in rows:
            bucket = 0 if by_hours is None else time
            one = found.setdefault((bucket, evaluator), _nothing())
            one["bucket"] = max(one["bucket"], time)
            _count(one, outcome, n, *weights)
            if outcome in ("pass", "fail"):
                one["drawn"] += drawn
            if outcome == "pass":
                one["drawn_passes"] += drawn
    return [ResultSum(evaluator=evaluator, **one) for (_, evaluator), one in found.items()]


async def slice_sums(
    connection: AsyncConnection,
    window: Window,
    evaluator: int,
    *,
    by_hours: bool | None = None,
    slices: Collection[int] | None = None,
) -> list[ResultSum]:
    """Sums of the results of one evaluator by slice; of these slices only, where some are named."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    keys, sums = ("slice", "outcome"), ("n", "weight", "weight_squared", "cost")
    for part in _parts(tables.result_hours, tables.result_days, window, by_hours=by_hours):
        times = list(
            range(part.begin, part.end)
        )  # each is a place in the key, where a range would read what lies between
        statement = part.grouped(keys, sums).where(part.time.in_(times), part.table.c.evaluator == evaluator)
        if slices is not None:
            statement = statement.where(part.table.c.slice.in_(sorted(slices)))
        rows: Any = (await connection.execute(statement)).all()
        for time, slice_, outcome, n, *weights in rows:
            one = found.setdefault((0 if by_hours is None else time, slice_), _nothing())
            one["bucket"] = max(one["bucket"], time)
            _count(one, outcome, n, *weights)
    return [ResultSum(slice=slice_, evaluator=evaluator, **one) for (_, slice_), one in found.items()]


async def span_sums(connection: AsyncConnection, window: Window, *, service: str = "") -> list[SpanSum]:
    """Sums of spans by coverage, of one service or of all."""
    found: dict[str, dict[str, Any]] = {}
    for part in _parts(tables.coverage_hours, tables.coverage_days, window, by_hours=None):
        statement = part.grouped(("band", "coverage"), _SPANS)
        if service:
            statement = statement.where(part.table.c.service == service)
        for row in (await connection.execute(statement)).mappings():
            one = found.setdefault(row["coverage"], dict.fromkeys((*_SPANS, "checked"), 0))
            for name in _SPANS:
                one[name] += row[name]
            one["checked"] += row["n"] if row["band"] >= 0 else 0
    return [SpanSum(bucket=0, coverage=coverage, **one) for coverage, one in found.items()]


def _nothing() -> dict[str, Any]:
    return {
        "bucket": 0, "passes": 0, "fails": 0, "errors": 0, "drawn_passes": 0, "drawn": 0, "weight_passes": 0.0,
        "weight": 0.0, "weight_squared": 0.0, "cost": 0.0,
    }  # fmt: skip


def _count(one: dict[str, Any], outcome: str, n: int, *weights: float) -> None:
    """Count a row; `weights` are the sums of weights, of their squares, and of costs."""
    weight, squared, cost = weights
    one["cost"] += cost
    name = _NAMES.get(outcome)
    if name is None:
        return  # a score without a verdict
    one[name] += n
    if outcome != "error":
        one["weight"] += weight
        one["weight_squared"] += squared
    if outcome == "pass":
        one["weight_passes"] += weight


class _Part(msgspec.Struct, frozen=True):
    """A stretch of a window, of one table."""

    table: Table
    begin: int
    end: int
    time: Any
    hour: Any
    bucket: Any
    """None: there are none."""

    def grouped(self, keys: tuple[str, ...], sums: tuple[str, ...]) -> Any:
        """A statement whose columns are the bucket, `keys`, and sums of `sums`."""
        columns: list[Any] = [self.table.c[name] for name in keys]
        summed: list[Any] = [_sum(self.table.c[name]).label(name) for name in sums]
        groups = columns if self.bucket is None else [self.bucket, *columns]
        bucket: Any = func.max(self.hour) if self.bucket is None else self.bucket
        statement: Any = select(bucket.label("bucket"), *columns, *summed)
        return statement.where(self.time >= self.begin, self.time < self.end).group_by(*groups)


def _parts(hours: Table, days: Table, window: Window, *, by_hours: bool | None) -> Iterator[_Part]:
    """The stretches of the window: whole days from one table, ends from another.

    They are added up here: the database would sort all rows together otherwise, which costs several times as much.
    """
    first, last = -(-window.from_hour // _DAY), window.to_hour // _DAY
    if by_hours or first >= last:
        stretches = [(hours, window.from_hour, window.to_hour)]
    else:
        stretches = [(hours, window.from_hour, first * _DAY), (days, first, last), (hours, last * _DAY, window.to_hour)]
    for table, begin, end in stretches:
        if begin >= end:
            continue
        columns_of: Any = table.c
        time: Any = columns_of["hour" if table is hours else "day"]
        of_day: Any = time if table is days else time // _DAY
        hour: Any = time * _DAY if table is days else time
        yield _Part(table, begin, end, time, hour, None if by_hours is None else time if by_hours else of_day)


def _sum(column: Any) -> Any:
    """A sum of whole numbers as one: PostgreSQL makes it a decimal otherwise."""
    return func.sum(column) if isinstance(column.type, Double) else cast(func.sum(column), BigInteger)
