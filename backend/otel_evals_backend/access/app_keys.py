"""Publishable keys of applications: one may stand in a web page, since all that it can do is send feedback.

It is no credential of ours: the door lets a request that carries one pass without a person, and the room that takes
feedback asks `app_key_of`, the origins and the rate.
"""

import secrets
from collections.abc import Iterable
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.records import Person
from otel_evals_backend.storage.tables import app_keys

PREFIX: Final = "oepk_"


class AppKey(msgspec.Struct, frozen=True, kw_only=True):
    """A publishable key."""

    id: str
    """The key itself."""
    app: str
    origins: tuple[str, ...]
    """Origins of browsers that may use it; empty = no browser, servers only."""
    per_minute: int
    made_by: str
    created_ns: int
    revoked_ns: int | None


def origin_of(written: str) -> str:
    """The origin as browsers write it.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(written.strip().rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(f"not an origin: {written!r} (write https://app.example.com)")
    if parts.path or parts.query or parts.fragment:
        raise ValueError(f"an origin has no path: {written!r} (write https://app.example.com)")
    return f"{parts.scheme}://{parts.netloc.lower()}"


async def make(
    connection: AsyncConnection, person: Person, *, app: str, origins: Iterable[str], per_minute: int, now_ns: int
) -> str:
    """A new key for `app`.

    Raises:
        ValueError: an origin is none.
    """
    key = PREFIX + secrets.token_urlsafe(16)
    written = sorted({origin_of(origin) for origin in origins})
    await connection.execute(
        insert(app_keys).values(
            id=key,
            app=app,
            origins=msgspec.json.encode(written).decode(),
            per_minute=per_minute,
            made_by=person.id,
            created_ns=now_ns,
        )
    )
    return key


async def app_key_of(connection: AsyncConnection, key: str) -> AppKey | None:
    """The key, if there is one and it was not revoked."""
    statement = select(app_keys).where(app_keys.c.id == key, app_keys.c.revoked_ns.is_(None))
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _key(row)


async def is_known_origin(connection: AsyncConnection, origin: str) -> bool:
    """Whether any key may be used by pages of `origin`: what a browser asks before it shows a key."""
    statement = select(app_keys.c.origins).where(app_keys.c.revoked_ns.is_(None))
    rows = await connection.execute(statement)
    return any(origin in cast("list[str]", msgspec.json.decode(row.origins)) for row in rows)


async def revoke(connection: AsyncConnection, key: str, now_ns: int) -> bool:
    """End the key; whether there was one to end."""
    statement = update(app_keys).where(app_keys.c.id == key, app_keys.c.revoked_ns.is_(None))
    return (await connection.execute(statement.values(revoked_ns=now_ns))).rowcount == 1


async def listed(connection: AsyncConnection) -> list[AppKey]:
    """All keys, newest first."""
    statement = select(app_keys).order_by(app_keys.c.created_ns.desc(), app_keys.c.id).limit(500)
    return [_key(row) for row in (await connection.execute(statement)).all()]


def _key(row: object) -> AppKey:
    found = msgspec.convert(row, AppKeyRow, from_attributes=True)
    return AppKey(
        id=found.id,
        app=found.app,
        origins=tuple(cast("list[str]", msgspec.json.decode(found.origins))),
        per_minute=found.per_minute,
        made_by=found.made_by,
        created_ns=found.created_ns,
        revoked_ns=found.revoked_ns,
    )


class AppKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table, typed."""

    id: str
    app: str
    origins: str
    per_minute: int
    made_by: str
    created_ns: int
    revoked_ns: int | None
