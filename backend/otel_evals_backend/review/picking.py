"""A span that somebody picks by hand for review: purposive, and not blind, as they may have seen what was said."""

from sqlalchemy import select

from otel_evals_backend.access.audit import note
from otel_evals_backend.context import Context
from otel_evals_backend.records import Person
from otel_evals_backend.review.candidates import Candidate
from otel_evals_backend.review.labelling import Refused
from otel_evals_backend.review.order import Reason, chosen_worth
from otel_evals_backend.review.reservations import take
from otel_evals_backend.review.select import item_id, keep_candidates
from otel_evals_backend.storage.tables import spans


async def pick(context: Context, person: Person, span: bytes, metric: str) -> str:
    """Make the item of `span` and `metric` unless there is one, reserve it for `person`, and give its id.

    Raises:
        Refused: the span is not known, or the item wants no further label.
    """
    async with context.database.write() as connection:
        row = (await connection.execute(select(spans.c.day, spans.c.band).where(spans.c.span == span))).one_or_none()
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
