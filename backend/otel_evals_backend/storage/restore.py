"""Makes a database from a backup of either database, all of it or nothing. Called by the command line.

The file is read twice: once to see that it is whole, then into tables of the revision that it was made with, which are
brought to the present one after that. All of it is one transaction: whoever kills it has what was there before.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard
from sqlalchemy import Connection, Table, func, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals_backend.storage.backup import FORMAT, Head, Report, Tail, tables_of
from otel_evals_backend.storage.database import Database, Engine
from otel_evals_backend.storage.faults import damaged
from otel_evals_backend.storage.migrate import known_revisions, lock, revision_of, upgrade
from otel_evals_backend.storage.partitions import make_days
from otel_evals_backend.storage.tables import GROWING, METADATA

_PATIENCE: Final = 600.0
_LARGEST: Final = 1 << 30
"""Bytes of one batch; a longer one is no batch of ours."""


async def restore(database: Database, file: Path, *, replace: bool = False) -> Report:
    """Fill an empty database from `file`.

    Args:
        database: open; empty, unless `replace`.
        file: a backup.
        replace: throw away what the database holds. SQLite's file is moved aside when it is damaged.

    Raises:
        ConfigurationError: the file is no whole backup or of a newer version, or the database is not empty.
        Unavailable: the database cannot be written.
    """
    head, tail = _verified(file)
    if head.revision not in known_revisions():
        raise ConfigurationError(f"{file} is of a newer version of otel-evals (schema {head.revision}): upgrade first")
    if replace:
        await _set_aside(database)
    async with database.write(patience=_PATIENCE) as connection:
        await lock(database, connection)
        await _clear(connection, replace=replace)
        await connection.run_sync(upgrade, head.revision)
        await _fill(database, connection, file, head)
        await connection.run_sync(upgrade)
    database.dropped += 1
    return Report(revision=head.revision, rows=tail.rows, size=file.stat().st_size)  # noqa: ASYNC240 - once


def _verified(file: Path) -> tuple[Head, Tail]:
    """Head and tail of a whole backup."""
    digest = sha256()
    head: Head | None = None
    tail: Tail | None = None
    counts: dict[str, int] = {}
    try:
        for framed in _frames(file):
            data = framed[4:]
            if head is None:
                head = msgspec.msgpack.decode(data, type=Head)
                counts = dict.fromkeys(head.tables, 0)
            elif data[:1] == b"\x92":  # a batch is an array of two
                name, rows = msgspec.msgpack.decode(data, type=tuple[str, list[msgspec.Raw]])
                counts[name] += len(rows)
            else:
                tail = msgspec.msgpack.decode(data, type=Tail)
                break
            digest.update(framed)
    except (zstandard.ZstdError, msgspec.MsgspecError, KeyError, EOFError) as error:
        raise ConfigurationError(f"{file} is no backup of otel-evals, or is damaged ({error})") from error
    if head is None or head.format != FORMAT:
        raise ConfigurationError(f"{file} is no backup of otel-evals")
    if tail is None or tail.sha256 != digest.digest() or tail.rows != counts:
        raise ConfigurationError(f"{file} is damaged: it was cut or changed after it was written")
    return head, tail


def _frames(file: Path) -> Iterator[bytes]:
    with file.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        while length := stream.read(4):
            size = int.from_bytes(length, "big")
            if len(length) < 4 or size > _LARGEST:
                raise EOFError("a length is wrong")
            data = stream.read(size)
            if len(data) < size:
                raise EOFError("it ends too early")
            yield length + data


async def _set_aside(database: Database) -> None:
    """Move a damaged file of SQLite away, with what belongs to it."""
    if database.engine is not Engine.SQLITE:
        return
    try:
        async with database.read() as connection:
            await connection.execute(text("PRAGMA quick_check(1)"))
            await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    except Unavailable as error:
        if not damaged(error):
            raise
        await database.close()
        _move(str(database.url.database))
        await database.open()


def _move(name: str) -> None:
    for end in ("", "-wal", "-shm"):
        file = Path(f"{name}{end}")
        if file.exists():
            file.replace(f"{name}.damaged{end}")


async def _clear(connection: AsyncConnection, *, replace: bool) -> None:
    if await connection.run_sync(_is_empty):
        return
    if not replace:
        for table in await connection.run_sync(tables_of):
            if (await connection.execute(select(func.count()).select_from(table))).scalar_one():
                raise ConfigurationError(
                    f"the database is not empty (table {table.name}): name an empty one, or say that it is replaced"
                )
    await connection.run_sync(_drop)


def _is_empty(connection: Connection) -> bool:
    return revision_of(connection) is None


def _drop(connection: Connection) -> None:
    for name in ("texts_search",) if connection.dialect.name == "sqlite" else ():
        connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
    cascade = "" if connection.dialect.name == "sqlite" else " CASCADE"
    for name in (*METADATA.tables, "alembic_version"):
        connection.execute(text(f"DROP TABLE IF EXISTS {name}{cascade}"))
    if cascade:
        connection.execute(text("DROP FUNCTION IF EXISTS labels_guard"))


async def _fill(database: Database, connection: AsyncConnection, file: Path, head: Head) -> None:
    tables = {table.name: table for table in await connection.run_sync(tables_of)}
    days: set[int] = set()
    for framed in _frames(file):
        if framed[4:5] != b"\x92":
            continue
        name, rows = msgspec.msgpack.decode(framed[4:], type=tuple[str, list[list[Any]]])
        columns = head.tables[name]
        if database.engine is Engine.POSTGRESQL and name in GROWING:
            new = {row[columns.index("day")] for row in rows} - days
            if new:
                await make_days(connection, new)
                days |= new
        await connection.execute(insert(tables[name]), [dict(zip(columns, row, strict=True)) for row in rows])
    if database.engine is Engine.POSTGRESQL:
        await _count_on(connection, tables["audit"])


async def _count_on(connection: AsyncConnection, table: Table) -> None:
    """Let PostgreSQL number new rows behind those that were restored."""
    await connection.execute(
        text(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608 - our own name
            f"coalesce((SELECT max(id) FROM {table.name}), 0) + 1, false)"
        )
    )
