"""Gauges that only the database knows, from cheap queries, asked at most every few seconds however many scrape.

A figure that cannot be had now is absent from the page, never old or 0.
"""

import asyncio
import logging
from typing import Final

import msgspec
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import DBAPIError

from otel_evals.records.errors import Unavailable
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.telemetry.snapshot import Series
from otel_evals_backend import instruments
from otel_evals_backend.context import Context
from otel_evals_backend.outgoing.outbox import standing
from otel_evals_backend.storage.size import size_of
from otel_evals_backend.storage.tables import review_items, settings

_LOG: Final = logging.getLogger(__name__)
_FRESH: Final = 5.0
"""Seconds."""
_STATES: Final = ("open", "adjudicate")
"""Of items that wait for people."""
_PROBE: Final = "operations.probe"


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether requests are welcome, and why not."""

    reasons: tuple[str, ...] = ()


class Figures:
    """The figures of one process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = asyncio.Lock()
        self._series: tuple[float, tuple[Series, ...]] | None = None
        self._ready: tuple[float, Readiness] | None = None
        for signal in FeedbackSignal:
            context.meters.start_at_zero(instruments.FEEDBACK, signal.value)

    async def series(self) -> tuple[Series, ...]:
        """The gauges."""
        async with self._lock:
            now = self._context.clock.monotonic()
            if self._series is None or now - self._series[0] >= _FRESH:
                self._series = (now, await self._gauges())
            return self._series[1]

    async def readiness(self) -> Readiness:
        """Whether the database takes what is written. Its schema is there: nothing is answered before."""
        async with self._lock:
            now = self._context.clock.monotonic()
            if self._ready is None or now - self._ready[0] >= _FRESH:
                self._ready = (now, await self._probe())
            return self._ready[1]

    async def _gauges(self) -> tuple[Series, ...]:
        database = self._context.database
        try:
            async with database.read() as connection:
                statement = select(review_items.c.state, func.count()).where(review_items.c.state.in_(_STATES))
                rows = await connection.execute(statement.group_by(review_items.c.state))
                queue: dict[str, int] = {state: count for state, count in rows.all()}  # noqa: C416 - rows are no tuples to a type checker
                out = await standing(connection)
            size = await size_of(database)
        except (Unavailable, OSError) as error:
            _LOG.info("no figures of the database now: %s", error)
            return ()
        return (
            Series(
                instrument=instruments.REVIEW_QUEUE,
                values=tuple(((state,), float(queue.get(state, 0))) for state in _STATES),
            ),
            Series(
                instrument=instruments.OUTBOX,
                values=((("waiting",), float(out.waiting)), (("set_aside",), float(out.set_aside))),
            ),
            Series(instrument=instruments.DATABASE_SIZE, values=(((), float(size)),)),
        )

    async def _probe(self) -> Readiness:
        """Write a row and take it back: a full disk, a lock that stays, a standby that only reads are found so."""
        now_ns = self._context.clock.time_ns()
        row = {"key": _PROBE, "value": "null", "changed_ns": now_ns, "changed_by": "local"}
        try:
            async with self._context.database.write() as connection:
                await connection.execute(delete(settings).where(settings.c.key == _PROBE))
                await connection.execute(insert(settings), row)
                await connection.execute(delete(settings).where(settings.c.key == _PROBE))
        except Unavailable as error:
            return Readiness(reasons=(f"database: {error}",))
        except DBAPIError as error:
            _LOG.warning("the database takes nothing: %s", type(error.orig).__name__)
            return Readiness(reasons=("database: it takes nothing now",))
        return Readiness()
