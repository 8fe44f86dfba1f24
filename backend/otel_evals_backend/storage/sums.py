"""Reads the sums that are kept beside the rows: days for the middle of a range, hours for its ends.

Pages use these alone for whatever counts, so that none of them scans rows.
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Double, Table, cast, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.storage import tables

_DAY: Final = 24
_NO_BUCKET: Final[Any] = literal_column("0")
_RESULTS: Final = ("n", "weight", "weight_squared", "cost")
_NAMES: Final = {"pass": "passes", "fail": "fails", "error": "errors"}
_SPANS: Final = ("n", "failed", "flagged", "labelled", "input_tokens", "output_tokens", "seconds")


class Window(msgspec.Struct, frozen=True):
    """Hours since 1970, from the first to before the last."""

    from_hour: int
    to_hour: int


class ResultSum(msgspec.Struct, frozen=True, kw_only=True):
    """Results of one evaluator; in one hour, day, or slice where that was asked for, else 0 stands there."""

    bucket: int
    slice: int
    evaluator: int
    passes: int
    fails: int
    errors: int
    weight_passes: float
    weight: float
    weight_squared: float
    cost: float


class SpanSum(msgspec.Struct, frozen=True, kw_only=True):
    """Spans of one kind of coverage."""

    bucket: int
    slice: int
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
    by_slice: bool = False,
    evaluators: Collection[int] | None = None,
    slices: Collection[int] | None = None,
) -> list[ResultSum]:
    """Sums of results.

    Args:
        connection: to the database.
        window: which hours.
        by_hours: buckets are hours (true), days (false), or there are none (None).
        by_slice: whether slices are apart.
        evaluators: only these.
        slices: only these.
    """
    keys = ("slice", "evaluator", "outcome") if by_slice else ("evaluator", "outcome")
    limits = {"evaluator": evaluators, "slice": slices}
    found: dict[tuple[int, int, int], dict[str, Any]] = {}
    for statement in _parts(
        tables.result_hours, tables.result_days, window, keys, _RESULTS, by_hours=by_hours, limits=limits
    ):
        for row in await connection.execute(statement):
            cells: list[Any] = list(row)
            n, weight, weight_squared, cost = cells[-4:]
            bucket, slice_, evaluator, outcome = cells[0], cells[1] if by_slice else 0, cells[-6], cells[-5]
            one = found.setdefault((bucket, slice_, evaluator), _nothing())
            one[_NAMES[outcome]] += n
            one["cost"] += cost
            if outcome != "error":
                one["weight"] += weight
                one["weight_squared"] += weight_squared
            if outcome == "pass":
                one["weight_passes"] += weight
    return [
        ResultSum(bucket=bucket, slice=slice_, evaluator=evaluator, **one)
        for (bucket, slice_, evaluator), one in found.items()
    ]


async def span_sums(
    connection: AsyncConnection,
    window: Window,
    *,
    by_hours: bool | None = None,
    by_slice: bool = False,
    slices: Collection[int] | None = None,
) -> list[SpanSum]:
    """Sums of spans; arguments as above."""
    keys = ("slice", "band", "coverage") if by_slice else ("band", "coverage")
    found: dict[tuple[int, int, str], dict[str, Any]] = {}
    for statement in _parts(
        tables.span_hours, tables.span_days, window, keys, _SPANS, by_hours=by_hours, limits={"slice": slices}
    ):
        for row in (await connection.execute(statement)).mappings():
            slice_ = row["slice"] if by_slice else 0
            one = found.setdefault((row["bucket"], slice_, row["coverage"]), dict.fromkeys((*_SPANS, "checked"), 0))
            for name in _SPANS:
                one[name] += row[name]
            one["checked"] += row["n"] if row["band"] >= 0 else 0
    return [
        SpanSum(bucket=bucket, slice=slice_, coverage=coverage, **one)
        for (bucket, slice_, coverage), one in found.items()
    ]


def _nothing() -> dict[str, Any]:
    return {
        "passes": 0, "fails": 0, "errors": 0, "weight_passes": 0.0, "weight": 0.0, "weight_squared": 0.0, "cost": 0.0
    }  # fmt: skip


def _parts(
    hours: Table,
    days: Table,
    window: Window,
    keys: tuple[str, ...],
    sums: tuple[str, ...],
    *,
    by_hours: bool | None,
    limits: dict[str, Collection[int] | None],
) -> list[Any]:
    """A statement for each stretch of the window, with a column `bucket`: whole days from one table, ends from another.

    They are added up here: the database would sort all rows together otherwise, which costs several times as much.
    """
    first, last = -(-window.from_hour // _DAY), window.to_hour // _DAY
    if by_hours or first >= last:
        stretches = [(hours, window.from_hour, window.to_hour)]
    else:
        stretches = [(hours, window.from_hour, first * _DAY), (days, first, last), (hours, last * _DAY, window.to_hour)]
    statements: list[Any] = []
    for table, begin, end in stretches:
        if begin >= end:
            continue
        columns_of: Any = table.c
        time: Any = columns_of["hour" if table is hours else "day"]
        of_day: Any = time if table is days else time // _DAY
        bucket: Any = _NO_BUCKET if by_hours is None else time if by_hours else of_day
        columns: list[Any] = [table.c[name] for name in keys]
        summed: list[Any] = [_sum(table.c[name]).label(name) for name in sums]
        groups: list[Any] = columns if by_hours is None else [bucket, *columns]
        statement: Any = (
            select(bucket.label("bucket"), *columns, *summed).where(time >= begin, time < end).group_by(*groups)
        )
        for name, ids in limits.items():
            if ids is not None:
                statement = statement.where(table.c[name].in_(list(ids)))
        statements.append(statement)
    return statements


def _sum(column: Any) -> Any:
    """A sum of whole numbers as one: PostgreSQL makes it a decimal otherwise."""
    return func.sum(column) if isinstance(column.type, Double) else cast(func.sum(column), BigInteger)
