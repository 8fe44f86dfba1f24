"""What of a call a reviewer may see: nothing of any evaluator while they may still be asked to label it blind.

A viewer who labels nothing sees everything. A reviewer may choose to see, which is written down: the call does not come
to them any more. Nobody sees others' labels of an item that still waits for labels.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access.audit import note
from otel_evals_backend.access.people import may
from otel_evals_backend.context import Context
from otel_evals_backend.evaluations.records import Call, Label, Result
from otel_evals_backend.records import Person, Role
from otel_evals_backend.settings import RevealPolicy
from otel_evals_backend.storage.database import put
from otel_evals_backend.storage.keys import ids_of
from otel_evals_backend.storage.tables import known_spans, labels, reservations, review_items, seen_results

_WAITING = ("open", "adjudicate")
_PART: Final = 500
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


class Blind(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls lists say nothing of to a reviewer.

    Those that a random item asks about, or any item that is reserved for them. Others that wait are shown, and that is
    written down: a label of theirs is not blind then.
    """

    reviewer: str
    at_once: bool
    """Whether one's own label reveals the results."""

    def hides(self, span: ColumnElement[bytes]) -> ColumnElement[bool]:
        """Whether the call of the key `span` is such a one."""
        seen = exists().where(seen_results.c.span == span, seen_results.c.reviewer == self.reviewer)
        of_its_own = exists().where(review_items.c.span == span, self.waiting)
        merged = review_items.alias("merged_items")
        of_another = exists().where(merged.c.span == span, review_items.c.id == merged.c.merged_into, self.waiting)
        return and_(or_(of_its_own, of_another), ~seen)

    @property
    def waiting(self) -> ColumnElement[bool]:
        """Items that make their calls hidden."""
        mine = exists().where(labels.c.item == review_items.c.id, labels.c.reviewer == self.reviewer)
        held = exists().where(
            reservations.c.item == review_items.c.id, reservations.c.reviewer == self.reviewer, ~reservations.c.picked
        )
        asked = or_(review_items.c.random, held)
        asks = and_(asked, ~mine) if self.at_once else or_(asked, mine)
        return and_(review_items.c.state.in_(_WAITING), asks)

    async def of(self, connection: AsyncConnection, keys: Collection[bytes]) -> set[bytes]:
        """Those of `keys` that are hidden."""
        found: set[bytes] = set()
        every = sorted(keys)
        for begin in range(0, len(every), _PART):
            some = every[begin : begin + _PART]
            statement = select(known_spans.c.span).where(known_spans.c.span.in_(some), self.hides(known_spans.c.span))
            found |= {bytes(row.span) for row in await connection.execute(statement)}
        return found


async def blind(context: Context, connection: AsyncConnection, person: Person) -> Blind | None:
    """What lists keep back from `person`; None = nothing."""
    if not may(person, Role.REVIEWER):
        return None
    found = Blind(reviewer=person.id, at_once=context.settings.review.reveal is RevealPolicy.EACH)
    waits = (await connection.execute(select(exists().where(found.waiting)))).scalar_one()
    return found if waits else None


def telling(results: Sequence[Result]) -> bool:
    """Whether whoever sees these knows what people may be asked about: a judge's word, or a failure."""
    return any(one.evaluator_type == "llm_judge" or one.verdict == "fail" for one in results)


async def note_seen(context: Context, person: Person, spans: Collection[bytes]) -> None:
    """Write down that `person` was shown what was said of `spans`, so that a label of theirs does not pass for blind.

    Called after the answer, as it is no part of it; what is known already costs no transaction of a writer.
    """
    if not spans or not may(person, Role.REVIEWER):
        return
    mine = seen_results.c.reviewer == person.id
    statement = select(seen_results.c.span).where(mine, seen_results.c.span.in_(sorted(spans)))
    async with context.database.read() as connection:
        known = {bytes(row.span) for row in await connection.execute(statement)}
    now_ns = context.clock.time_ns()
    rows = [{"span": span, "reviewer": person.id, "at_ns": now_ns} for span in sorted(set(spans) - known)]
    if rows:
        async with context.database.write() as connection:
            await put(connection, context.database.insert_new(seen_results), rows)


def masked(call: Call, shown: Sequence[Result] = ()) -> Call:
    """The call without anything that evaluators said, but for the results that may be `shown`."""
    return call.model_copy(
        update={
            "band": None, "worst": shown[0] if shown else None, "fails": 0, "results": len(shown), "stratum": None,
            "coverage": None, "labels": 0, "feedback": 0, "signals": (), "hidden": True,
        }
    )  # fmt: skip


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
