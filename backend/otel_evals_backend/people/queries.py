"""What the pages and the API of people show."""

from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access import app_keys, invites, tokens, users
from otel_evals_backend.people.models import (
    AppKeyOut,
    AuditPage,
    AuditRow,
    InvitationOut,
    KeptOut,
    PersonOut,
    TokenOut,
    moment,
    moment_or_none,
)
from otel_evals_backend.settings import BackendSettings
from otel_evals_backend.storage import tables

_DAY: Final = 86400


async def people(connection: AsyncConnection) -> list[PersonOut]:
    """Everybody who may log in."""
    return [_person(user) for user in await users.listed(connection)]


def _person(user: users.User) -> PersonOut:
    return PersonOut(
        id=user.id,
        name=user.name,
        email=user.email,
        role=user.role,
        disabled=user.disabled,
        created=moment(user.created_ns),
        logs_in_by=[
            *(["password"] if user.password_hash else []),
            *(["oidc"] if user.subject else []),
        ],
    )


async def invitations(connection: AsyncConnection, now_ns: int) -> list[InvitationOut]:
    """Those that wait."""
    return [
        InvitationOut(id=one.id, role=one.role, made_by=one.made_by, ends=moment(one.until_ns), for_person=one.user)
        for one in await invites.listed(connection, now_ns)
    ]


async def token_list(connection: AsyncConnection, *, of: str | None) -> list[TokenOut]:
    """Tokens of one person, or all."""
    return [
        TokenOut.model_validate(
            {
                "id": one.id,
                "name": one.name,
                "scopes": list(one.scopes),
                "made_by": one.made_by,
                "created": moment(one.created_ns),
                "ends": moment_or_none(one.until_ns),
                "revoked": moment_or_none(one.revoked_ns),
                "last_used": moment_or_none(one.used_ns),
            }
        )
        for one in await tokens.listed(connection, of=of)
    ]


async def app_key_list(connection: AsyncConnection) -> list[AppKeyOut]:
    """All publishable keys."""
    return [
        AppKeyOut(
            id=one.id,
            app=one.app,
            origins=list(one.origins),
            per_minute=one.per_minute,
            made_by=one.made_by,
            created=moment(one.created_ns),
            revoked=moment_or_none(one.revoked_ns),
        )
        for one in await app_keys.listed(connection)
    ]


async def audit_page(
    connection: AsyncConnection, *, before: int | None, limit: int, who: str = "", action: str = ""
) -> AuditPage:
    """The log of changes, newest first, from before the row `before`."""
    log = tables.audit
    statement = (
        select(log, tables.users.c.name)
        .outerjoin(tables.users, tables.users.c.id == log.c.who)
        .order_by(log.c.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(log.c.id < before)
    if who:
        statement = statement.where(log.c.who == who)
    if action:
        statement = statement.where(log.c.action == action)
    found = (await connection.execute(statement)).all()
    rows = [
        AuditRow(
            id=row.id,
            at=moment(row.at_ns),
            who=row.who,
            name=row.name or row.who,
            action=row.action,
            object=row.object,
            detail=row.detail,
        )
        for row in found[:limit]
    ]
    return AuditPage(rows=rows, before=rows[-1].id if len(found) > limit else None)


def kept(settings: BackendSettings) -> KeptOut:
    """What the configuration says of keeping."""
    ages = settings.retention
    return KeptOut.model_validate(
        {
            "content_policy": settings.content.policy.value,
            "encrypted": settings.content.key is not None,
            "content_days": ages.content / _DAY,
            "span_days": ages.spans / _DAY,
            "sum_days": ages.sums / _DAY,
            "audit_days": ages.audit / _DAY,
            "trace_links": msgspec.to_builtins(settings.trace_links),
        }
    )
