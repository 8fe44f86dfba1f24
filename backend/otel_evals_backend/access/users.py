"""People who may log in: rows of `users`. Changes are audited by whoever calls."""

import secrets
from typing import Any

import msgspec
from sqlalchemy import false, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access.sessions import Preferences
from otel_evals_backend.records import Role
from otel_evals_backend.storage.tables import users


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may log in."""

    id: str
    name: str
    email: str | None
    role: Role
    disabled: bool
    created_ns: int
    password_hash: str | None
    """Of argon2; None for those who come by OpenID Connect alone."""
    subject: str | None
    preferences: Preferences


class LastAdmin(Exception):  # noqa: N818 - named for the condition
    """The change would leave nobody who may change anything."""


def normal_email(written: str) -> str:
    """The address as it is compared.

    Raises:
        ValueError: it is none.
    """
    email = written.strip().lower()
    name, at, host = email.rpartition("@")
    if not (name and at and host) or len(email) > 254 or any(c.isspace() or not c.isprintable() for c in email):
        raise ValueError("an e-mail address looks like name@example.com")
    return email


def normal_name(written: str) -> str:
    """The name as it is kept.

    Raises:
        ValueError: it is empty, too long, or holds what cannot be seen.
    """
    name = written.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise ValueError("say your name, in at most 100 characters")
    return name


async def create(
    connection: AsyncConnection,
    *,
    name: str,
    email: str | None,
    role: Role,
    now_ns: int,
    password_hash: str | None = None,
    subject: str | None = None,
) -> str:
    """A new person; the id."""
    identity = f"u{secrets.token_hex(8)}"
    await connection.execute(
        insert(users).values(
            id=identity,
            name=name,
            email=email,
            role=role.value,
            created_ns=now_ns,
            password_hash=password_hash,
            subject=subject,
            preferences="{}",
        )
    )
    return identity


async def one(connection: AsyncConnection, **by: Any) -> User | None:
    """The person whose column has the value, such as `one(connection, email=…)`."""
    ((column, value),) = by.items()
    row = (await connection.execute(select(users).where(users.c[column] == value))).one_or_none()
    return None if row is None else _user(row)


async def listed(connection: AsyncConnection) -> list[User]:
    """Everybody, by name."""
    rows = (await connection.execute(select(users).order_by(func.lower(users.c.name), users.c.id).limit(1000))).all()
    return [_user(row) for row in rows]


async def change(connection: AsyncConnection, identity: str, **values: Any) -> bool:
    """Set columns of a person; whether there is such a person.

    Raises:
        LastAdmin: a change of `role` or `disabled` would leave no administrator.
    """
    if values.get("disabled") or values.get("role", Role.ADMIN.value) != Role.ADMIN.value:
        admins = select(users.c.id).where(users.c.role == Role.ADMIN.value, users.c.disabled == false())
        found = {row[0] for row in (await connection.execute(admins.with_for_update())).all()}
        if found == {identity}:
            raise LastAdmin
    return (await connection.execute(update(users).where(users.c.id == identity).values(**values))).rowcount == 1


async def has_admin(connection: AsyncConnection) -> bool:
    """Whether anybody may administer."""
    statement = select(users.c.id).where(users.c.role == Role.ADMIN.value, users.c.disabled == false()).limit(1)
    return (await connection.execute(statement)).first() is not None


def _user(row: Any) -> User:
    return User(
        id=row.id,
        name=row.name,
        email=row.email,
        role=Role(row.role),
        disabled=row.disabled,
        created_ns=row.created_ns,
        password_hash=row.password_hash,
        subject=row.subject,
        preferences=msgspec.json.decode(row.preferences, type=Preferences),
    )
