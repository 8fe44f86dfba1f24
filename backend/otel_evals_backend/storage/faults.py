"""The border of storage: what a driver raises becomes one of our own errors, or stays what it is.

What may go well later (locked, full, restarting, cut off) is `Unavailable`, which doors turn into "try again"; what
nobody can mend by waiting at start is a `ConfigurationError`. A mistake of ours, such as a statement that the database
does not understand, is neither and goes up as it is. Texts never quote parameters or credentials.
"""

import sqlite3
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, cast

from sqlalchemy.exc import DataError, DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from otel_evals.records.errors import ConfigurationError, OtelEvalsError, Unavailable

_RETRY: Final = 1.0
"""Seconds after which a sender may try again."""

_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: "another process is writing to the database",
    sqlite3.SQLITE_LOCKED: "another process is writing to the database",
    sqlite3.SQLITE_FULL: "the disk of the database is full",
    sqlite3.SQLITE_IOERR: "the disk of the database cannot be read or written",
    sqlite3.SQLITE_READONLY: "the file of the database cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the file of the database cannot be opened",
    sqlite3.SQLITE_CORRUPT: "the file of the database is damaged: stop, and restore a backup",
    sqlite3.SQLITE_NOTADB: "the file of the database is damaged: stop, and restore a backup",
    sqlite3.SQLITE_INTERRUPT: "the question took too long",
    sqlite3.SQLITE_NOMEM: "the database has no memory left",
    sqlite3.SQLITE_PROTOCOL: "another process is writing to the database",
    sqlite3.SQLITE_SCHEMA: "another process has changed the tables",
}
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_COLLISION: Final = "40"
_OF_DATA: Final = "22"
"""Class of PostgreSQL's states that speak of a value; asyncpg has them under no class of errors of their own."""
_STATES: Final = {
    "08": "the connection to the database was cut",
    "25": "the database takes no writes now, or has given up the transaction",
    _COLLISION: "two writers stood in each other's way",
    "53": "the database has no room or no connection left",
    "55": "the database is locked by someone else",
    "57": "the database is restarting, or the question took too long",
    "58": "the disk of the database cannot be read or written",
    "XX": "the database has met an error of its own",
}
"""Classes of PostgreSQL's states after which trying again makes sense."""
_REFUSED: Final = {
    "28": "backend.database: the database refuses this user or password",
    "3D": "backend.database: there is no database of that name; create it first",
    "42501": "backend.database: this user may not create or change tables there",
}
_NO_PARTITION: Final = "no partition of relation"


class Collided(Unavailable):
    """Two transactions stood in each other's way, and this one was undone: doing it again at once makes sense."""


def is_of_the_data(error: Exception) -> bool:
    """Whether the database will never take a value of the statement, whenever it is sent again."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError) or (getattr(error.orig, "sqlstate", None) or "").startswith(_OF_DATA)
    return isinstance(error, (StatementError, OverflowError, ValueError))  # it could not even be bound


@contextmanager
def translated() -> Generator[None]:
    """Raise our error in place of the driver's, where there is one for it."""
    try:
        yield
    except OtelEvalsError:
        raise
    except PoolTimeout as error:
        raise Unavailable("all connections to the database are busy", retry_after=_RETRY) from error
    except (DBAPIError, OSError, sqlite3.Error, *_of_asyncpg()) as error:
        ours = _ours(error)
        if ours is None:
            raise
        raise ours from error


def _of_asyncpg(*names: str) -> tuple[type[Exception], ...]:
    """Errors of asyncpg. Whoever has not loaded it has none: it is no light import, and SQLite needs none of it."""
    driver = sys.modules.get("asyncpg")
    return (
        () if driver is None else tuple(getattr(driver, name) for name in names or ("PostgresError", "InterfaceError"))
    )


def _ours(error: Exception) -> OtelEvalsError | None:
    cause: Any = cast("Any", error).orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    state = getattr(cause, "sqlstate", None) or ""
    for prefix, text in _REFUSED.items():
        if state.startswith(prefix):
            return ConfigurationError(text)
    if state[:2] in _STATES:
        kind = Collided if state.startswith(_COLLISION) else Unavailable
        return kind(_STATES[state[:2]], retry_after=_RETRY)
    if _NO_PARTITION in str(cause):
        return Unavailable("the day was just deleted by age", retry_after=_RETRY)
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if lost or isinstance(cause, (OSError, *_of_asyncpg("InterfaceError"))) or _psycopg_lost(cause):
        return Unavailable("the database cannot be reached", retry_after=_RETRY)
    return None


def _psycopg_lost(cause: Any) -> bool:
    """Whether psycopg could not connect, or lost its connection: an OperationalError that has no state."""
    return type(cause).__module__.startswith("psycopg") and not cause.sqlstate and "Operational" in type(cause).__name__


def _of_sqlite(cause: sqlite3.Error) -> OtelEvalsError | None:
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None:  # a closed connection, or a value that no column takes
        return None
    text = _SQLITE.get(code & 0xFF)
    return None if text is None else Unavailable(text, retry_after=_RETRY)


def damaged(error: BaseException | None) -> bool:
    """Whether `error`, or what it came from, says that SQLite's file is damaged."""
    while error is not None:
        cause = cast("Any", error).orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            return True
        error = error.__cause__
    return False
