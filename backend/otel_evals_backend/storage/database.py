"""Connections and transactions, for SQLite and PostgreSQL alike.

Life cycle: `Database.open` → `read` and `write` as often as one likes → `close`. SQLite has one writer: writes take
turns here, each in a transaction that begins as a writer, so that none fails for having read first; readers go on
beside it (WAL).
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from otel_evals.records.errors import ConfigurationError

_READERS: Final = 4
_BUSY: Final = 5.0
"""Seconds that a connection waits for a lock of another process."""


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
        self._writing = asyncio.Lock()
        self._reader: AsyncEngine
        self._writer: AsyncEngine

    async def open(self) -> None:
        """Make the connections ready. Nothing is created; `migrations` does that."""
        if self.engine is Engine.SQLITE:
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
            self._reader = _sqlite(self.url, size=_READERS, begin="BEGIN")
            self._writer = _sqlite(self.url, size=1, begin="BEGIN IMMEDIATE")
        else:
            self._reader = self._writer = create_async_engine(
                self.url, pool_size=10, max_overflow=10, pool_pre_ping=True, pool_timeout=5
            )

    async def close(self) -> None:
        """Give the connections back."""
        await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection for reading: one consistent picture from the first statement to the end."""
        async with self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction: all of it is kept at the end, or none when an error leaves it."""
        if self.engine is Engine.POSTGRESQL:
            async with self._writer.begin() as connection:
                yield connection
            return
        async with self._writing, self._writer.begin() as connection:
            yield connection

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


def _sqlite(url: URL, *, size: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=size, max_overflow=0, connect_args={"timeout": _BUSY})

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction] - the event calls it
        connection.isolation_level = None  # transactions begin as we say, not as the driver guesses
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "cache_size = -65536",
            "mmap_size = 268435456",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def began(connection: Any) -> None:  # pyright: ignore[reportUnusedFunction] - the event calls it
        connection.exec_driver_sql(begin)

    return engine
