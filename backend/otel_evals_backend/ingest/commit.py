"""Group commit: one transaction for all requests that wait, so that the disk is asked once for many.

While one transaction is under way, what comes meanwhile waits for the next one. Every request hears how its own part
ended; one that no database takes does not spoil the others. Life cycle: made by the first request, it works while
there is work, in tasks of the context.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Final

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.errors import DecodeError, OtelEvalsError, Unavailable
from otel_evals_backend.context import Context
from otel_evals_backend.keeping.arrivals import Arrivals
from otel_evals_backend.keeping.keep import keep
from otel_evals_backend.keeping.kept import Kept
from otel_evals_backend.keeping.measured import measure
from otel_evals_backend.storage.database import Database
from otel_evals_backend.storage.faults import is_of_the_data

_LOG: Final = logging.getLogger(__name__)
_ROWS: Final = 20_000
"""Rows of one transaction, beyond which the next one begins: nobody waits long for the disk."""
_TRIES: Final = 5
"""Times that a transaction is tried when another process has met the same new spans at the same moment."""

AfterKeep = Callable[[Database, AsyncConnection, Context, Kept], Awaitable[None]]
"""What goes on in the same transaction with what became known."""


class _Unclear(Unavailable):
    """Not kept, and nobody knows why: perhaps for one request of a group, so that each is tried by itself."""


class _Waiting(msgspec.Struct, frozen=True):
    arrivals: Arrivals
    done: "asyncio.Future[None]"

    @property
    def rows(self) -> int:
        found = self.arrivals
        return 1 + len(found.spans) + len(found.results) + len(found.contents) + len(found.feedback)


class Commits:
    """The transactions of one process."""

    def __init__(self, context: Context, after: Sequence[AfterKeep] = ()) -> None:
        self._context = context
        self._after = tuple(after)
        self._waiting: list[_Waiting] = []
        self._working = False

    async def keep(self, arrivals: Arrivals) -> None:
        """Return when `arrivals` are safe.

        Raises:
            Unavailable: they are not, and the sender should try again.
            DecodeError: they never will be.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(arrivals, done))
        if not self._working:
            self._working = True
            self._context.tasks.spawn(self._work(), "ingest")
        await done

    async def _work(self) -> None:
        group: list[_Waiting] = []
        try:
            while self._waiting:
                group = self._next()
                await self._settle(group)
        finally:
            self._working = False
            for request in (*group, *self._waiting):
                if not request.done.done():
                    request.done.set_exception(Unavailable("shutting down", retry_after=1.0))
            self._waiting.clear()

    def _next(self) -> list[_Waiting]:
        rows = 0
        for position, request in enumerate(self._waiting):
            rows += request.rows
            if rows > _ROWS and position:
                break
        else:
            position = len(self._waiting)
        group, self._waiting = self._waiting[:position], self._waiting[position:]
        return [request for request in group if not request.done.done()]

    async def _settle(self, group: list[_Waiting]) -> None:
        """Keep a group, or, when one of it cannot be kept, each by itself."""
        error = await self._attempt(group)
        alone = isinstance(error, (DecodeError, _Unclear))
        if alone and len(group) > 1:
            for request in group:
                await self._settle([request])
            return
        for request in group:
            if request.done.done():
                continue
            if error is None:
                request.done.set_result(None)
            else:
                request.done.set_exception(error)

    async def _attempt(self, group: Sequence[_Waiting]) -> OtelEvalsError | None:
        arrivals = _joined([request.arrivals for request in group])
        for _ in range(_TRIES):
            try:
                await self._transaction(arrivals)
            except IntegrityError:
                continue
            except Unavailable as error:
                return error
            except Exception as error:  # noqa: BLE001 - stage boundary: whatever it is, the sender keeps its data
                if is_of_the_data(error):
                    _LOG.warning("the database does not take a request: %s", type(error).__name__, exc_info=True)
                    return DecodeError("the database does not take a value of this request")
                _LOG.exception("a request could not be kept")
                return _Unclear("cannot take this now", retry_after=5.0)
            return None
        return Unavailable("other processes write the same spans", retry_after=1.0)

    async def _transaction(self, arrivals: Arrivals) -> None:
        context = self._context
        async with context.database.write() as connection:
            kept = await keep(context.database, connection, arrivals, now_ns=context.clock.time_ns())
            for go_on in self._after:
                await go_on(context.database, connection, context, kept)
        measure(context.meters, kept)


def _joined(several: Sequence[Arrivals]) -> Arrivals:
    if len(several) == 1:
        return several[0]
    every = chain.from_iterable
    return Arrivals(
        spans=tuple(every(one.spans for one in several)),
        results=tuple(every(one.results for one in several)),
        contents=tuple(every(one.contents for one in several)),
        feedback=tuple(every(one.feedback for one in several)),
    )
