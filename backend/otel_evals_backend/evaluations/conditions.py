"""The filters of a list as conditions on rows of `spans`, with what of them is looked up before.

Dimensions are resolved to their numbers once a request; a condition on results or signals is an EXISTS by key.
"""

from typing import Final

import msgspec
from sqlalchemy import ColumnElement, FromClause, and_, exists, literal_column, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.evaluations.filters import SIGNS, Filters
from otel_evals_backend.evaluations.seeing import Blind
from otel_evals_backend.storage.database import Database
from otel_evals_backend.storage.search import matching_texts
from otel_evals_backend.storage.tables import BANDS, evaluators, feedback, results, slices, spans

TEXTS: Final = 500
"""Different explanations that a search looks for; more are cut."""
FAILED: Final = results.c.label == literal_column("0")
"""Written out, as in the index of failing results: a parameter would hide from the database that they are the same."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Filters with their numbers."""

    filters: Filters
    slices: tuple[int, ...] | None = None
    """None = any."""
    evaluators: tuple[int, ...] | None = None
    """Whose results are asked for; None = any."""
    texts: tuple[int, ...] | None = None
    """Explanations that hold the words; None = no words were given."""
    empty: bool = False
    """Whether a name is unknown, so that nothing can match."""
    texts_cut: bool = False
    hidden: Blind | None = None
    """Calls of which whoever asks may not learn yet what was said: no filter that tells it finds them."""

    @property
    def outcome(self) -> ColumnElement[bool] | None:
        """What a result must be, on rows of `results`; None = no result is asked for."""
        parts: list[ColumnElement[bool]] = []
        if self.evaluators is not None:
            parts.append(results.c.evaluator.in_(self.evaluators))
        label = self.filters.label
        if label == "fail" and (self.filters.metric or self.evaluators is not None):
            parts.append(FAILED)
        elif label == "pass" and (self.filters.metric or self.evaluators is not None):
            parts.append(results.c.label == literal_column("1"))
        elif label == "error":
            parts += [results.c.label.is_(None), results.c.error_type.is_not(None)]
        if self.texts is not None:
            parts.append(results.c.explanation.in_(self.texts))
        return and_(*parts) if parts else None

    def conditions(self, day: int, of: FromClause = spans) -> list[ColumnElement[bool]]:
        """On rows of spans (`of`) of that day; the time is not in them."""
        asked = self.filters
        found: list[ColumnElement[bool]] = [of.c.day == day, of.c.offline.is_(asked.offline)]
        if self.slices is not None:
            found.append(of.c.slice.in_(self.slices))
        if asked.band:
            found.append(of.c.band.is_(None) if asked.band == "none" else of.c.band == BANDS.index(asked.band))
        if asked.coverage:
            found.append(of.c.coverage == asked.coverage)
        if asked.stratum:
            found.append(of.c.stratum == asked.stratum)
        if asked.label and not asked.metric and self.evaluators is None:
            if asked.label == "fail":
                found.append(of.c.fails > 0)
            elif asked.label == "pass":
                found.append(and_(of.c.fails == 0, of.c.band.is_not(None)))
        if asked.reviewed:
            found.append(labelled(of) if asked.reviewed == "yes" else of.c.labels == 0)
        if asked.feedback:
            found.append(_feedback(asked.feedback, of))
        if (outcome := self.outcome) is not None:
            # The day as a number, not as the span's, lets PostgreSQL look into one partition.
            found.append(exists().where(results.c.day == day, results.c.span == of.c.span, outcome))
        if self.hidden is not None and tells(asked):  # the dearest at the end
            found.append(not_(self.hidden.hides(of.c.span)))
        return found


def tells(asked: Filters) -> bool:
    """Whether that a call matches says something of what was found out about it."""
    return any((asked.metric, asked.label, asked.band, asked.coverage, asked.stratum, asked.feedback, asked.reviewed,
                asked.q))  # fmt: skip


def labelled(of: FromClause = spans) -> ColumnElement[bool]:
    """Calls with a label of a person, as their index has it."""
    return of.c.labels > literal_column("0")


def signed(asked: str, of: FromClause = spans) -> ColumnElement[bool]:
    """A call whose feedback is negative or positive. The second condition lets the index of such calls be used."""
    return and_(of.c.feedback == SIGNS[asked], of.c.feedback != literal_column("0"))


def _feedback(asked: str, of: FromClause) -> ColumnElement[bool]:
    if asked in SIGNS:
        return signed(asked, of)
    given = exists().where(feedback.c.span == of.c.span)
    if asked == "any":
        return given
    if asked == "none":
        return and_(of.c.feedback == 0, ~given)
    return given.where(feedback.c.signal == asked)


async def resolve(
    database: Database, connection: AsyncConnection, filters: Filters, hidden: Blind | None = None
) -> Wanted:
    """Look up the numbers of what the filters name; `hidden` as in `Wanted`."""
    wanted = Wanted(filters=filters, hidden=hidden)
    if filters.slice:
        statement = select(slices.c.id).where(*(slices.c[name] == value for name, value in filters.slice.items()))
        ids = tuple(row.id for row in await connection.execute(statement))
        wanted = msgspec.structs.replace(wanted, slices=ids, empty=not ids)
    if filters.metric or (filters.label and filters.reviewed == "yes"):
        ids = await _evaluators(connection, filters)
        wanted = msgspec.structs.replace(wanted, evaluators=ids, empty=wanted.empty or not ids)
    if filters.q:
        texts = await matching_texts(database, connection, filters.q, TEXTS + 1)
        wanted = msgspec.structs.replace(
            wanted, texts=tuple(texts[:TEXTS]), texts_cut=len(texts) > TEXTS, empty=wanted.empty or not texts
        )
    return wanted


async def _evaluators(connection: AsyncConnection, filters: Filters) -> tuple[int, ...]:
    name, _, kind = filters.metric.partition(":")
    statement = select(evaluators.c.id, evaluators.c.shadow)
    if name:
        statement = statement.where(evaluators.c.name == name)
    if kind:
        statement = statement.where(evaluators.c.type == kind)
    elif not name:
        statement = statement.where(evaluators.c.type == "human")
    rows = list(await connection.execute(statement))
    active = tuple(row.id for row in rows if not row.shadow)
    return active or tuple(row.id for row in rows)


def place(start_ns: int, span: bytes, *, newer: bool, of: FromClause = spans) -> ColumnElement[bool]:
    """Behind a place of the list, in the direction in which it is read."""
    if newer:
        return or_(of.c.start_ns > start_ns, and_(of.c.start_ns == start_ns, of.c.span > span))
    return or_(of.c.start_ns < start_ns, and_(of.c.start_ns == start_ns, of.c.span < span))
