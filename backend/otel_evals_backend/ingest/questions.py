"""The question of a call whose messages travelled in log records: for lists, as if it had stood on the span.

Called in the transaction that keeps a span or a piece of it. Whatever the order in which they come, the question is
that of all pieces that are stored by now, so it ends the same.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.engine.reading import with_fragments
from otel_evals.records.reading import Fragment, Reading
from otel_evals_backend.content.policy import Policy
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.context import Context
from otel_evals_backend.ingest.bounds import text
from otel_evals_backend.ingest.spans import QUESTION, question_of
from otel_evals_backend.keeping.kept import Kept
from otel_evals_backend.keeping.stored import chunks
from otel_evals_backend.storage.database import Database, put
from otel_evals_backend.storage.tables import contents, spans

_NOTHING: Final = Reading()


async def ask(_database: Database, connection: AsyncConnection, context: Context, kept: Kept) -> None:
    """Write the questions that can be told now. Nothing is read for spans that say theirs themselves."""
    kept_content = context.settings.content
    policy = Policy(kept_content)
    if not policy.keeps_questions:
        return
    places = {(one.day, one.span.span) for one in kept.spans if one.is_new and one.span.question is None}
    places |= set(kept.pieces)
    if not places:
        return
    sealer = Sealer(kept_content)
    found = await _pieces(connection, sealer, places)
    questions = {key: text(policy.question(question), QUESTION) for key, question in found.items() if question}
    place = and_(spans.c.day == bindparam("key_day"), spans.c.span == bindparam("key_span"))
    await put(
        connection,
        update(spans).where(place).values(question=bindparam("new_question")),
        [
            {"key_day": day, "key_span": key, "new_question": questions[key]}
            for day, key in sorted(places)
            if questions.get(key)
        ],
    )


async def _pieces(
    connection: AsyncConnection, sealer: Sealer, places: Iterable[tuple[int, bytes]]
) -> Mapping[bytes, str | None]:
    """The latest question of each span, of its own words and of those that came apart."""
    days: dict[int, list[bytes]] = {}
    for day, key in places:
        days.setdefault(day, []).append(key)
    own: dict[bytes, Reading] = {}
    apart: dict[bytes, list[Fragment]] = {}
    for day, keys in sorted(days.items()):
        for part in chunks(sorted(keys)):
            where = and_(contents.c.day == day, contents.c.span.in_(part))
            for row in await connection.execute(select(contents).where(where).order_by(contents.c.start_ns)):
                key = bytes(row.span)
                kept = sealer.open(key, row.part, bytes(row.body), encrypted=row.encrypted)
                if kept is None:
                    continue
                if kept.order is None:
                    own[key] = kept.reading
                    continue
                apart.setdefault(key, []).append(
                    Fragment(
                        trace_id=key[:16], span_id=key[16:], order=kept.order, closes=kept.closes, reading=kept.reading
                    )
                )
    return {
        key: question_of(with_fragments(own.get(key, _NOTHING), pieces)) for key, pieces in apart.items()
    }  # fmt: skip
