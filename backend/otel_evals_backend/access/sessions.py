"""Sessions of people who logged in: a random value in a cookie, its hash in a table, so that each can be ended.

A session ends for good after `backend.access.session`, earlier when unused for `backend.access.idle`, at log-out, when
the person is disabled, or when everything of the person is logged out.
"""

import secrets
from hashlib import sha256
from typing import Final

import msgspec
from sqlalchemy import and_, delete, false, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.records import Person, Role
from otel_evals_backend.settings import AccessSettings
from otel_evals_backend.storage.tables import sessions, users

NOTE_EVERY_NS: Final = 60_000_000_000
"""Use is noted once in this time, not at every request."""
_NS: Final = 1_000_000_000


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What a person chose for themselves."""

    theme: str = ""
    single_keys: bool = True


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A session that holds."""

    person: Person
    digest: bytes
    note_use: bool


def digest_of(secret: str) -> bytes:
    """What is kept of a random secret. It has 256 bits, so a plain hash cannot be guessed back."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def begin(connection: AsyncConnection, user: str, now_ns: int, settings: AccessSettings) -> str:
    """A new session of `user`; the cookie's value, which is kept nowhere. Sessions that ended long ago are cleared."""
    await connection.execute(delete(sessions).where(sessions.c.until_ns < now_ns))
    secret = secrets.token_urlsafe(32)
    until_ns = now_ns + int(settings.session * _NS)
    await connection.execute(
        insert(sessions).values(
            digest=digest_of(secret), user=user, created_ns=now_ns, seen_ns=now_ns, until_ns=until_ns
        )
    )
    return secret


async def find(connection: AsyncConnection, secret: str, now_ns: int, settings: AccessSettings) -> Found | None:
    """Who is logged in by this cookie; None when the session has ended or never was."""
    digest = digest_of(secret)
    statement = (
        select(users.c.id, users.c.name, users.c.role, users.c.preferences, sessions.c.seen_ns)
        .join(sessions, sessions.c.user == users.c.id)
        .where(
            sessions.c.digest == digest,
            sessions.c.until_ns > now_ns,
            sessions.c.seen_ns > now_ns - int(settings.idle * _NS),
            users.c.disabled == false(),
        )
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    chosen = msgspec.json.decode(row.preferences, type=Preferences)
    person = Person(id=row.id, name=row.name, role=Role(row.role), theme=chosen.theme, single_keys=chosen.single_keys)
    return Found(person=person, digest=digest, note_use=now_ns - row.seen_ns >= NOTE_EVERY_NS)


async def note_use(connection: AsyncConnection, digest: bytes, now_ns: int) -> None:
    """Write down that the session is in use."""
    await connection.execute(update(sessions).where(sessions.c.digest == digest).values(seen_ns=now_ns))


async def end(connection: AsyncConnection, secret: str) -> None:
    """End the session of this cookie."""
    await connection.execute(delete(sessions).where(sessions.c.digest == digest_of(secret)))


async def end_all(connection: AsyncConnection, user: str, *, but: str = "") -> int:
    """End every session of `user`, except that of the cookie `but`; how many ended."""
    chosen = and_(sessions.c.user == user, or_(sessions.c.digest != digest_of(but)))
    return (await connection.execute(delete(sessions).where(chosen))).rowcount


async def count(connection: AsyncConnection, user: str, now_ns: int) -> int:
    """How many sessions of `user` have not ended."""
    statement = select(sessions.c.digest).where(sessions.c.user == user, sessions.c.until_ns > now_ns)
    return len((await connection.execute(statement)).all())
