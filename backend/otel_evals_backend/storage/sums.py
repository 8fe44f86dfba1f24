"""Reads the sums that are kept beside the rows: days for the middle of a range, hours for its ends.

Pages use these alone for whatever counts, so that none of them scans rows.
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Table, case, cast, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.storage import tables

_DAY: Final = 24
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
    names = ("slice", "evaluator", "outcome", "n", "weight", "weight_squared", "cost")
    limits = {"evaluator": evaluators, "slice": slices}
    rows = _within(tables.result_hours, tables.result_days, window, names, by_hours=by_hours, limits=limits)
    decided = rows.c.outcome != "error"
    keys = [rows.c.bucket, rows.c.slice if by_slice else literal(0).label("slice"), rows.c.evaluator]
    statement = select(
        *keys,
        _whole(case((rows.c.outcome == "pass", rows.c.n), else_=0)).label("passes"),
        _whole(case((rows.c.outcome == "fail", rows.c.n), else_=0)).label("fails"),
        _whole(case((rows.c.outcome == "error", rows.c.n), else_=0)).label("errors"),
        func.sum(case((rows.c.outcome == "pass", rows.c.weight), else_=0.0)).label("weight_passes"),
        func.sum(case((decided, rows.c.weight), else_=0.0)).label("weight"),
        func.sum(case((decided, rows.c.weight_squared), else_=0.0)).label("weight_squared"),
        func.sum(rows.c.cost).label("cost"),
    ).group_by(rows.c.bucket, rows.c.evaluator, *([rows.c.slice] if by_slice else []))
    return [ResultSum(**row) for row in (await connection.execute(statement)).mappings()]


async def span_sums(
    connection: AsyncConnection,
    window: Window,
    *,
    by_hours: bool | None = None,
    by_slice: bool = False,
    slices: Collection[int] | None = None,
) -> list[SpanSum]:
    """Sums of spans; arguments as above."""
    names = ("slice", "band", "coverage", *_SPANS)
    rows = _within(
        tables.span_hours, tables.span_days, window, names, by_hours=by_hours, limits={"slice": slices}
    )  # fmt: skip
    keys = [rows.c.bucket, rows.c.slice if by_slice else literal(0).label("slice"), rows.c.coverage]
    sums: list[Any] = [
        func.sum(rows.c[name]).label(name) if name == "seconds" else _whole(rows.c[name]).label(name) for name in _SPANS
    ]
    checked = _whole(case((rows.c.band >= 0, rows.c.n), else_=0)).label("checked")
    statement = select(*keys, checked, *sums).group_by(
        rows.c.bucket, rows.c.coverage, *([rows.c.slice] if by_slice else [])
    )
    return [SpanSum(**row) for row in (await connection.execute(statement)).mappings()]


def _within(
    hours: Table,
    days: Table,
    window: Window,
    names: tuple[str, ...],
    *,
    by_hours: bool | None,
    limits: dict[str, Collection[int] | None],
) -> Any:
    """The rows of the window with a column `bucket`: whole days from one table, the ends from the other."""
    first, last = -(-window.from_hour // _DAY), window.to_hour // _DAY
    if by_hours or first >= last:
        parts = [(hours, window.from_hour, window.to_hour)]
    else:
        parts = [
            (hours, window.from_hour, first * _DAY), (days, first, last), (hours, last * _DAY, window.to_hour)
        ]  # fmt: skip
    chosen: list[Any] = []
    for table, begin, end in parts:
        time = table.c.hour if table is hours else table.c.day
        of_day = time if by_hours or table is days else time // _DAY
        bucket = (literal(0) if by_hours is None else of_day).label("bucket")
        statement = select(bucket, *(table.c[name] for name in names)).where(time >= begin, time < end)
        for name, ids in limits.items():
            if ids is not None:
                statement = statement.where(table.c[name].in_(list(ids)))
        if begin < end or len(parts) == 1:
            chosen.append(statement)
    return union_all(*chosen).subquery() if len(chosen) > 1 else chosen[0].subquery()


def _whole(column: Any) -> Any:
    """A sum of whole numbers as one: PostgreSQL makes it a decimal otherwise."""
    return cast(func.sum(column), BigInteger)
