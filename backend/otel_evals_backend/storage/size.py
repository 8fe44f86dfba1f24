"""How large the database is."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import text

from otel_evals_backend.storage.database import Database, Engine


async def size_of(database: Database) -> int:
    """Bytes of the database, SQLite's log included. Raises Unavailable."""
    if database.engine is Engine.SQLITE:
        return await asyncio.to_thread(_files, Path(str(database.url.database)))
    async with database.read() as connection:
        found: Any = await connection.execute(text("SELECT pg_database_size(current_database())"))
        return int(found.scalar_one())


def _files(file: Path) -> int:
    parts = (file, file.with_name(f"{file.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
