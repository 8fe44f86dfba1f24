"""Invitations: a link that works once and ends, for a new person, or for a new password of one who is here.

The first administrator comes by one that is printed at start.
"""

import secrets
from typing import Any, Final

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access import users
from otel_evals_backend.access.sessions import digest_of
from otel_evals_backend.records import Role
from otel_evals_backend.storage.tables import invites

ENDS_NS: Final = 3 * 86_400_000_000_000
"""Time in which an invitation is taken up."""
START: Final = "start"
"""Who invited the first administrator."""


class Invite(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that waits."""

    id: str
    """Hash of the link's secret, in hex."""
    role: Role
    made_by: str
    until_ns: int
    user: str | None
    """Whose password it sets anew; None = it makes a new person."""


async def make(
    connection: AsyncConnection, role: Role, made_by: str, now_ns: int, *, user: str | None = None
) -> tuple[str, str]:
    """A new invitation: its id and the secret of its link, which is kept nowhere."""
    secret = secrets.token_urlsafe(32)
    await connection.execute(
        insert(invites).values(
            digest=digest_of(secret), role=role.value, made_by=made_by, until_ns=now_ns + ENDS_NS, user=user
        )
    )
    return digest_of(secret).hex(), secret


async def find(connection: AsyncConnection, secret: str, now_ns: int) -> Invite | None:
    """The invitation of this link, if it can still be taken up."""
    statement = select(invites).where(
        invites.c.digest == digest_of(secret), invites.c.used_ns.is_(None), invites.c.until_ns > now_ns
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    return _invite(row)


async def take_up(connection: AsyncConnection, secret: str, now_ns: int) -> Invite | None:
    """Use the invitation up. None for the second of two who try."""
    found = await find(connection, secret, now_ns)
    statement = update(invites).where(invites.c.digest == digest_of(secret), invites.c.used_ns.is_(None))
    if found is None or (await connection.execute(statement.values(used_ns=now_ns))).rowcount != 1:
        return None
    return found


async def listed(connection: AsyncConnection, now_ns: int) -> list[Invite]:
    """What waits, the last to end first."""
    statement = (
        select(invites)
        .where(invites.c.used_ns.is_(None), invites.c.until_ns > now_ns)
        .order_by(invites.c.until_ns.desc())
        .limit(200)
    )
    return [_invite(row) for row in (await connection.execute(statement)).all()]


async def withdraw(connection: AsyncConnection, identity: str) -> bool:
    """Take an invitation back; whether it still waited."""
    try:
        digest = bytes.fromhex(identity)
    except ValueError:
        return False
    statement = delete(invites).where(invites.c.digest == digest, invites.c.used_ns.is_(None))
    return (await connection.execute(statement)).rowcount == 1


async def first(connection: AsyncConnection, now_ns: int) -> str | None:
    """The secret for the first administrator, None when there is one. An older link that nobody used ends by it."""
    if await users.has_admin(connection):
        return None
    await connection.execute(delete(invites).where(invites.c.made_by == START, invites.c.used_ns.is_(None)))
    _, secret = await make(connection, Role.ADMIN, START, now_ns)
    return secret


def _invite(row: Any) -> Invite:
    return Invite(id=row.digest.hex(), role=Role(row.role), made_by=row.made_by, until_ns=row.until_ns, user=row.user)
