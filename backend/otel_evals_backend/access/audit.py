"""The log of changes: one row for each, in the transaction that makes the change."""

from typing import Any

import msgspec
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.clock import Clock
from otel_evals_backend.records import Person
from otel_evals_backend.storage.tables import audit


async def note(
    connection: AsyncConnection, clock: Clock, person: Person, action: str, thing: str, **detail: Any
) -> None:
    """Write down that `person` did `action` to `thing`. `detail` never holds content or credentials."""
    await connection.execute(
        insert(audit).values(
            at_ns=clock.time_ns(),
            who=person.id,
            action=action,
            object=thing,
            detail=msgspec.json.encode(detail).decode(),
        )
    )
