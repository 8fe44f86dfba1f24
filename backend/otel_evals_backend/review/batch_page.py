"""A reviewer's last batch of labels beside what evaluators said: what `reveal: batch` shows on their own page."""

from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.context import Context
from otel_evals_backend.records import Person
from otel_evals_backend.review.answers import Reveal
from otel_evals_backend.review.batches import last_batch
from otel_evals_backend.review.labelling import reveal
from otel_evals_backend.review.questions import question_of
from otel_evals_backend.storage.tables import review_items


class Revealed(msgspec.Struct, frozen=True, kw_only=True):
    """One label of the batch."""

    item: str
    ask: str
    """The question."""
    reveal: Reveal


async def batch_of(context: Context, connection: AsyncConnection, person: Person) -> list[Revealed]:
    """The batch, oldest label first; labels whose item is no longer kept are left out."""
    rows = await last_batch(context, connection, person.id)
    items: dict[str, Any] = {
        item.id: item
        for item in await connection.execute(
            select(review_items).where(review_items.c.id.in_([row.item for row in rows]))
        )
    }
    return [
        Revealed(
            item=row.item,
            ask=question_of(row.metric, context.wordings).ask,
            reveal=await reveal(context, connection, items[row.item], row),
        )
        for row in rows
        if row.item in items
    ]
