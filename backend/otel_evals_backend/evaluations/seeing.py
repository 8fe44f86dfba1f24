"""What of a call a reviewer may see: nothing of any evaluator while they may still be asked to label it blind.

A viewer who labels nothing sees everything. A reviewer may choose to see, which is written down: the call does not come
to them any more. Nobody sees others' labels of an item that still waits for labels.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access.audit import note
from otel_evals_backend.access.people import may
from otel_evals_backend.context import Context
from otel_evals_backend.evaluations.records import Label, Result
from otel_evals_backend.records import Person, Role
from otel_evals_backend.settings import RevealPolicy
from otel_evals_backend.storage.keys import ids_of
from otel_evals_backend.storage.tables import labels, reservations, review_items, seen_results

_WAITING = ("open", "adjudicate")
_PENDING = "pending"
"""A judge has not answered yet: an item may still come of it."""


class Seeing(msgspec.Struct, frozen=True, kw_only=True):
    """What one person may see of one call."""

    results: bool
    others: bool
    """Whether other people's words count as results too."""
    person: str

    def result(self, one: Result) -> bool:
        """Whether this result is shown."""
        if one.evaluator_type == "human":
            return self.others or one.evaluator_id == self.person
        return self.results

    def label(self, one: Label) -> bool:
        """Whether this label is shown."""
        return self.others or one.reviewer == self.person


async def seeing(
    context: Context, connection: AsyncConnection, person: Person, span: bytes, coverage: str | None
) -> Seeing:
    """What `person` may see of the call now."""
    everything = Seeing(results=True, others=True, person=person.id)
    if not may(person, Role.REVIEWER):
        return everything
    statement = select(seen_results.c.at_ns).where(
        seen_results.c.span == span, seen_results.c.reviewer == person.id
    )  # fmt: skip
    if (await connection.execute(statement)).one_or_none() is not None:
        return everything
    items = await _items(connection, span)
    waiting = [item.id for item in items if item.state in _WAITING]
    if not waiting:
        return everything if coverage != _PENDING else Seeing(results=False, others=False, person=person.id)
    mine = await connection.execute(
        select(labels.c.item).where(labels.c.item.in_(waiting), labels.c.reviewer == person.id)
    )
    answered = set(waiting) <= {row.item for row in mine}
    at_once = context.settings.review.reveal is RevealPolicy.EACH
    return Seeing(results=answered and at_once, others=False, person=person.id)


async def show(context: Context, person: Person, span: bytes) -> None:
    """Write down that `person` looks at the results now: the call does not come to them blind any more."""
    row = {"span": span, "reviewer": person.id, "at_ns": context.clock.time_ns()}
    async with context.database.write() as connection:
        await connection.execute(context.database.insert_new(seen_results), row)
        for item in await _items(connection, span):
            if item.state in _WAITING:
                await connection.execute(
                    context.database.insert_or_set(reservations, ("picked",)),
                    {"item": item.id, "reviewer": person.id, "until_ns": 0, "skipped": False, "picked": True},
                )
        await note(connection, context.clock, person, "span.show_results", "/".join(ids_of(span)))


async def _items(connection: AsyncConnection, span: bytes) -> Sequence[Any]:
    """The items of the call, and those of the same problem that stand for them."""
    standing = select(review_items.c.merged_into).where(
        review_items.c.span == span, review_items.c.merged_into.is_not(None)
    )
    found = select(review_items.c.id, review_items.c.state).where(
        or_(review_items.c.span == span, review_items.c.id.in_(standing))
    )
    return (await connection.execute(found)).all()
