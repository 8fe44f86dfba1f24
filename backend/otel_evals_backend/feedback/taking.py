"""Keeps signals: the rows, what they are joined to, what people should look at, and their way to the processor.

One transaction for all of a request, done again when another process meets the same signals at the same moment.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.errors import Unavailable
from otel_evals.records.signal import Signal
from otel_evals_backend.context import Context
from otel_evals_backend.feedback.event import log_event
from otel_evals_backend.feedback.models import Taken
from otel_evals_backend.feedback.reading import ReadSignal
from otel_evals_backend.keeping.arrivals import Arrivals, FeedbackArrival
from otel_evals_backend.keeping.keep import keep
from otel_evals_backend.keeping.kept import Kept
from otel_evals_backend.keeping.measured import measure
from otel_evals_backend.outgoing import outbox
from otel_evals_backend.review.select import consider
from otel_evals_backend.storage.tables import feedback, slices, spans

_TRIES: Final = 5
_MINUTE_NS: Final = 60_000_000_000


async def take(context: Context, signals: Sequence[ReadSignal], app: str = "") -> list[Taken]:
    """Return when the signals are safe: what became of each.

    Args:
        context: where.
        signals: as they were read.
        app: the application that sends them, for signals whose call is not known.

    Raises:
        Unavailable: nothing was kept, and sending again later makes sense.
    """
    for _ in range(_TRIES):
        try:
            kept, found = await _transaction(context, signals, app)
        except IntegrityError:
            continue
        measure(context.meters, kept)
        new = {signal.id for signal in kept.signals}
        taken: list[Taken] = []
        for signal, (name, joined) in zip(signals, found, strict=True):
            taken.append(
                Taken(id=name.hex(), joined=joined, duplicate=name not in new, notes=list(signal.notes))
            )  # fmt: skip
            new.discard(name)  # what stands twice in one request is a duplicate of itself
        return taken
    raise Unavailable("other processes keep the same signals", retry_after=1.0)


async def _transaction(
    context: Context, signals: Sequence[ReadSignal], app: str
) -> tuple[Kept, list[tuple[bytes, bool]]]:
    now_ns = context.clock.time_ns()
    async with context.database.write() as connection:
        names = await _names(connection, signals, now_ns)
        arrivals = tuple(
            msgspec.structs.replace(signal.arrival, id=name) for signal, name in zip(signals, names, strict=True)
        )
        kept = await keep(context.database, connection, Arrivals(feedback=arrivals), now_ns=now_ns)
        await consider(context.database, connection, context, kept)
        # Also without `send_to`, as labels: what is said before it is set is sent once it is, unless it is too old.
        await _post(context, connection, kept.signals, app, now_ns)
        rows = await connection.execute(select(feedback.c.id, feedback.c.span).where(feedback.c.id.in_(set(names))))
        joined = {bytes(row.id): row.span is not None for row in rows}
    return kept, [(name, joined[name]) for name in names]


async def _names(connection: AsyncConnection, signals: Sequence[ReadSignal], now_ns: int) -> list[bytes]:
    """The ids of the signals: the one of a moment ago, where the same was said then."""
    before = {signal.also for signal in signals if signal.also is not None}
    lately: set[bytes] = set()
    if before:
        statement = select(feedback.c.id).where(feedback.c.id.in_(before), feedback.c.at_ns > now_ns - _MINUTE_NS)
        lately = {bytes(row.id) for row in await connection.execute(statement)}
    return [
        signal.also if signal.also is not None and signal.also in lately else signal.arrival.id for signal in signals
    ]


async def _post(
    context: Context, connection: AsyncConnection, signals: Sequence[FeedbackArrival], app: str, now_ns: int
) -> None:
    """Send new signals on to the processor."""
    its = and_(spans.c.day == feedback.c.day, spans.c.span == feedback.c.span)
    statement = (
        select(feedback.c.id, feedback.c.span, slices.c.service)
        .select_from(feedback.join(spans, its).join(slices, slices.c.id == spans.c.slice))
        .where(feedback.c.id.in_([signal.id for signal in signals]))
    )
    known: dict[bytes, Any] = {bytes(row.id): row for row in await connection.execute(statement)}
    rows: list[tuple[str, Signal, bytes]] = []
    for signal in signals:
        row = known.get(signal.id)
        body = log_event(signal, None if row is None else bytes(row.span), app if row is None else row.service)
        rows.append((f"feedback:{signal.id.hex()}", Signal.LOGS, body))
    await outbox.post(context.database, connection, rows, now_ns)
