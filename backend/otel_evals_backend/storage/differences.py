"""Writes differences of sums, for what is kept and for what is erased.

Tables in the order of `recount.ROLLUPS`, rows in the order of their keys, so that two writers never wait for each other
in a ring; a row that has come down to nothing is removed, so that the tables are those of a clean run.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import and_, bindparam, delete
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.storage.database import Database, put
from otel_evals_backend.storage.tables import METADATA


async def add_sums(
    database: Database,
    connection: AsyncConnection,
    name: str,
    sums: Iterable[str],
    rows: Mapping[tuple[int | str, ...], Any],
) -> None:
    """Add `rows`, by key, to the table called `name`: of each the differences of its `sums`, that of `n` first."""
    table = METADATA.tables[name]
    keys = [column.name for column in table.columns if column.primary_key]
    ordered = sorted(key for key, values in rows.items() if any(values))
    changes: list[dict[str, Any]] = [dict(zip((*keys, *sums), (*key, *rows[key]), strict=True)) for key in ordered]
    await put(connection, database.insert_or_add(table, sums), changes)
    shrunk = [{f"key_{k}": v for k, v in zip(keys, key, strict=True)} for key in ordered if rows[key][0] < 0]
    if shrunk:
        place = and_(*(table.c[k] == bindparam(f"key_{k}") for k in keys))
        await connection.execute(delete(table).where(place, table.c["n"] <= 0), shrunk)
