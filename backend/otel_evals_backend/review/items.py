"""What a reviewer is shown of an item: the question and what was said.

Blind: no evaluator's word is read here before the reviewer's own label stands, so that none can slip out.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.exchange import Exchange
from otel_evals_backend.content.exchange import exchange_of
from otel_evals_backend.context import Context
from otel_evals_backend.records import Person
from otel_evals_backend.review.answers import Draft, Reveal
from otel_evals_backend.review.labelling import SECOND, is_confirmed, labels_of, reveal
from otel_evals_backend.review.questions import Question, question_of
from otel_evals_backend.storage.tables import drafts, labels, reservations, review_items, slices, spans

_DAY_NS: Final = 86_400_000_000_000


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One item as it is shown."""

    id: str
    position: int
    service: str
    question: Question
    exchange: Exchange | None
    """None = what was said is not kept."""
    draft: Draft
    held: bool
    """Whether it is reserved for whoever looks."""
    mine: Any
    """The reviewer's latest label, a row of `labels`; None before there is one."""
    reveal: Reveal | None
    confirmed: bool
    """Whether it is decided, and failed."""


async def shown(context: Context, person: Person, item_id: str) -> Shown | None:
    """The item for `person`; None when there is none of that id, or it is neither reserved nor labelled by them."""
    now = context.clock.time_ns()
    async with context.database.read() as connection:
        item = (await connection.execute(select(review_items).where(review_items.c.id == item_id))).one_or_none()
        if item is None:
            return None
        mine = await labels_of(connection, item_id, person.id)
        held = (
            await connection.execute(
                select(reservations.c.until_ns, reservations.c.skipped).where(
                    reservations.c.item == item_id, reservations.c.reviewer == person.id
                )
            )
        ).one_or_none()
        if not mine and (held is None or held.skipped):
            return None
        return Shown(
            id=item.id,
            position=await _position(connection, person.id, now) + (not mine),
            service=await _service(connection, item),
            question=question_of(item.metric, context.wordings),
            exchange=await exchange_of(connection, context.settings.content, item.span),
            draft=await _draft(connection, item_id, person.id),
            held=held is not None and held.until_ns > now,
            mine=mine[-1] if mine else None,
            reveal=await reveal(context, connection, item, mine[-1]) if mine else None,
            confirmed=bool(mine) and await is_confirmed(connection, item),
        )


async def keep_draft(context: Context, person: Person, item_id: str, draft: Draft) -> None:
    """Keep what is written, until it is said."""
    row = {
        "item": item_id,
        "reviewer": person.id,
        "body": draft.model_dump_json(exclude_defaults=True),
        "at_ns": context.clock.time_ns(),
    }
    async with context.database.write() as connection:
        await connection.execute(context.database.insert_or_set(drafts, ("body", "at_ns")), row)


async def may_write(context: Context, person: Person, item_id: str) -> bool:
    """Whether this person has, or had, the item."""
    async with context.database.read() as connection:
        return await is_held(connection, item_id, person.id)


async def is_held(connection: AsyncConnection, item_id: str, reviewer: str) -> bool:
    """Whether the item was reserved for this reviewer, be it long ago."""
    statement = select(reservations.c.item).where(reservations.c.item == item_id, reservations.c.reviewer == reviewer)
    return (await connection.execute(statement)).one_or_none() is not None


async def _position(connection: AsyncConnection, reviewer: str, now: int) -> int:
    statement = select(func.count()).where(
        labels.c.reviewer == reviewer, labels.c.at_ns > now - _DAY_NS, labels.c.kind != SECOND
    )
    return (await connection.execute(statement)).scalar_one()


async def _service(connection: AsyncConnection, item: Any) -> str:
    statement = (
        select(slices.c.service)
        .join(spans, spans.c.slice == slices.c.id)
        .where(spans.c.day == item.day, spans.c.span == item.span)
    )
    return (await connection.execute(statement)).scalar_one_or_none() or ""


async def _draft(connection: AsyncConnection, item: str, reviewer: str) -> Draft:
    statement = select(drafts.c.body).where(drafts.c.item == item, drafts.c.reviewer == reviewer)
    body = (await connection.execute(statement)).scalar_one_or_none()
    return Draft() if body is None else Draft.model_validate_json(body)
