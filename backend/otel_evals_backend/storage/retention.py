"""Deletes by age, hour after hour, in steps so small that nobody waits. Labels and cases stay for good.

Content goes first, with the beginnings of questions; spans later, with results, feedback and explanations that nothing
refers to any more; sums and the log of changes last. PostgreSQL drops whole days. A step that was interrupted is done
again: nothing is remembered but what is gone.
"""

import asyncio
import logging
from typing import Any, Final, Protocol

from sqlalchemy import Table, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.clock import Clock
from otel_evals.records.errors import Unavailable
from otel_evals_backend.settings import BackendSettings, RetentionSettings
from otel_evals_backend.storage.database import Database, Engine
from otel_evals_backend.storage.erase import forget_texts
from otel_evals_backend.storage.keys import DAY_NS, day_of
from otel_evals_backend.storage.partitions import days_of, drop_day
from otel_evals_backend.storage.recount import ROLLUPS
from otel_evals_backend.storage.tables import (
    audit,
    contents,
    drafts,
    feedback,
    invites,
    known_spans,
    label_plans,
    labels,
    reservations,
    results,
    review_items,
    seen_results,
    sessions,
    settings,
    spans,
    texts,
)

_LOG: Final = logging.getLogger(__name__)
_EVERY: Final = 3600.0
_FIRST: Final = 60.0
"""Seconds: after the start, and between two passes."""
_STEP: Final = 500
"""Spans that one transaction deletes."""
KEPT_FROM: Final = "storage.spans_kept_from"
"""Key in the table of settings: the day from which spans are whole. Sums of earlier days cannot be counted again."""
_CONTENT: Final = (contents,)
_SPANS: Final = (results, spans)


class _Parts(Protocol):
    """What is used of the context, which is of a higher floor."""

    @property
    def settings(self) -> BackendSettings: ...
    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...


async def run(context: _Parts) -> None:
    """Work in the background for as long as the backend runs."""
    await asyncio.sleep(_FIRST)
    while True:
        try:
            gone = await expire(context.database, context.settings.retention, context.clock.time_ns())
            if any(gone.values()):
                _LOG.info(
                    "deleted by age: %s", ", ".join(f"{number} {name}" for name, number in gone.items() if number)
                )
        except Unavailable as error:
            _LOG.warning("deleting by age waits: %s", error)
        await asyncio.sleep(_EVERY)


async def expire(database: Database, ages: RetentionSettings, now_ns: int) -> dict[str, int]:
    """One pass; the number of rows (on PostgreSQL: of days) that went, by table.

    Raises:
        Unavailable: the database is busy; what went is gone, the rest goes with the next pass.
    """
    whole = int(min(ages.content, ages.spans) * 1e9)
    content = day_of(now_ns - whole)
    kept = day_of(now_ns - int(ages.spans * 1e9))
    gone: dict[str, int] = {}
    for day in await _days(database, contents, content):
        gone["questions"] = gone.get("questions", 0) + await _forget_questions(database, day)
        await _expire_day(database, _CONTENT, day, gone)
    await _expire_old(database, drafts, drafts.c.at_ns < now_ns - whole, gone)
    await _expire_spans(database, kept, now_ns, gone)
    await _expire_sums(database, day_of(now_ns - int(ages.sums * 1e9)), gone)
    await _expire_old(database, audit, audit.c.at_ns < now_ns - int(ages.audit * 1e9), gone)
    await _expire_old(database, sessions, sessions.c.until_ns < now_ns, gone)
    await _expire_old(database, invites, invites.c.until_ns < now_ns - 30 * DAY_NS, gone)
    return gone


async def _days(database: Database, table: Table, before: int) -> list[int]:
    """Days of `table` that begin before `before`, oldest first."""
    async with database.read() as connection:
        if database.engine is Engine.POSTGRESQL and table in (*_CONTENT, *_SPANS):
            return [day for day in await days_of(connection, table.name) if day < before]
        found: list[int] = []
        last = None
        while True:
            later = [] if last is None else [table.c.day > last]
            row: Any = await connection.execute(select(func.min(table.c.day)).where(table.c.day < before, *later))
            if (last := row.scalar_one()) is None:
                return found
            found.append(last)


async def _expire_day(database: Database, tables: tuple[Table, ...], day: int, gone: dict[str, int]) -> None:
    for table in tables:
        if database.engine is Engine.POSTGRESQL:
            await drop_day(database, table.name, day)
            gone[table.name] = gone.get(table.name, 0) + 1
            continue
        while number := await _step(database, table, day):
            gone[table.name] = gone.get(table.name, 0) + number


async def _step(database: Database, table: Table, day: int) -> int:
    """Delete the rows of the next spans of a day; how many."""
    async with database.write() as connection:
        some = select(table.c.span).where(table.c.day == day).order_by(table.c.span).limit(_STEP)
        found = [row.span for row in await connection.execute(some)]
        if not found:
            return 0
        done: Any = await connection.execute(delete(table).where(table.c.day == day, table.c.span <= found[-1]))
    return done.rowcount


async def _forget_questions(database: Database, day: int) -> int:
    forgotten = 0
    last = b""
    while True:
        async with database.write() as connection:
            some = select(spans.c.span).where(spans.c.day == day, spans.c.span > last).order_by(spans.c.span)
            found = [row.span for row in await connection.execute(some.limit(_STEP))]
            if not found:
                return forgotten
            these = (spans.c.day == day, spans.c.span > last, spans.c.span <= found[-1])
            done: Any = await connection.execute(
                update(spans).where(*these, spans.c.question.is_not(None)).values(question=None)
            )
            forgotten += done.rowcount
            last = found[-1]


async def _expire_spans(database: Database, kept: int, now_ns: int, gone: dict[str, int]) -> None:
    days = sorted({day for table in (*_SPANS, known_spans) for day in await _days(database, table, kept)})
    if days:
        async with database.write() as connection:
            row = {"key": KEPT_FROM, "value": str(kept), "changed_ns": now_ns, "changed_by": "age"}
            names = ("value", "changed_ns", "changed_by")
            await connection.execute(database.insert_or_set(settings, names), row)
            dropped = update(review_items).where(review_items.c.day < kept, review_items.c.state == "open")
            await connection.execute(dropped.values(state="dropped"))
    for day in days:
        await _expire_day(database, _SPANS, day, gone)
        while number := await _step(database, known_spans, day):
            gone["known_spans"] = gone.get("known_spans", 0) + number
    if days:
        await _expire_review(database, kept, gone)
    lone = feedback.c.span.is_(None) & (feedback.c.received_ns < kept * DAY_NS)
    await _expire_old(database, feedback, or_(feedback.c.day < kept, lone), gone)
    if gone.get("results"):
        gone["texts"] = await _expire_texts(database)


async def _expire_review(database: Database, kept: int, gone: dict[str, int]) -> None:
    """What was asked and never answered of spans that are gone, who saw them, and plans that no kept span was drawn by.

    What a label refers to stays with the label.
    """
    answered = exists().where(labels.c.item == review_items.c.id)
    await _expire_old(database, review_items, (review_items.c.day < kept) & ~answered, gone)
    unknown = ~exists().where(known_spans.c.span == seen_results.c.span)
    labelled = exists().where(labels.c.span == seen_results.c.span)
    await _expire_old(database, seen_results, unknown & ~labelled, gone)
    for table in (reservations, drafts):
        homeless = ~exists().where(review_items.c.id == table.c.item)
        await _expire_old(database, table, homeless, gone)
    in_force = select(func.max(label_plans.c.version)).where(label_plans.c.from_ns <= kept * DAY_NS)
    await _expire_old(database, label_plans, label_plans.c.version < in_force.scalar_subquery(), gone)


async def _expire_texts(database: Database) -> int:
    """Delete explanations that no result refers to."""
    gone = 0
    last = -1
    while True:
        async with database.write() as connection:
            some = select(texts.c.id).where(texts.c.id > last).order_by(texts.c.id).limit(_STEP)
            ids = [row.id for row in await connection.execute(some)]
            if not ids:
                return gone
            gone += await forget_texts(database, connection, ids)
            last = ids[-1]


async def _expire_sums(database: Database, before: int, gone: dict[str, int]) -> None:
    for table in ROLLUPS:
        time, unit = (table.c.hour, 24) if "hour" in table.c else (table.c.day, 1)
        while True:
            async with database.write() as connection:
                oldest: Any = await connection.execute(select(func.min(time)).where(time < before * unit))
                if (first := oldest.scalar_one()) is None:
                    break
                done: Any = await connection.execute(delete(table).where(time == first))
                gone[table.name] = gone.get(table.name, 0) + done.rowcount


async def _expire_old(database: Database, table: Table, where: Any, gone: dict[str, int]) -> None:
    """Delete the rows of a small table that `where` picks, in steps."""
    key = list(table.primary_key.columns)
    while True:
        async with database.write() as connection:
            number = await _delete_some(connection, table, key, where)
        if not number:
            return
        gone[table.name] = gone.get(table.name, 0) + number


async def _delete_some(connection: AsyncConnection, table: Table, key: list[Any], where: Any) -> int:
    rows = (await connection.execute(select(*key).where(where).limit(_STEP))).all()
    if not rows:
        return 0
    one = delete(table).where(*(column == bindparam(f"key_{column.name}") for column in key))
    await connection.execute(one, [{f"key_{column.name}": row[n] for n, column in enumerate(key)} for row in rows])
    return len(rows)
