"""A span that somebody picks by hand for review: purposive, and not blind, as they may have seen what was said."""

import re
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.semconv.otel_evals import RESERVED_WORDS
from otel_evals_backend.access.audit import note
from otel_evals_backend.context import Context
from otel_evals_backend.records import Person
from otel_evals_backend.review.candidates import Candidate
from otel_evals_backend.review.labelling import Refused
from otel_evals_backend.review.order import Reason, chosen_worth
from otel_evals_backend.review.questions import is_written
from otel_evals_backend.review.reservations import take
from otel_evals_backend.review.select import item_id, keep_candidates
from otel_evals_backend.storage.tables import evaluators, known_spans, spans

METRIC: Final = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
"""What evaluations are called."""
LONGEST: Final = 100
"""Characters of such a name."""
_METRIC: Final = re.compile(METRIC)


async def pick(context: Context, person: Person, span: bytes, metric: str) -> str:
    """Make the item of `span` and `metric` unless there is one, reserve it for `person`, and give its id.

    Raises:
        Refused: the span is not known, nobody asks for the metric, or the item wants no further label.
    """
    async with context.database.write() as connection:
        await _check(context, connection, metric)
        # The day first: only with it does the key of spans lead to one row, and to one partition.
        day = select(known_spans.c.day).where(known_spans.c.span == span)
        filed = (await connection.execute(day)).scalar_one_or_none()
        found = select(spans.c.day, spans.c.band).where(spans.c.day == filed, spans.c.span == span)
        row = (await connection.execute(found)).one_or_none() if filed is not None else None
        if row is None:
            raise Refused(404, "this span is not known")
        reasons = (Reason.PICKED,)
        candidate = Candidate(
            day=row.day, span=span, metric=metric, reasons=reasons, worth=chosen_worth(reasons, row.band), group=""
        )
        await keep_candidates(context.database, connection, context, [candidate])
        item = item_id(span, metric)
        if not await take(context, connection, item, person.id, picked=True):
            raise Refused(409, "this item is decided, or another person works on it")
        await note(connection, context.clock, person, "review.pick", item)
    return item


async def _check(context: Context, connection: AsyncConnection, metric: str) -> None:
    """Whether people can be asked about `metric`: an evaluator decides it, or there is a question about it.

    Raises:
        Refused: they cannot.
    """
    if len(metric) > LONGEST or _METRIC.fullmatch(metric) is None:
        raise Refused(422, "metric: a name in snake_case is wanted, such as faithfulness")
    if metric in RESERVED_WORDS:
        raise Refused(422, f"metric: {metric} is a word of the backend's own, no metric")
    if is_written(metric, context.wordings):
        return
    known = select(exists().where(evaluators.c.name == metric))
    if not (await connection.execute(known)).scalar_one():
        raise Refused(422, f"metric: nothing evaluates {metric}, and no question is written for it")
