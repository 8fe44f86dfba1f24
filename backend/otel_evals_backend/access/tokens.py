"""Tokens of programs: shown once, kept as a hash, with scopes, an end, a last use, and revocable.

A token never may more than its maker may at the time of use: who is disabled or given a smaller role takes the tokens
along.
"""

import secrets
from collections.abc import Iterable
from typing import Final, cast

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access.sessions import NOTE_EVERY_NS, digest_of
from otel_evals_backend.records import LOCAL, Person, Role
from otel_evals_backend.storage.tables import tokens, users

PREFIX: Final = "oet_"
SCOPES: Final = {
    "read": "see every page and export",
    "review": "label, and all that read may",
    "send": "send OTLP",
    "admin": "everything",
}
"""What a token may do, in words."""
_OF_ROLE: Final = {
    Role.VIEWER: frozenset({"read"}),
    Role.REVIEWER: frozenset({"read", "review"}),
    Role.ADMIN: frozenset({"read", "review", "send", "admin"}),
}


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is listed. The secret is known to its holder alone."""

    id: str
    name: str
    scopes: tuple[str, ...]
    made_by: str
    created_ns: int
    until_ns: int | None
    revoked_ns: int | None
    used_ns: int | None


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who shows a token that holds."""

    person: Person
    token: str
    note_use: bool


def scopes_of(role: Role) -> frozenset[str]:
    """The scopes that someone of this role can give to a token."""
    return _OF_ROLE[role]


def holder(identity: str, name: str, scopes: Iterable[str]) -> Person:
    """The person that a program with these scopes acts as."""
    given = frozenset(scopes)
    role = Role.ADMIN if "admin" in given else Role.REVIEWER if "review" in given else Role.VIEWER
    return Person(id=f"token:{identity}", name=name, role=role, scopes=given)


async def make(
    connection: AsyncConnection,
    person: Person,
    *,
    name: str,
    scopes: Iterable[str],
    now_ns: int,
    until_ns: int | None = None,
) -> tuple[str, str]:
    """A new token of `person`: its id and the secret, which is kept nowhere.

    Raises:
        ValueError: a scope is unknown or beyond the person's role, or there is none.
    """
    given = sorted(set(scopes))
    allowed = person.scopes or scopes_of(person.role)
    if "admin" in allowed:
        allowed = scopes_of(Role.ADMIN)
    if not given or not set(given) <= allowed:
        raise ValueError(f"scopes of a token: one or more of {', '.join(sorted(allowed))}")
    identity, secret = secrets.token_hex(8), PREFIX + secrets.token_urlsafe(32)
    await connection.execute(
        insert(tokens).values(
            id=identity,
            digest=digest_of(secret),
            name=name,
            scopes=msgspec.json.encode(given).decode(),
            made_by=person.id,
            created_ns=now_ns,
            until_ns=until_ns,
        )
    )
    return identity, secret


async def find(connection: AsyncConnection, secret: str, now_ns: int) -> Holder | None:
    """Who shows this token; None when it does not hold, or no longer."""
    statement = (
        select(tokens, users.c.role, users.c.disabled)
        .outerjoin(users, users.c.id == tokens.c.made_by)
        .where(tokens.c.digest == digest_of(secret), tokens.c.revoked_ns.is_(None))
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None or (row.until_ns is not None and row.until_ns <= now_ns) or row.disabled:
        return None
    if row.role is None and row.made_by != LOCAL.id:
        return None
    role = Role(row.role) if row.role is not None else Role.ADMIN
    scopes = frozenset(cast("list[str]", msgspec.json.decode(row.scopes))) & scopes_of(role)
    if not scopes:
        return None
    fresh = row.used_ns is not None and now_ns - row.used_ns < NOTE_EVERY_NS
    return Holder(person=holder(row.id, row.name, scopes), token=row.id, note_use=not fresh)


async def note_use(connection: AsyncConnection, token: str, now_ns: int) -> None:
    """Write down that the token was used."""
    await connection.execute(update(tokens).where(tokens.c.id == token).values(used_ns=now_ns))


async def revoke(connection: AsyncConnection, token: str, now_ns: int, *, of: str | None = None) -> bool:
    """End the token, if it belongs to `of` (None = whomever); whether there was one to end."""
    statement = update(tokens).where(tokens.c.id == token, tokens.c.revoked_ns.is_(None))
    if of is not None:
        statement = statement.where(tokens.c.made_by == of)
    return (await connection.execute(statement.values(revoked_ns=now_ns))).rowcount == 1


async def listed(connection: AsyncConnection, *, of: str | None = None) -> list[Token]:
    """All tokens, or those of one person, newest first."""
    statement = select(tokens).order_by(tokens.c.created_ns.desc(), tokens.c.id).limit(500)
    if of is not None:
        statement = statement.where(tokens.c.made_by == of)
    rows = (await connection.execute(statement)).all()
    return [
        Token(
            id=row.id,
            name=row.name,
            scopes=tuple(cast("list[str]", msgspec.json.decode(row.scopes))),
            made_by=row.made_by,
            created_ns=row.created_ns,
            until_ns=row.until_ns,
            revoked_ns=row.revoked_ns,
            used_ns=row.used_ns,
        )
        for row in rows
    ]
