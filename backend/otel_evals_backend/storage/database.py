"""Connections and transactions, for SQLite and PostgreSQL alike.

Life cycle: `Database.open` → `read` and `write` as often as one likes → `close`. SQLite has one writer: writes take
turns here, each in a transaction that begins as a writer, so that none fails for having read first; readers go on
beside it (WAL). On PostgreSQL a reader sees one snapshot too. Nobody waits longer than `_PATIENCE` for a lock or a
connection: after that the caller gets `Unavailable`, as for everything else that `faults` knows.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import NullPool, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals_backend.storage.faults import translated

_READERS: Final = 8
_PATIENCE: Final = 1.5
"""Seconds that anybody waits for a lock or a connection, so that every answer comes within two."""
_FILE: Final = "file"
"""What is remembered of a connection: which file it writes."""
_LONGEST: Final = 60.0
"""Seconds that a statement may take on PostgreSQL."""
_PRAGMAS: Final = (
    f"busy_timeout = {_PATIENCE * 1000:.0f}",
    "synchronous = FULL",
    "foreign_keys = ON",
    "temp_store = MEMORY",
    "cache_size = -65536",  # KiB
    "mmap_size = 268435456",
)


class Engine(StrEnum):
    """Which database it is."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def database_url(written: str | None, folder: Path) -> URL:
    """The address as SQLAlchemy has it, with the driver that we use unless one is named.

    Raises:
        ConfigurationError: the address cannot be read, or names another database.
    """
    if written is None:
        return URL.create("sqlite+aiosqlite", database=str(folder / "backend" / "evals.db"))
    try:
        url = make_url(written)
    except ArgumentError as error:
        raise ConfigurationError(
            "backend.database: not an address; write postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE"
        ) from error
    drivers = {
        "sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg",
    }  # fmt: skip
    url = url.set(drivername=drivers.get(url.drivername, url.drivername))
    if url.drivername not in ("sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg"):
        raise ConfigurationError(
            f"backend.database: {url.drivername} is not supported; use postgresql:// or sqlite:///"
        )
    if url.drivername.startswith("sqlite") and not url.database:
        raise ConfigurationError("backend.database: name the file: sqlite:///evals.db")
    return url


class Database:
    """One database. Read the class from `read`, `write`, `insert_new`; nobody else builds dialect's statements."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = Engine(url.get_backend_name())
        self.dropped = 0
        """How often days may have been dropped, so that what is known of them may be wrong; `partitions` reads it."""
        self._writing = asyncio.Lock()
        self._reader: AsyncEngine
        self._writer: AsyncEngine
        self._aside: AsyncEngine

    async def open(self) -> None:
        """Make the connections ready. Nothing is created; `migrate` does that."""
        if self.engine is Engine.SQLITE:
            with translated():
                Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
            self._reader = _sqlite(self.url, size=_READERS, begin="BEGIN")
            self._writer = self._aside = _sqlite(self.url, size=1, begin="BEGIN IMMEDIATE")
        else:
            arguments = _postgresql_arguments(self.url)
            self._writer = create_async_engine(
                self.url, pool_size=10, max_overflow=10, pool_pre_ping=True, pool_timeout=_PATIENCE,
                connect_args=arguments,
            )  # fmt: skip
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ")
            self._aside = create_async_engine(self.url, poolclass=NullPool, connect_args=arguments)

    async def close(self) -> None:
        """Give the connections back."""
        for engine in (self._reader, self._writer, self._aside):
            await engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection for reading: one consistent picture from the first statement to the end.

        Raises:
            Unavailable: the database cannot be reached, or is busy.
        """
        with translated():
            async with self._reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self, *, patience: float = _PATIENCE) -> AsyncGenerator[AsyncConnection]:
        """A transaction: all of it is kept at the end, or none when an error leaves it.

        Args:
            patience: seconds to wait for other writers of SQLite, of this process or of others.

        Raises:
            Unavailable: nothing was kept, and trying again later makes sense.
        """
        with translated():
            if self.engine is Engine.POSTGRESQL:
                async with self._writer.begin() as connection:
                    try:
                        yield connection
                    except DBAPIError:
                        self.dropped += 1  # perhaps by another replica
                        raise
                return
            until = asyncio.get_running_loop().time() + patience
            try:
                # Not `wait_for`: before Python 3.12 it forgets a cancellation that comes in the very moment of success.
                async with asyncio.timeout(patience):
                    await self._writing.acquire()
            except TimeoutError as error:
                raise Unavailable("too many writers wait for the database", retry_after=1.0) from error
            try:
                left = until - asyncio.get_running_loop().time()
                async with self._writer.execution_options(patience=max(left, 0.1)).begin() as connection:
                    await self._same_file(connection)
                    yield connection
            finally:
                self._writing.release()

    async def _same_file(self, connection: AsyncConnection) -> None:
        """Refuse to write into a file that was deleted or replaced under us: nobody would find it again."""
        raw = await connection.get_raw_connection()
        here = _identity(str(self.url.database))
        if raw.info.setdefault(_FILE, here) == here and here is not None:
            return
        raise Unavailable("the file of the database was deleted or replaced: restart the backend", retry_after=5.0)

    @asynccontextmanager
    async def aside(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction of PostgreSQL on a connection of its own, open beside `write`."""
        with translated():
            async with self._aside.begin() as connection:
                yield connection

    async def checkpoint(self) -> None:
        """Write SQLite's log into its file and empty it, unless a reader still needs it."""
        if self.engine is Engine.SQLITE:
            with translated():
                async with self._writing, self._writer.connect() as connection:
                    raw = await connection.get_raw_connection()
                    driver: Any = raw.driver_connection
                    await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")  # not in a transaction

    def insert_new(self, table: Table) -> Any:
        """An INSERT that leaves rows alone whose key is there already."""
        return self._insert(table).on_conflict_do_nothing()

    def insert_or_add(self, table: Table, sums: Iterable[str]) -> Any:
        """An INSERT that adds the columns `sums` to those of the row whose key is there already."""
        statement = self._insert(table)
        added = {name: table.c[name] + statement.excluded[name] for name in sums}
        return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=added)

    def insert_or_set(self, table: Table, names: Iterable[str]) -> Any:
        """An INSERT that sets the columns `names` of the row whose key is there already."""
        statement = self._insert(table)
        changed = {name: statement.excluded[name] for name in names}
        return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)

    def _insert(self, table: Table) -> Any:
        return sqlite.insert(table) if self.engine is Engine.SQLITE else postgresql.insert(table)


async def put(connection: AsyncConnection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute `statement` for each of `rows`, if there are any."""
    if rows:
        await connection.execute(statement, rows)


def _identity(file: str) -> tuple[int, int] | None:
    """Which file stands under that name; None = none."""
    try:
        found = Path(file).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _postgresql_arguments(url: URL) -> dict[str, Any]:
    limits = {"lock_timeout": f"{_PATIENCE * 1000:.0f}", "statement_timeout": f"{_LONGEST * 1000:.0f}"}
    if url.drivername == "postgresql+asyncpg":
        return {"timeout": _PATIENCE, "server_settings": {**limits, "application_name": "otel-evals"}}
    options = " ".join(f"-c {name}={value}" for name, value in limits.items())
    return {"connect_timeout": 2, "options": options, "application_name": "otel-evals"}


def _sqlite(url: URL, *, size: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=size, max_overflow=0, pool_timeout=_PATIENCE)

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction] - the event calls it
        connection.isolation_level = None  # transactions begin as we say, not as the driver guesses
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        with suppress(sqlite3.OperationalError):  # locked: by another process that just does the same, for good
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def began(connection: Any) -> None:  # pyright: ignore[reportUnusedFunction] - the event calls it
        patience = connection.get_execution_options().get("patience")
        if patience is not None:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
        connection.exec_driver_sql(begin)

    return engine
