"""Everything that is kept, in one file that either database can be made from again.

The file is one zstd stream. Inside: MessagePack values, each behind its length in four bytes (big endian). First a
`Head`, then batches `[table, rows]`, last a `Tail` with the number of rows of each table and the SHA-256 of all before
it: a file that was cut or changed is known as such. It is written beside its place, synced and renamed. Content that is
encrypted stays so: keep its keys. Called by the command line and before destructive migrations; `restore` reads it.
"""

import os
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import zstandard
from sqlalchemy import Connection, MetaData, Table, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.storage.database import Database, Engine
from otel_evals_backend.storage.tables import METADATA

FORMAT: Final = "otel-evals backup 1"
_BATCH: Final = 2000


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """How a backup begins."""

    format: str
    revision: str
    """Of the schema."""
    tables: dict[str, tuple[str, ...]]
    """Names of the columns, in the order of the rows' values."""


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """How it ends."""

    rows: dict[str, int]
    sha256: bytes


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was written, or read."""

    revision: str
    rows: dict[str, int]
    """By table."""
    size: int
    """Bytes of the file."""


async def backup(database: Database, file: Path) -> Report:
    """Write what the database holds at this moment to `file`, while others go on writing to it.

    Raises:
        Unavailable: the database cannot be read.
        OSError: the file cannot be written; nothing is left of it.
    """
    aside = file.with_name(f"{file.name}.writing")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            revision, rows = await _write(database, out)
            out.flush()
            os.fsync(out.fileno())
        aside.rename(file)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return Report(revision=revision, rows=rows, size=file.stat().st_size)  # noqa: ASYNC240 - the same


async def _write(database: Database, out: IO[bytes]) -> tuple[str, dict[str, int]]:
    counts: dict[str, int] = {}
    async with database.read() as connection:
        if database.engine is Engine.POSTGRESQL:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
        revision: Any = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
        tables = await connection.run_sync(tables_of)
        columns = {str(table.name): tuple(str(column.name) for column in table.columns) for table in tables}
        digest = sha256()
        with zstandard.ZstdCompressor(level=6, write_checksum=True).stream_writer(out, closefd=False) as stream:

            def put(value: Any) -> None:
                data = msgspec.msgpack.encode(value)
                framed = len(data).to_bytes(4, "big") + data
                digest.update(framed)
                stream.write(framed)

            put(Head(format=FORMAT, revision=revision, tables=columns))
            for table in tables:
                name = str(table.name)  # reflection gives a subclass
                counts[name] = 0
                async for rows in _batches(connection, table):
                    counts[name] += len(rows)
                    put([name, rows])
            put(Tail(rows=counts, sha256=digest.digest()))
    return revision, counts


async def _batches(connection: AsyncConnection, table: Table) -> AsyncIterator[list[list[Any]]]:
    async with connection.stream(select(table)) as result:
        async for rows in result.partitions(_BATCH):
            yield [list(row) for row in rows]


def tables_of(connection: Connection) -> list[Table]:
    """Our tables as they are in the database, whatever its revision: those that hold rows of their own."""
    there = set(inspect(connection).get_table_names())
    found = MetaData()
    ours = [name for name in METADATA.tables if name in there]
    found.reflect(connection, only=ours)
    return [found.tables[name] for name in ours]
