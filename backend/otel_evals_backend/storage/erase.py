"""Forgets spans for someone who asks to be forgotten: by span, by trace, by conversation.

What was said goes with everything that was made from it: spans, results, feedback, explanations that nobody else needs,
drafts, cases, messages that wait to be sent. The sums lose what the spans added. A label keeps its verdict and loses
its texts. Called by the command line and by the administrators' API. A span that is sent again later is a new one.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.storage.database import Database, Engine
from otel_evals_backend.storage.differences import add_sums
from otel_evals_backend.storage.keys import trace_range
from otel_evals_backend.storage.recount import ROLLUPS, recount, sums_of
from otel_evals_backend.storage.tables import (
    audit,
    cases,
    contents,
    drafts,
    feedback,
    known_spans,
    labels,
    outbox,
    reservations,
    results,
    review_items,
    seen_results,
    spans,
    texts,
)

_CHUNK: Final = 400
_BODIES: Final = 50
"""Requests that wait to be sent, of those that are in memory at a time."""
_TRACE: Final = 16


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be forgotten. Of a conversation, the whole of each of its traces."""

    traces: tuple[bytes, ...] = ()
    spans: tuple[bytes, ...] = ()
    """Keys of 24 bytes."""
    conversations: tuple[str, ...] = ()


async def erase(
    database: Database, connection: AsyncConnection, subject: Subject, *, who: str, now_ns: int
) -> dict[str, int]:
    """Forget `subject` in the transaction of `connection`; the number of rows by table.

    Afterwards `Database.checkpoint` takes it out of SQLite's log too. Backups still hold it.

    Args:
        database: where.
        connection: the transaction.
        subject: what.
        who: id of the person or program that asks, for the log of changes.
        now_ns: ns since 1970.
    """
    if database.engine is Engine.SQLITE:
        await connection.execute(text("PRAGMA secure_delete = ON"))  # freed pages are overwritten
    counts: dict[str, int] = {}
    traces = set(subject.traces) | await _traces_of(connection, subject.conversations)
    keys = sorted(await _keys(connection, traces) | set(subject.spans))
    await _take_from_sums(database, connection, keys)
    for some in _chunks(keys):
        _add(counts, await _erase_spans(database, connection, some))
    _add(counts, await _erase_signals(connection, traces, subject.conversations))
    _add(counts, await _erase_copies(connection, traces, set(subject.spans)))
    if database.engine is Engine.SQLITE:
        await connection.execute(text("INSERT INTO texts_search(texts_search) VALUES ('optimize')"))
        await connection.execute(text("PRAGMA secure_delete = OFF"))
    said = [f"trace:{trace.hex()}" for trace in sorted(traces)] + [f"span:{key.hex()}" for key in subject.spans]
    row = {"at_ns": now_ns, "who": who, "action": "erase", "object": " ".join(said)[:2000]}
    await connection.execute(insert(audit).values(**row, detail=msgspec.json.encode(counts).decode()))
    return counts


async def _traces_of(connection: AsyncConnection, conversations: Sequence[str]) -> set[bytes]:
    if not conversations:
        return set()
    found = await connection.execute(select(spans.c.span).where(spans.c.conversation_id.in_(conversations)))
    return {bytes(row.span)[:_TRACE] for row in found}


async def _keys(connection: AsyncConnection, traces: Iterable[bytes]) -> set[bytes]:
    keys: set[bytes] = set()
    for trace in traces:
        statement = select(known_spans.c.span).where(known_spans.c.span.between(*trace_range(trace)))
        keys |= {bytes(row.span) for row in await connection.execute(statement)}
    return keys


async def _take_from_sums(database: Database, connection: AsyncConnection, keys: Sequence[bytes]) -> None:
    """Take what the spans have added to the sums, all at once: in the order in which everybody locks.

    That is spans by their keys, then texts, then the tables of sums, each by its keys.
    """
    days: list[set[int]] = []
    for some in _chunks(keys):
        known = select(known_spans).where(known_spans.c.span.in_(some)).order_by(known_spans.c.span)
        days.append({row.day for row in await connection.execute(known.with_for_update())})
    if any(days):
        await _lock_texts(database, connection)
    for table in ROLLUPS:
        sums = sums_of(table)
        names = [column.name for column in table.columns if column.primary_key]
        taken: dict[tuple[Any, ...], list[Any]] = {}
        for some, their in zip(_chunks(keys), days, strict=True):
            rows = await connection.execute(recount(table, spans.c.day.in_(their), spans.c.span.in_(some)))
            for row in rows.mappings():
                key = tuple(row[name] for name in names)
                less = [-row[name] for name in sums]
                taken[key] = [x + y for x, y in zip(taken[key], less, strict=True)] if key in taken else less
        await add_sums(database, connection, table.name, sums, taken)


async def _erase_spans(database: Database, connection: AsyncConnection, keys: Sequence[bytes]) -> dict[str, int]:
    known = await connection.execute(select(known_spans.c.day).where(known_spans.c.span.in_(keys)))
    days = set(known.scalars())
    explained = select(results.c.explanation).where(
        results.c.day.in_(days), results.c.span.in_(keys), results.c.explanation.is_not(None)
    )
    explanations = {row.explanation for row in await connection.execute(explained)}
    counts: dict[str, int] = {}
    for table in (contents, results, spans):
        counts[table.name] = await _count(
            connection, delete(table).where(table.c.day.in_(days), table.c.span.in_(keys))
        )
    counts["known_spans"] = await _count(connection, delete(known_spans).where(known_spans.c.span.in_(keys)))
    counts["feedback"] = await _count(connection, delete(feedback).where(feedback.c.span.in_(keys)))
    counts["texts"] = await forget_texts(database, connection, sorted(explanations))
    return counts | await _erase_review(connection, keys)


async def forget_texts(database: Database, connection: AsyncConnection, ids: Sequence[int]) -> int:
    """Delete those of the texts that no result refers to any more; how many."""
    if not ids:
        return 0
    await _lock_texts(database, connection)
    gone = 0
    for some in _chunks(ids):
        needed = select(results.c.explanation).where(results.c.explanation.in_(some))
        gone += await _count(connection, delete(texts).where(texts.c.id.in_(some), texts.c.id.not_in(needed)))
    return gone


async def _lock_texts(database: Database, connection: AsyncConnection) -> None:
    """Who is about to refer to a text has touched the table before: wait for them, and let nobody begin."""
    if database.engine is Engine.POSTGRESQL:
        await connection.execute(text("LOCK TABLE texts IN SHARE ROW EXCLUSIVE MODE"))


async def _erase_review(connection: AsyncConnection, keys: Sequence[bytes]) -> dict[str, int]:
    items = select(review_items.c.id).where(review_items.c.span.in_(keys))
    emptied = {"note": "", "corrected": "", "expected": "{}"}
    return {
        "drafts": await _count(connection, delete(drafts).where(drafts.c.item.in_(items))),
        "reservations": await _count(connection, delete(reservations).where(reservations.c.item.in_(items))),
        "seen_results": await _count(connection, delete(seen_results).where(seen_results.c.span.in_(keys))),
        "review_items": await _count(
            connection,
            update(review_items)
            .where(review_items.c.span.in_(keys), review_items.c.state.in_(("open", "adjudicate")))
            .values(state="dropped"),
        ),
        "flags": await _count(
            connection,
            update(review_items)
            .where(review_items.c.span.in_(keys), review_items.c.flag_reason != "")
            .values(flag_reason=""),
        ),
        "labels": await _count(connection, update(labels).where(labels.c.span.in_(keys)).values(**emptied)),
    }


async def _erase_signals(
    connection: AsyncConnection, traces: Iterable[bytes], conversations: Sequence[str]
) -> dict[str, int]:
    """Feedback that no span was found for."""
    about: list[ColumnElement[bool]] = [feedback.c.trace_id.in_(sorted(traces))]
    if conversations:
        about.append(feedback.c.conversation_id.in_(conversations))
    return {"feedback": await _count(connection, delete(feedback).where(and_(feedback.c.span.is_(None), or_(*about))))}


async def _erase_copies(connection: AsyncConnection, traces: set[bytes], keys: set[bytes]) -> dict[str, int]:
    """Cases that name a trace (or a span, when that alone is meant), and OTLP that still waits to be sent."""
    counts = {"cases": 0, "outbox": 0}
    named = [(trace.hex(), None) for trace in traces] + [(key[:_TRACE].hex(), key[_TRACE:].hex()) for key in keys]
    for trace, span in named:
        where = [cases.c.body.contains(trace)] + ([] if span is None else [cases.c.body.contains(span)])
        counts["cases"] += await _count(connection, delete(cases).where(*where))
    ids = [*traces, *(key[:_TRACE] for key in keys)]
    counts["outbox"] = await _erase_waiting(connection, ids)
    return counts


async def _erase_waiting(connection: AsyncConnection, traces: Sequence[bytes]) -> int:
    """Delete the OTLP in which one of the traces stands; how much. Read in steps: a body may be large."""
    gone = 0
    last = ""
    while traces:
        some = select(outbox.c.id, outbox.c.body).where(outbox.c.id > last).order_by(outbox.c.id).limit(_BODIES)
        rows = (await connection.execute(some)).all()
        if not rows:
            break
        last = rows[-1].id
        ids = [row.id for row in rows if any(trace in bytes(row.body) for trace in traces)]
        if ids:
            gone += await _count(connection, delete(outbox).where(outbox.c.id.in_(ids)))
    return gone


async def _count(connection: AsyncConnection, statement: Any) -> int:
    done: Any = await connection.execute(statement)
    return done.rowcount


def _chunks(keys: Sequence[Any]) -> list[Sequence[Any]]:
    return [keys[position : position + _CHUNK] for position in range(0, len(keys), _CHUNK)]


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, number in more.items():
        counts[name] = counts.get(name, 0) + number
