"""A SQLite database behind one thread, with group commit: what waits shares one transaction and one sync.

Each piece of work runs in a savepoint of its own, so one that fails leaves the others of its group standing. A future
resolves only after the commit that made its work durable. Several processes may have the same file open: a transaction
takes the write lock at its beginning and waits for it.

Whatever goes wrong below, the thread lives on and whoever waits is told: the next piece of work begins with a fresh
connection, so that judging goes on by itself when disk or lock are free again. A file that is deleted or replaced while
it is open is put back (`put_back`): looked for before each transaction, said once.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from otel_evals.records.errors import ConfigurationError, OtelEvalsError, Unavailable
from otel_evals.spool.put_back import Identity, identity, is_moved, log_of, put_back

_LOG: Final = logging.getLogger(__name__)

_BUSY: Final = 3.0
"""Seconds to wait for another process that writes. It is told to who asked, who has a span to let go."""
_TRIES: Final = 4
"""Tries of `open`, each with the wait above: a sibling may be on its way out, or taking over much."""
_GROUP: Final = 256
"""Pieces of work in one transaction at most."""
_PAUSE: Final = 20
"""Transactions between two tries to put a file back, since a try may copy much in vain."""

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""Reads and writes; it runs in the thread of the database and must be quick."""

_Waiting = tuple[Work[Any], "asyncio.Future[Any]"]
_Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]


class Transactions:
    """The writing end of one database file. Make it with `open`."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop, prepare: Work[None]) -> None:
        self._path = path
        self._loop = loop
        self._prepare = prepare
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"sqlite-{path.stem}", daemon=True)
        self._connection: sqlite3.Connection | None = None
        self._opened = False
        self._closed = False
        self._broken = False
        self._file: Identity | None = None
        """Which file the connection has open."""
        self._log: Identity | None = None
        self._pause = 0

    @classmethod
    async def open(cls, path: Path, prepare: Work[None]) -> "Transactions":
        """Open the file (made when absent) and let `prepare` bring its tables up, here and at every later connection.

        Raises:
            ConfigurationError: the file cannot be used: no permission, no database, made by a newer version.
        """
        opened = cls(path, asyncio.get_running_loop(), prepare)
        opened._thread.start()
        try:
            await opened._first()
        except Unavailable as error:
            await opened.close()
            raise ConfigurationError(f"{error}; when it is damaged, move {path} away to begin anew") from error
        except BaseException:
            await opened.close()
            raise
        return opened

    async def _first(self) -> None:
        for _ in range(_TRIES - 1):
            try:
                return await self.run(_nothing)
            except Unavailable as error:
                if not _is_locked(error.__cause__):
                    raise
        return await self.run(_nothing)

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
        """Finish what waits, unless the disk is broken, and close the file. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    # The thread

    def _work(self) -> None:
        ending = False
        while not ending:
            first = self._queue.get()
            group: list[_Waiting] = []
            ending = first is None
            if first is not None:
                group.append(first)
                ending = self._gather(group)
            if group:
                outcomes = self._commit(group)
                with suppress(RuntimeError):  # the loop has ended, and whoever waited in it
                    self._loop.call_soon_threadsafe(_resolve, outcomes)
        self._disconnect()

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

    def _commit(self, group: list[_Waiting]) -> list[_Outcome]:
        if self._closed and self._broken:
            # The end is waited for: no second wait for a lock or a disk that was not there a moment ago.
            return self._refused(group, Unavailable(f"cannot write to {self._path.name}: it is being closed"))
        try:
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            if identity(self._path) != self._file:
                connection = self._moved(connection)
            outcomes: list[_Outcome] = [(future, *_within_savepoint(connection, work)) for work, future in group]
            connection.execute("COMMIT")
        except ConfigurationError as error:
            return self._refused(group, Unavailable(str(error)) if self._opened else error)
        except Exception as error:  # noqa: BLE001 - thread boundary: whoever waits is told, and the thread goes on
            refusal = Unavailable(f"cannot use {self._path}: {error}")
            refusal.__cause__ = error
            return self._refused(group, refusal)
        self._opened, self._broken = True, False
        return outcomes

    def _refused(self, group: list[_Waiting], error: OtelEvalsError) -> list[_Outcome]:
        """Begin anew with a fresh connection: after an input/output error the old one is of no use."""
        self._broken = True
        if not _is_locked(error.__cause__) or (self._connection is not None and self._connection.in_transaction):
            self._disconnect()
        return [(future, None, error) for _, future in group]

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = connection = sqlite3.connect(self._path, timeout=_BUSY, isolation_level=None)
            # Full: a commit survives the loss of power, as the journals do.
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN IMMEDIATE")
            self._prepare(connection)
            connection.execute("COMMIT")
            self._file, self._log = identity(self._path), log_of(self._path)
        return self._connection

    def _moved(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """A connection to what lies there now, which is what was open, within a transaction; the same if that fails."""
        if not is_moved(connection):
            if self._pause:
                self._pause -= 1
                return connection
            try:
                aside = put_back(connection, self._path, self._log)
            except (OSError, sqlite3.Error) as error:
                self._pause = _PAUSE
                _LOG.error(
                    "%s was deleted or replaced while it is in use, and cannot be put back: %s. It is used on as it "
                    "was, and tried again; what it holds is lost if the processor ends before",
                    self._path,
                    error,
                )
                return connection
            _LOG.warning(
                "%s was deleted or replaced while it is in use: it is put back as it was, nothing of it is lost%s. "
                "To begin anew, stop the processor first",
                self._path,
                f"; what lay there is now {aside.name}" if aside is not None else "",
            )
        self._pause = 0
        connection.execute("COMMIT")
        self._disconnect()
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        return connection


def _nothing(_: sqlite3.Connection) -> None:
    """Nothing to do."""


def _is_locked(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _within_savepoint(connection: sqlite3.Connection, work: Work[Any]) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT one")
    try:
        answer = work(connection)
    except sqlite3.DatabaseError as error:
        if not isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
            raise  # full, locked or broken: nothing of the group can be kept
        _undo(connection)
        return None, Unavailable(f"the database does not take it: {error}")
    except Exception as error:  # noqa: BLE001 - thread boundary: the error is its caller's, and must not end the thread
        _undo(connection)
        return None, error
    connection.execute("RELEASE one")
    return answer, None


def _undo(connection: sqlite3.Connection) -> None:
    connection.execute("ROLLBACK TO one")
    connection.execute("RELEASE one")


def _resolve(outcomes: list[_Outcome]) -> None:
    for future, answer, error in outcomes:
        if future.done():
            continue
        if error is None:
            future.set_result(answer)
        else:
            future.set_exception(error)
