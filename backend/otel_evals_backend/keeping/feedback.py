"""Users' signals, each kept once and joined to the span that it is about, whichever comes first.

A signal is about one span: the one with its ids, else (when an application knows the ids of its own request only) the
latest of that trace that had begun by then; the latest with its response id; the latest of its conversation that had
begun by then. A better candidate that comes later takes the signal over, so that the order of arrival does not matter.
On PostgreSQL a signal and its span may be kept at the same moment without seeing each other: `join_lone` looks again.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.keeping.arrivals import FeedbackArrival, SpanArrival
from otel_evals_backend.keeping.kept import JoinedFeedback
from otel_evals_backend.keeping.polarity import polarity, worst
from otel_evals_backend.keeping.stored import chunks
from otel_evals_backend.storage.database import Database, put
from otel_evals_backend.storage.differences import add_sums
from otel_evals_backend.storage.keys import hour_of, trace_range
from otel_evals_backend.storage.tables import feedback, known_spans, spans

_SUMS: Final = ("n", "total")
_LONE: Final = 1000
"""Lone signals that are looked at in one transaction."""

Rank = tuple[int, int, bytes]


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    """A span that a signal may be about."""

    key: bytes
    day: int
    start_ns: int
    slice: int
    response_id: str | None
    conversation_id: str | None


async def keep_feedback(
    database: Database,
    connection: AsyncConnection,
    arrivals: Sequence[FeedbackArrival],
    now_ns: int,
    *,
    spans: Iterable[tuple[int, SpanArrival]] = (),
) -> tuple[tuple[FeedbackArrival, ...], tuple[JoinedFeedback, ...]]:
    """Keep signals that are new, and join what can be joined now. `connection` is in a transaction of `write`.

    On PostgreSQL two processes may meet the same new signal: as `keep`, it then fails with `IntegrityError`.

    Args:
        database: where.
        connection: the transaction.
        arrivals: signals; those whose id is known already change nothing.
        now_ns: ns since 1970.
        spans: days and spans that the same transaction has just kept.

    Returns:
        The signals that are new, and what was joined.
    """
    signals = {signal.id: signal for signal in reversed(arrivals)}
    for part in chunks(list(signals)):
        for row in await connection.execute(select(feedback.c.id).where(feedback.c.id.in_(part))):
            del signals[bytes(row.id)]
    rows = [{**msgspec.structs.asdict(s), "received_ns": now_ns, "day": None, "span": None} for s in signals.values()]
    await put(connection, insert(feedback), rows)
    joins = _Joins()
    for signal in signals.values():
        joins.join(signal, None, await _best(connection, signal))
    fresh = [_target_of(day, span) for day, span in spans]
    if fresh:
        await _overtake(connection, joins, fresh)
    return tuple(signals.values()), await joins.write(database, connection)


async def join_lone(database: Database, connection: AsyncConnection, since_ns: int) -> tuple[JoinedFeedback, ...]:
    """Look again for the spans of signals that came after `since_ns` and have none."""
    statement = select(feedback).where(feedback.c.received_ns >= since_ns, feedback.c.span.is_(None)).limit(_LONE)
    joins = _Joins()
    for row in (await connection.execute(statement)).all():
        signal = _signal_of(row)
        joins.join(signal, None, await _best(connection, signal))
    return await joins.write(database, connection)


class _Joins:
    """What moves from span to span in one transaction."""

    def __init__(self) -> None:
        self._found: dict[bytes, tuple[FeedbackArrival, _Target | None, _Target]] = {}

    def join(self, signal: FeedbackArrival, known: _Target | None, target: _Target | None) -> None:
        """`signal` belongs to `target` from now on, and no longer to `known`."""
        _, first, _ = self._found.get(signal.id, (signal, known, None))
        if target is not None:
            self._found[signal.id] = (signal, first, target)

    def target(self, signal: bytes) -> _Target | None:
        """The span that was found for a signal in this transaction."""
        found = self._found.get(signal)
        return None if found is None else found[2]

    async def write(self, database: Database, connection: AsyncConnection) -> tuple[JoinedFeedback, ...]:
        """Write what has moved, the sums and the spans' worst signals."""
        sums: dict[tuple[int | str, ...], list[float]] = {}
        touched: dict[bytes, int] = {}
        for signal, known, target in self._found.values():
            statement = update(feedback).where(feedback.c.id == signal.id)
            await connection.execute(statement.values(day=target.day, span=target.key))
            for sign, place in ((-1, known), (1, target)):
                if place is not None:
                    touched[place.key] = place.day
                    row = sums.setdefault((hour_of(place.start_ns), place.slice, signal.signal), [0, 0])
                    row[0] += sign
                    row[1] += sign * (signal.value or 0.0)
        await add_sums(database, connection, "feedback_hours", _SUMS, sums)
        for key, day in sorted(touched.items()):
            await _mark(connection, key, day)
        return tuple(
            JoinedFeedback(
                id=signal.id, span=target.key, day=target.day, signal=signal.signal,
                polarity=polarity(signal.signal, signal.value),
            )
            for signal, _, target in self._found.values()
        )  # fmt: skip


async def _mark(connection: AsyncConnection, key: bytes, day: int) -> None:
    """Let the span say what the worst of its signals is."""
    said = await connection.execute(select(feedback.c.signal, feedback.c.value).where(feedback.c.span == key))
    value = worst([polarity(row.signal, row.value) for row in said])
    await connection.execute(update(spans).where(spans.c.day == day, spans.c.span == key).values(feedback=value))


def _rank(signal: FeedbackArrival, span: _Target) -> Rank | None:
    """How well a span fits a signal; None when it does not. The greatest wins."""
    begun = span.start_ns <= signal.at_ns
    if signal.trace_id is not None:
        if signal.span_id is not None and span.key == signal.trace_id + signal.span_id:
            return 2, span.start_ns, span.key
        fits = begun and span.key.startswith(signal.trace_id)
    elif signal.response_id is not None:
        fits = span.response_id == signal.response_id
    else:
        fits = begun and signal.conversation_id is not None and span.conversation_id == signal.conversation_id
    return (1, span.start_ns, span.key) if fits else None


async def _best(connection: AsyncConnection, signal: FeedbackArrival) -> _Target | None:
    """The best of the spans that are there."""
    latest = (spans.c.start_ns.desc(), spans.c.span.desc())
    begun = spans.c.start_ns <= signal.at_ns
    if signal.trace_id is not None:
        if signal.span_id is not None:
            found = await _one(connection, _targets(known_spans.c.span == signal.trace_id + signal.span_id))
            if found is not None:
                return found
        return await _one(
            connection, _targets(known_spans.c.span.between(*trace_range(signal.trace_id)), begun).order_by(*latest)
        )
    if signal.response_id is not None:
        return await _one(connection, _targets(spans.c.response_id == signal.response_id).order_by(*latest))
    if signal.conversation_id is None:
        return None
    conversation = spans.c.conversation_id == signal.conversation_id
    return await _one(connection, _targets(conversation, begun).order_by(*latest))


_TARGET: Final = (
    spans.c.day, spans.c.span, spans.c.start_ns, spans.c.slice, spans.c.response_id, spans.c.conversation_id,
)  # fmt: skip


def _targets(*where: ColumnElement[bool]) -> Any:
    by_key = and_(known_spans.c.day == spans.c.day, known_spans.c.span == spans.c.span)
    return select(*_TARGET).select_from(spans.join(known_spans, by_key)).where(*where)


async def _one(connection: AsyncConnection, statement: Any) -> _Target | None:
    row = (await connection.execute(statement.limit(1))).first()
    return None if row is None else _target(row)


async def _overtake(connection: AsyncConnection, joins: _Joins, fresh: list[_Target]) -> None:
    """Give new spans the signals that they fit better than the spans that have them now."""
    by_trace: dict[bytes, list[_Target]] = {}
    by_response: dict[str, list[_Target]] = {}
    by_conversation: dict[str, list[_Target]] = {}
    for span in fresh:
        by_trace.setdefault(span.key[:16], []).append(span)
        if span.response_id is not None:
            by_response.setdefault(span.response_id, []).append(span)
        if span.conversation_id is not None:
            by_conversation.setdefault(span.conversation_id, []).append(span)
    for column, known in (
        (feedback.c.trace_id, by_trace),
        (feedback.c.response_id, by_response),
        (feedback.c.conversation_id, by_conversation),
    ):
        table: dict[Any, list[_Target]] = dict(known)
        for part in chunks(table):
            for row in (await connection.execute(_signals(column.in_(part)))).all():
                signal = _signal_of(row)
                current = joins.target(signal.id) or (None if row.span is None else _target_of_signal(row))
                for span in table.get(_value(row, column.name), ()):
                    better = _rank(signal, span)
                    if better is not None and (current is None or better > (_rank(signal, current) or better)):
                        before = None if row.span is None else _target_of_signal(row)
                        joins.join(signal, before, span)
                        current = span


_JOINED: Final = ("start_ns", "slice", "response_id", "conversation_id")


def _signals(where: ColumnElement[bool]) -> Select[Any]:
    its = and_(spans.c.day == feedback.c.day, spans.c.span == feedback.c.span)
    joined = (spans.c[name].label(f"its_{name}") for name in _JOINED)
    return select(feedback, *joined).select_from(feedback.outerjoin(spans, its)).where(where)


def _value(row: Any, name: str) -> Any:
    value: Any = getattr(row, name)
    return value if isinstance(value, str | int | float | None) else bytes(value)


_SIGNAL: Final[tuple[str, ...]] = FeedbackArrival.__struct_fields__


def _signal_of(row: Any) -> FeedbackArrival:
    return FeedbackArrival(**{name: _value(row, name) for name in _SIGNAL})


def _target(row: Any) -> _Target:
    return _Target(
        key=bytes(row.span), day=row.day, start_ns=row.start_ns, slice=row.slice, response_id=row.response_id,
        conversation_id=row.conversation_id,
    )  # fmt: skip


def _target_of(day: int, span: SpanArrival) -> _Target:
    return _Target(
        key=span.span, day=day, start_ns=span.start_ns, slice=span.slice.id, response_id=span.response_id,
        conversation_id=span.conversation_id,
    )  # fmt: skip


def _target_of_signal(row: Any) -> _Target | None:
    if row.its_start_ns is None:  # deleted by age
        return None
    return _Target(
        key=bytes(row.span), day=row.day, start_ns=row.its_start_ns, slice=row.its_slice,
        response_id=row.its_response_id, conversation_id=row.its_conversation_id,
    )  # fmt: skip
