"""Writes differences of sums.

Rows in the order of their keys, so that two writers never wait for each other in a ring; a row that has come down to
nothing is removed, so that the tables are those of a clean run.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, bindparam, delete
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.keeping.contributions import Rollups
from otel_evals_backend.storage.database import Database, put
from otel_evals_backend.storage.tables import METADATA


async def add(database: Database, connection: AsyncConnection, rollups: Rollups) -> None:
    """Add the differences to the tables of sums, in the transaction of `connection`."""
    for name, sums, rows in rollups.tables():
        await add_sums(database, connection, name, sums, rows)


async def add_sums(
    database: Database,
    connection: AsyncConnection,
    name: str,
    sums: tuple[str, ...],
    rows: Mapping[tuple[int | str, ...], list[float]],
) -> None:
    """Add `rows`, by key, to the table called `name`."""
    table = METADATA.tables[name]
    keys = [column.name for column in table.columns if column.primary_key]
    ordered = sorted(key for key, values in rows.items() if any(values))
    changes: list[dict[str, Any]] = [dict(zip((*keys, *sums), (*key, *rows[key]), strict=True)) for key in ordered]
    await put(connection, database.insert_or_add(table, sums), changes)
    shrunk = [{f"key_{k}": v for k, v in zip(keys, key, strict=True)} for key in ordered if rows[key][0] < 0]
    if shrunk:
        place = and_(*(table.c[k] == bindparam(f"key_{k}") for k in keys))
        await connection.execute(delete(table).where(place, table.c["n"] <= 0), shrunk)
