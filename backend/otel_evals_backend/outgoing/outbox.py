"""Rows that wait to be sent. Written in the transaction that makes what they say; removed once it has arrived.

Whoever sends rows moves their due time ahead first, in a transaction: that is the lease, and no other replica sees them
until it ends. Who dies while sending leaves them to be sent again, which the ids in them make harmless.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.signal import Signal
from otel_evals_backend.storage.database import Database, put
from otel_evals_backend.storage.tables import outbox

LEASE_NS: Final = 60_000_000_000
"""How long rows belong to who sends them; a request takes a sixth of it at most."""
_MOST_BYTES: Final = 1 << 20


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A row that we hold the lease of."""

    id: str
    signal: Signal
    body: bytes
    """An OTLP export request."""
    attempts: int
    """Times that it failed alone while others went through."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the outbox."""

    waiting: int
    set_aside: int
    """Rows that the destination refused for good; they stay to be looked at until their time is over."""


async def post(
    database: Database, connection: AsyncConnection, rows: Sequence[tuple[str, Signal, bytes]], now_ns: int
) -> None:
    """Put (id, signal, request) into the outbox; one whose id is there already changes nothing."""
    await put(
        connection,
        database.insert_new(outbox),
        [
            {"id": name, "signal": signal.value, "body": body, "created_ns": now_ns, "due_ns": now_ns}
            for name, signal, body in rows
        ],
    )


async def is_due(connection: AsyncConnection, now_ns: int) -> bool:
    """Whether there is anything to take: asked often, so that an empty outbox costs no transaction of a writer."""
    statement = select(outbox.c.id).where(outbox.c.due_ns <= now_ns, outbox.c.refused.is_(None)).limit(1)
    return (await connection.execute(statement)).first() is not None


async def claim(connection: AsyncConnection, now_ns: int, *, most: int) -> list[Letter]:
    """Take the lease of the oldest rows that are due, all of one signal: as many as fit into one request.

    A single one is the one that has been due for longest: not again the oldest, which has just failed.
    """
    first = (outbox.c.created_ns, outbox.c.id) if most > 1 else (outbox.c.due_ns, outbox.c.created_ns, outbox.c.id)
    statement = (
        select(outbox.c.id, outbox.c.signal, outbox.c.body, outbox.c.attempts)
        .where(outbox.c.due_ns <= now_ns, outbox.c.refused.is_(None))
        .order_by(*first)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    taken: list[Letter] = []
    size = 0
    for row in (await connection.execute(statement)).all():
        size += len(row.body)
        if taken and (row.signal != taken[0].signal.value or size > _MOST_BYTES):
            break
        taken.append(
            Letter(id=row.id, signal=Signal(row.signal), body=bytes(row.body), attempts=row.attempts)
        )  # fmt: skip
    await _set(connection, taken, due_ns=now_ns + LEASE_NS)
    return taken


async def arrived(connection: AsyncConnection, letters: Sequence[Letter]) -> None:
    """Forget what has arrived."""
    await connection.execute(delete(outbox).where(outbox.c.id.in_([letter.id for letter in letters])))


async def put_back(
    connection: AsyncConnection, letters: Sequence[Letter], due_ns: int | None = None, *, counted: bool = False
) -> None:
    """Give the lease back: the rows may be taken at once, or from `due_ns` on. `counted`: it was they who failed."""
    more = {"attempts": outbox.c.attempts + 1} if counted else {}
    await _set(connection, letters, due_ns=outbox.c.created_ns if due_ns is None else due_ns, **more)


async def set_aside(connection: AsyncConnection, letter: Letter, why: str) -> None:
    """Never send it again, and remember why."""
    await _set(connection, [letter], refused=why or "refused")


async def send_again(connection: AsyncConnection, now_ns: int) -> int:
    """Let everything that was set aside be tried again; how many rows."""
    statement = update(outbox).where(outbox.c.refused.is_not(None))
    return (await connection.execute(statement.values(refused=None, attempts=0, due_ns=now_ns))).rowcount


async def expire(connection: AsyncConnection, before_ns: int) -> int:
    """Remove what was written before then; how many rows."""
    return (await connection.execute(delete(outbox).where(outbox.c.created_ns < before_ns))).rowcount


async def standing(connection: AsyncConnection) -> Standing:
    """How much is in the outbox."""
    aside = outbox.c.refused.is_not(None)
    rows = (await connection.execute(select(aside, func.count()).group_by(aside))).all()
    found = {bool(refused): count for refused, count in rows}
    return Standing(waiting=found.get(False, 0), set_aside=found.get(True, 0))


async def _set(connection: AsyncConnection, letters: Sequence[Letter], **values: Any) -> None:
    if letters:
        statement = update(outbox).where(outbox.c.id.in_([letter.id for letter in letters]))
        await connection.execute(statement.values(**values))
