"""Writes what a batch adds to the sums. Called by `keep`, before the sums of feedback."""

from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.keeping.contributions import Rollups
from otel_evals_backend.storage.database import Database
from otel_evals_backend.storage.differences import add_sums


async def add(database: Database, connection: AsyncConnection, rollups: Rollups) -> None:
    """Add the differences to the tables of sums, in the transaction of `connection`."""
    for name, sums, rows in rollups.tables():
        await add_sums(database, connection, name, sums, rows)
