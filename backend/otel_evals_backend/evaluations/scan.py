"""Finds the calls of a list, newest first (or from a place towards now), without reading more than it must.

Day by day. The day's sums say whether anything can match; where an index knows the few that may (failing results of a
metric, words of an explanation, a signal), their keys are fetched and looked up; else the day is read in
steps by time, each of a bounded number of rows, until the page is full. A search that takes too long is cut: what was
found is shown, with how far it looked.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import FromClause, Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.clock import Clock
from otel_evals_backend.evaluations.conditions import FAILED, Wanted, labelled, place, signed
from otel_evals_backend.evaluations.cursor import Cursor
from otel_evals_backend.evaluations.filters import SIGNALS, SIGNS
from otel_evals_backend.storage.keys import DAY_NS, day_of, trace_range
from otel_evals_backend.storage.tables import (
    BANDS,
    feedback,
    known_spans,
    result_days,
    results,
    span_days,
    spans,
)

_FEW: Final = 2000
"""Keys that are looked up one by one; with more of them reading in order fills the page sooner."""
_STEPS: Final = (500, 2000, 4000)
"""Rows of a day that are read at once; more and more while little is found."""
_PART: Final = 500
_DAYS: Final = (1, 3, 8, 30, 100)
"""Days whose sums are looked at together: most pages are full after the first."""


class Budget:
    """How long one request may look."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._until = clock.monotonic() + seconds

    @property
    def spent(self) -> bool:
        """Whether it is time to answer."""
        return self._clock.monotonic() >= self._until


class Window(msgspec.Struct, frozen=True):
    """From the first nanosecond to before the last."""

    from_ns: int
    to_ns: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the list is asked for."""

    window: Window
    at: Cursor | None = None
    limit: int


class Found(msgspec.Struct, kw_only=True):
    """A piece of the list, newest first."""

    rows: list[Row[Any]]
    more: bool
    """Whether there is, or may be, more in the direction of reading."""
    looked_ns: int | None = None
    """How far it looked when it was cut; None when it was not."""


async def find(connection: AsyncConnection, wanted: Wanted, part: Part, budget: Budget) -> Found:
    """At most `limit` calls behind `at`."""
    if wanted.empty:
        return Found(rows=[], more=False)
    search = _Search(connection, wanted, part, budget)
    found = await (search.trace() if wanted.filters.trace else search.days())
    if part.at is not None and part.at.newer:
        found.rows.reverse()
    return found


class _Search:
    """One run through the days."""

    def __init__(self, connection: AsyncConnection, wanted: Wanted, part: Part, budget: Budget) -> None:
        self._connection = connection
        self._wanted = wanted
        self._window, self._at, self._limit = part.window, part.at, part.limit
        self._newer = part.at is not None and part.at.newer
        self._budget = budget
        self._rows: list[Row[Any]] = []

    async def trace(self) -> Found:
        """The calls of one trace, whenever."""
        low, high = trace_range(bytes.fromhex(self._wanted.filters.trace))
        known = select(known_spans.c.day).where(known_spans.c.span.between(low, high)).distinct()
        days = sorted(row.day for row in await self._connection.execute(known))
        self._window = Window(0, (1 << 63) - 1)
        mine = spans.c.span.between(low, high)
        for day in days if self._newer else reversed(days):
            statement = self._behind(self._select(day).where(mine))
            self._rows += await self._connection.execute(statement.limit(self._limit + 1 - len(self._rows)))
            if len(self._rows) > self._limit:
                break
        return self._found()

    async def days(self) -> Found:
        """Day after day, until the page is full, the range is at its end, or the time is."""
        first, last = day_of(self._window.from_ns), day_of(self._window.to_ns - 1)
        if self._at is not None:
            here = day_of(self._at.start_ns)
            first, last = (max(first, here), last) if self._newer else (first, min(last, here))
        left = list(range(first, last + 1) if self._newer else range(last, first - 1, -1))
        begun = False
        for size in (*_DAYS, len(left)):
            block, left = left[:size], left[size:]
            if not block:
                break
            # One day at least is looked at however slow it is, or going on would never come further.
            if begun and self._budget.spent:
                return self._found(looked=self._edge(block[0]))
            possible = await self._may_match(block)
            for day in block:
                if begun and self._budget.spent:
                    return self._found(looked=self._edge(day))
                begun = True
                if day in possible and (looked := await self._day(day)) is not None:
                    return self._found(looked=looked)
                if len(self._rows) > self._limit:
                    return self._found()
        return self._found()

    def _edge(self, day: int) -> int:
        """Where the day begins, in the direction of reading."""
        return (day if self._newer else day + 1) * DAY_NS

    async def _day(self, day: int) -> int | None:
        """Add what matches on the day; how far it was read, when that took too long."""
        keys = await self._few_keys(day)
        if keys is None:
            return await self._read(day)
        await self._look_up(day, keys)
        return None

    def _found(self, looked: int | None = None) -> Found:
        more = len(self._rows) > self._limit or looked is not None
        return Found(rows=self._rows[: self._limit], more=more, looked_ns=looked)

    async def _may_match(self, days: Sequence[int]) -> set[int]:
        """Those of the days whose sums allow a match. Sums of spans leave out runs over data sets."""
        asked, first, last = self._wanted.filters, min(days), max(days)
        possible = set(days)
        if not asked.offline:
            possible &= {row.day for row in await self._connection.execute(self._spans_of(first, last))}
        if self._wanted.evaluators is None or not possible:
            return possible
        table = result_days.c
        statement = (
            select(table.day)
            .where(table.day.between(first, last), table.evaluator.in_(self._wanted.evaluators), table.n > 0)
            .distinct()
        )
        if self._wanted.slices is not None:
            statement = statement.where(table.slice.in_(self._wanted.slices))
        if asked.label:
            statement = statement.where(table.outcome == asked.label)
        return possible & {row.day for row in await self._connection.execute(statement)}

    def _spans_of(self, first: int, last: int) -> Select[Any]:
        """The days on which spans match as far as sums of spans know."""
        asked, table = self._wanted.filters, span_days.c
        counted = table.labelled if asked.reviewed == "yes" else table.n
        if asked.label == "fail" and not asked.metric and self._wanted.evaluators is None:
            counted = table.flagged
        statement = select(table.day).where(table.day.between(first, last), counted > 0).distinct()
        if self._wanted.slices is not None:
            statement = statement.where(table.slice.in_(self._wanted.slices))
        if asked.band:
            statement = statement.where(table.band == (-1 if asked.band == "none" else BANDS.index(asked.band)))
        for column, value in ((table.coverage, asked.coverage), (table.stratum, asked.stratum)):
            if value:
                statement = statement.where(column == value)
        return statement

    async def _few_keys(self, day: int) -> list[bytes] | None:
        """The spans of the day that can match, by whichever index knows the fewest; None when all know too many."""
        for statement in self._known_by_index(day):
            # Keys may repeat: DISTINCT would make the database read another index, in its order.
            keys = [bytes(row.span) for row in await self._connection.execute(statement.limit(_FEW + 1))]
            if len(keys) <= _FEW:
                return sorted(set(keys))
        return None

    def _known_by_index(self, day: int) -> list[Select[Any]]:
        asked, wanted = self._wanted.filters, self._wanted
        found: list[Select[Any]] = []
        if wanted.texts is not None:
            found.append(select(results.c.span).where(results.c.day == day, results.c.explanation.in_(wanted.texts)))
        if asked.feedback in SIGNALS:
            found.append(select(feedback.c.span).where(feedback.c.day == day, feedback.c.signal == asked.feedback))
        elif asked.feedback in SIGNS:
            found.append(select(spans.c.span).where(spans.c.day == day, signed(asked.feedback)))
        if asked.reviewed == "yes":
            found.append(select(spans.c.span).where(spans.c.day == day, labelled()))
        if wanted.evaluators is not None and asked.label == "fail":
            found.append(
                select(results.c.span).where(results.c.day == day, results.c.evaluator.in_(wanted.evaluators), FAILED)
            )
        return found

    async def _look_up(self, day: int, keys: Sequence[bytes]) -> None:
        """Add those of `keys` that match, in order."""
        matching: list[Row[Any]] = []
        room = self._limit + 1 - len(self._rows)
        for begin in range(0, len(keys), _PART):
            some = spans.c.span.in_(keys[begin : begin + _PART])
            # By key alone, first: the limit keeps other conditions from choosing an index that reads the whole day.
            known = select(*_COLUMNS, spans.c.offline).where(spans.c.day == day, some).limit(_PART).subquery()
            matching += await self._connection.execute(self._behind(self._select(day, known), known).limit(room))
        matching.sort(key=lambda row: (row.start_ns, bytes(row.span)), reverse=not self._newer)
        self._rows += matching[:room]

    async def _read(self, day: int) -> int | None:
        """Read the day in steps until the page is full; the time up to which was read, when the budget is spent."""
        low, high = max(self._window.from_ns, day * DAY_NS), min(self._window.to_ns, (day + 1) * DAY_NS)
        if self._at is not None and self._newer:
            low = max(low, self._at.start_ns)
        elif self._at is not None:
            high = min(high, self._at.start_ns + 1)
        step = 0
        while low < high:
            begin, end = await self._step(day, low, high, _STEPS[min(step, len(_STEPS) - 1)])
            statement = self._behind(self._select(day, within=Window(begin, end)))
            self._rows += await self._connection.execute(statement.limit(self._limit + 1 - len(self._rows)))
            low, high = (end, high) if self._newer else (low, begin)
            if len(self._rows) > self._limit:
                return None
            if self._budget.spent and low < high:
                return end if self._newer else begin
            step += 1
        return None

    async def _step(self, day: int, low: int, high: int, rows: int) -> tuple[int, int]:
        """The part of `low` to `high` that holds about the next `rows`, in the direction of reading."""
        order = spans.c.start_ns.asc() if self._newer else spans.c.start_ns.desc()
        statement = (
            select(spans.c.start_ns)
            .where(spans.c.day == day, spans.c.start_ns >= low, spans.c.start_ns < high)
            .order_by(order)
            .offset(rows)
            .limit(1)
        )
        edge = (await self._connection.execute(statement)).scalar_one_or_none()
        if edge is None:
            return low, high
        return (low, edge + 1) if self._newer else (edge, high)

    def _select(self, day: int, of: FromClause = spans, within: Window | None = None) -> Select[Any]:
        """The calls of the day that match. SQLite goes by the first bounds alone, so there is one pair of them."""
        bounds = within or self._window
        first, second = of.c.start_ns, of.c.span
        order = (first.asc(), second.asc()) if self._newer else (first.desc(), second.desc())
        return (
            select(*(of.c[column.name] for column in _COLUMNS))
            .where(*self._wanted.conditions(day, of))
            .where(of.c.start_ns >= bounds.from_ns, of.c.start_ns < bounds.to_ns)
            .order_by(*order)
        )

    def _behind(self, statement: Select[Any], of: FromClause = spans) -> Select[Any]:
        if self._at is None:
            return statement
        return statement.where(place(self._at.start_ns, self._at.span, newer=self._newer, of=of))


_COLUMNS: Final = tuple(
    spans.c[name]
    for name in ("day", "span", "start_ns", "end_ns", "slice", "failed", "error_type", "band", "coverage", "stratum",
                 "probability", "question", "fails", "feedback", "labels")
)  # fmt: skip
