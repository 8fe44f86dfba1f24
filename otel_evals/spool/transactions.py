"""A SQLite database behind one thread, with group commit: what waits shares one transaction and one sync.

Each piece of work runs in a savepoint of its own, so one that fails leaves the others of its group standing. A future
resolves only after the commit that made its work durable. Several processes may have the same file open: a transaction
takes the write lock at its beginning and waits for it.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from otel_evals.records.errors import ConfigurationError, Unavailable

_BUSY_SECONDS: Final = 10.0
"""Longest wait for another process that writes."""
_GROUP: Final = 256
"""Pieces of work in one transaction at most."""

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""Reads and writes; it runs in the thread of the database and must be quick."""

_Waiting = tuple[Work[Any], "asyncio.Future[Any]"]


class Transactions:
    """The writing end of one database file. Make it with `open`."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._path = path
        self._loop = loop
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"sqlite-{path.stem}", daemon=True)
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    @classmethod
    async def open(cls, path: Path, prepare: Work[None]) -> "Transactions":
        """Open the file (made when absent) and let `prepare` bring its tables up.

        Raises:
            ConfigurationError: the file cannot be used: no permission, no database, made by a newer version.
        """
        opened = cls(path, asyncio.get_running_loop())
        opened._thread.start()
        try:
            await opened.run(prepare)
        except Unavailable as error:
            await opened.close()
            raise ConfigurationError(f"cannot use {path}: {error}; move it away to begin anew") from error
        except ConfigurationError:
            await opened.close()
            raise
        return opened

    async def run(self, work: Work[T]) -> T:
        """Do `work` within a transaction; its answer, once it is durable.

        Raises:
            Unavailable: the database cannot do it now (full, locked, broken disk); nothing of it was done.
        """
        if self._closed:
            raise Unavailable(f"{self._path.name} is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put((work, future))
        return await future

    async def close(self) -> None:
        """Finish what waits and close the file. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    # The thread

    def _work(self) -> None:
        while True:
            first = self._queue.get()
            group: list[_Waiting] = []
            ending = first is None
            if first is not None:
                group.append(first)
                ending = self._gather(group)
            if group:
                self._commit(group)
            if ending:
                if self._connection is not None:
                    self._connection.close()
                return

    def _gather(self, group: list[_Waiting]) -> bool:
        """Take what else waits; whether the end was asked for."""
        while len(group) < _GROUP:
            try:
                more = self._queue.get_nowait()
            except queue.Empty:
                return False
            if more is None:
                return True
            group.append(more)
        return False

    def _commit(self, group: list[_Waiting]) -> None:
        outcomes: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
        try:
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            for work, future in group:
                outcomes.append((future, *_within_savepoint(connection, work)))
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._roll_back()
            refusal = Unavailable(f"cannot write to {self._path.name}: {error}")
            outcomes = [(future, None, refusal) for _, future in group]
        self._loop.call_soon_threadsafe(_resolve, outcomes)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            # Full: a commit survives the loss of power, as the journals do.
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY"):
                connection.execute(f"PRAGMA {pragma}")
            self._connection = connection
        return self._connection

    def _roll_back(self) -> None:
        """Begin anew with a fresh connection: after an input/output error the old one is of no use."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _within_savepoint(connection: sqlite3.Connection, work: Work[Any]) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT one")
    try:
        answer = work(connection)
    except sqlite3.OperationalError:
        raise  # full or broken: nothing of the group can be kept
    except Exception as error:  # noqa: BLE001 - thread boundary: the error is its caller's, and must not end the thread
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return None, error
    connection.execute("RELEASE one")
    return answer, None


def _resolve(outcomes: list[tuple["asyncio.Future[Any]", Any, BaseException | None]]) -> None:
    for future, answer, error in outcomes:
        if future.done():
            continue
        if error is None:
            future.set_result(answer)
        else:
            future.set_exception(error)
