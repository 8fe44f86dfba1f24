"""Saved views: an address with a name, for oneself or for everybody.

What is saved is read as the query of a page and written again, so that following a view never leads elsewhere.
"""

import secrets
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import HTTPException
from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access.audit import note
from otel_evals_backend.access.people import may
from otel_evals_backend.context import Context
from otel_evals_backend.evaluations.records import View, ViewOrder
from otel_evals_backend.records import Person, Role
from otel_evals_backend.storage.tables import saved_views

_MOST: Final = 200
"""Views of one person."""
_PARTS: Final = 40
_TABLE: Final = saved_views.c


async def views_of(connection: AsyncConnection, person: Person) -> tuple[View, ...]:
    """Those that `person` sees: their own first."""
    statement = select(saved_views).where(_sees(person)).order_by(_TABLE.name, _TABLE.id).limit(5 * _MOST)
    found = [_view(row, person) for row in await connection.execute(statement)]
    return tuple(sorted(found, key=lambda view: not view.mine))


async def view_of(connection: AsyncConnection, person: Person, id_: str) -> View:
    """One of them.

    Raises:
        HTTPException: there is none, or it is not theirs.
    """
    row = (await connection.execute(select(saved_views).where(_TABLE.id == id_, _sees(person)))).one_or_none()
    if row is None:
        raise HTTPException(404, "there is no such view, or it is not yours")
    return _view(row, person)


async def keep_view(context: Context, person: Person, order: ViewOrder) -> View:
    """Save a view.

    Raises:
        HTTPException: the person has too many, or is a token that only reads.
    """
    _may_change(person)
    id_ = secrets.token_urlsafe(9)
    row = {
        "id": id_, "owner": person.id, "page": order.page, "name": order.name.strip(),
        "query": _clean(order.query), "shared": order.shared, "created_ns": context.clock.time_ns(),
    }  # fmt: skip
    async with context.database.write() as connection:
        mine = select(func.count()).select_from(saved_views).where(_TABLE.owner == person.id)
        if (await connection.execute(mine)).scalar_one() >= _MOST:
            raise HTTPException(409, f"nobody keeps more than {_MOST} views: delete one first")
        await connection.execute(insert(saved_views).values(row))
        await note(connection, context.clock, person, "view.save", id_, page=order.page, shared=order.shared)
        return await view_of(connection, person, id_)


async def drop_view(context: Context, person: Person, id_: str) -> View:
    """Delete a view: one's own; an administrator may delete shared ones.

    Raises:
        HTTPException: there is none, or it is not theirs.
    """
    _may_change(person)
    async with context.database.write() as connection:
        view = await view_of(connection, person, id_)
        if not view.mine and not person.role.covers(Role.ADMIN):
            raise HTTPException(403, "this view is somebody else's")
        await connection.execute(delete(saved_views).where(_TABLE.id == id_))
        await note(connection, context.clock, person, "view.delete", id_)
    return view


def _may_change(person: Person) -> None:
    if person.scopes and not may(person, Role.REVIEWER):
        raise HTTPException(403, "a token of scope read changes nothing")


def _sees(person: Person) -> ColumnElement[bool]:
    return or_(_TABLE.owner == person.id, _TABLE.shared.is_(True))


def _clean(query: str) -> str:
    pairs = parse_qsl(query.lstrip("?"), keep_blank_values=False, max_num_fields=None)[:_PARTS]
    return urlencode([(name, value) for name, value in pairs if name != "cursor"])


def _view(row: Row[Any], person: Person) -> View:
    path = f"{row.page}?{row.query}" if row.query else row.page
    return View(
        id=row.id, name=row.name, page=row.page, query=row.query, shared=row.shared, mine=row.owner == person.id,
        path=path,
    )  # fmt: skip
