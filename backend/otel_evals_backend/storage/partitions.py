"""PostgreSQL's tables of one day each: made when a day first appears, dropped whole when it is too old.

Whoever writes into the growing tables calls `ensure_days` first, with every day of what it writes. On SQLite there is
nothing to do. A day is made on a connection of its own and is there for everybody at once, whatever becomes of the
transaction that needed it: two replicas that meet a new day wait for a moment, and never for each other's rows.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.storage.database import Database, Engine
from otel_evals_backend.storage.tables import GROWING

_LOCK: Final = 7_305_911_403
"""Key of PostgreSQL's advisory lock: who makes or drops a day."""


async def ensure_days(database: Database, connection: AsyncConnection, days: Iterable[int]) -> None:
    """Make room for the rows of `days` that the transaction of `connection` is about to write."""
    if database.engine is Engine.SQLITE:
        return
    raw: Any = await connection.get_raw_connection()
    seen: set[int] = raw.info.setdefault(f"days {database.dropped}", set())  # by this connection
    if not (missing := set(days) - seen):
        return
    async with database.aside() as other:
        await make_days(other, missing)
    for table in GROWING:
        for day in missing:
            # A transaction that wrote to the table before learns of a new part of it only when it takes a new lock.
            await connection.execute(text(f"SELECT 1 FROM {_partition(table, day)} LIMIT 0"))  # noqa: S608 - our own name
    seen |= missing


async def make_days(connection: AsyncConnection, days: Iterable[int]) -> None:
    """The same in the transaction of `connection`, on PostgreSQL: for restoring."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    there = set(await present(connection))
    for table in GROWING:
        for day in sorted(set(days)):
            name = _partition(table, day)
            if name in there:
                continue
            # Attaching, unlike CREATE … PARTITION OF, lets others go on reading and writing the other days.
            await connection.execute(
                text(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
            )
            await connection.execute(
                text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({day}) TO ({day + 1})")
            )


async def drop_day(database: Database, table: str, day: int) -> None:
    """Drop `table`'s day, on PostgreSQL.

    Raises:
        Unavailable: somebody read or wrote the table just then; try again later.
    """
    database.dropped += 1
    async with database.aside() as connection:
        await connection.execute(text("SET LOCAL lock_timeout = '500ms'"))  # who comes after us waits as long
        await connection.execute(text(f"DROP TABLE IF EXISTS {_partition(table, day)}"))


async def days_of(connection: AsyncConnection, table: str) -> list[int]:
    """The days for which `table` has room on PostgreSQL, oldest first."""
    prefix = f"{table}_day_"
    return sorted(int(name.removeprefix(prefix)) for name in await present(connection) if name.startswith(prefix))


async def present(connection: AsyncConnection) -> list[str]:
    """Names of all tables of one day."""
    parents = ", ".join(f"'{table}'::regclass" for table in GROWING)
    statement = f"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent IN ({parents})"  # noqa: S608 - our own names
    rows: Any = await connection.execute(text(statement))
    return [row[0] for row in rows]


def _partition(table: str, day: int) -> str:
    """The name of a day's table. Days before 1970, which nobody should send, get a name too."""
    return f"{table}_day_{day}" if day >= 0 else f"{table}_day_minus_{-day}"
