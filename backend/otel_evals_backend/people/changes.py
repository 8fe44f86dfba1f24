"""Changes of people, invitations, tokens and keys: each with its line in the log of changes, in one transaction.

The pages and the API both come through here, so that neither can do what the other refuses.
"""

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access import app_keys, invites, sessions, tokens, users
from otel_evals_backend.access.audit import note
from otel_evals_backend.access.people import may
from otel_evals_backend.context import Context
from otel_evals_backend.people.models import AppKeyOrder, PersonChange, TokenOrder
from otel_evals_backend.records import Person, Role

_DAY_NS = 86_400_000_000_000


class Unknown(Exception):  # noqa: N818 - named for the condition, as the status it becomes
    """There is no such thing, or it is not yours."""


async def invite(context: Context, who: Person, role: Role) -> tuple[str, str]:
    """A new invitation: id and secret."""
    async with context.database.write() as connection:
        identity, secret = await invites.make(connection, role, who.id, context.clock.time_ns())
        await note(connection, context.clock, who, "invite", f"invitation:{identity[:12]}", role=role.value)
    return identity, secret


async def renew_password(context: Context, who: Person, identity: str) -> tuple[str, str]:
    """A link by which the person sets a new password: id and secret.

    Raises:
        Unknown: there is no such person.
    """
    async with context.database.write() as connection:
        user = await users.one(connection, id=identity)
        if user is None or user.disabled:
            raise Unknown
        made, secret = await invites.make(connection, user.role, who.id, context.clock.time_ns(), user=identity)
        await note(connection, context.clock, who, "link for a new password", f"user:{identity}")
    return made, secret


async def withdraw(context: Context, who: Person, identity: str) -> None:
    """Take an invitation back.

    Raises:
        Unknown: it does not wait.
    """
    async with context.database.write() as connection:
        if not await invites.withdraw(connection, identity):
            raise Unknown
        await note(connection, context.clock, who, "withdraw", f"invitation:{identity[:12]}")


async def change_person(context: Context, who: Person, identity: str, change: PersonChange) -> None:
    """Another role, or no more log-in; who is disabled is logged out everywhere.

    Raises:
        Unknown: there is no such person.
        users.LastAdmin: nobody would be left to administer.
    """
    values = change.model_dump(exclude_none=True, mode="json")
    async with context.database.write() as connection:
        if not values or not await users.change(connection, identity, **values):
            raise Unknown
        if change.disabled:
            await sessions.end_all(connection, identity)
        await note(connection, context.clock, who, "change", f"user:{identity}", **values)


async def prefer(context: Context, who: Person, chosen: sessions.Preferences) -> None:
    """Keep what a person chose; without log-in there is no one to keep it for, the browser does."""
    async with context.database.write() as connection:
        if await users.change(connection, who.id, preferences=msgspec.json.encode(chosen).decode()):
            await note(
                connection, context.clock, who, "change", f"user:{who.id}", preferences=msgspec.to_builtins(chosen)
            )


async def set_password(context: Context, who: Person, password_hash: str, *, keep: str) -> None:
    """A new password; all other sessions end."""
    async with context.database.write() as connection:
        await users.change(connection, who.id, password_hash=password_hash)
        await sessions.end_all(connection, who.id, but=keep)
        await note(connection, context.clock, who, "new password", f"user:{who.id}")


async def end_sessions(context: Context, who: Person, *, keep: str = "") -> int:
    """Log out everywhere but here; how many sessions ended."""
    async with context.database.write() as connection:
        ended = await sessions.end_all(connection, who.id, but=keep)
        await note(connection, context.clock, who, "log out everywhere", f"user:{who.id}", sessions=ended)
    return ended


async def make_token(context: Context, who: Person, order: TokenOrder) -> tuple[str, str]:
    """A new token: id and secret.

    Raises:
        ValueError: scopes beyond what the person may.
    """
    now_ns = context.clock.time_ns()
    until_ns = None if order.days is None else now_ns + order.days * _DAY_NS
    async with context.database.write() as connection:
        identity, secret = await tokens.make(
            connection, who, name=order.name, scopes=order.scopes, now_ns=now_ns, until_ns=until_ns
        )
        await note(connection, context.clock, who, "make", f"token:{identity}", name=order.name, scopes=order.scopes)
    return identity, secret


async def revoke_token(context: Context, who: Person, identity: str) -> None:
    """End a token: one's own, or any for administrators.

    Raises:
        Unknown: there is none to end.
    """
    async with context.database.write() as connection:
        of = None if may(who, Role.ADMIN) else who.id
        if not await tokens.revoke(connection, identity, context.clock.time_ns(), of=of):
            raise Unknown
        await note(connection, context.clock, who, "revoke", f"token:{identity}")


async def make_app_key(context: Context, who: Person, order: AppKeyOrder) -> str:
    """A new publishable key.

    Raises:
        ValueError: an origin is none.
    """
    async with context.database.write() as connection:
        key = await app_keys.make(
            connection,
            who,
            app=order.app,
            origins=order.origins,
            per_minute=order.per_minute,
            now_ns=context.clock.time_ns(),
        )
        await note(connection, context.clock, who, "make", f"app_key:{key}", app=order.app, origins=order.origins)
    return key


async def revoke_app_key(context: Context, who: Person, key: str) -> None:
    """End a publishable key.

    Raises:
        Unknown: there is none to end.
    """
    async with context.database.write() as connection:
        if not await app_keys.revoke(connection, key, context.clock.time_ns()):
            raise Unknown
        await note(connection, context.clock, who, "revoke", f"app_key:{key}")


async def logged_in(connection: AsyncConnection, context: Context, who: Person, cookie: str, *, by: str) -> str:
    """A fresh session for `who`; what the cookie showed before ends, so that nobody can have set it in advance."""
    if cookie:
        await sessions.end(connection, cookie)
    await note(connection, context.clock, who, "log in", f"user:{who.id}", by=by)
    return await sessions.begin(connection, who.id, context.clock.time_ns(), context.settings.access)
