"""What was heard: signals newest first, and how many of each, from the sums by hour."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast

import msgspec
from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.feedback import FeedbackSignal
from otel_evals_backend.feedback.models import Counted, Counts, Heard, HeardPage
from otel_evals_backend.keeping.polarity import polarity
from otel_evals_backend.storage.keys import HOUR_NS, ids_of
from otel_evals_backend.storage.tables import feedback, feedback_hours, slices, spans
from otel_evals_backend.web.ranges import Range

SLICED: Final = ("service", "environment", "operation", "provider", "model", "prompt_name", "prompt_version")
_VALUED: Final = frozenset({FeedbackSignal.RATING, FeedbackSignal.EDIT})
_DAY: Final = 24


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which signals; empty = all."""

    signal: str = ""
    service: str = ""
    model: str = ""
    prompt_name: str = ""
    prompt_version: str = ""
    joined: bool | None = None

    @property
    def of_slices(self) -> list[Any]:
        """The conditions on the slice of the call."""
        names = ("service", "model", "prompt_name", "prompt_version")
        return [slices.c[name] == getattr(self, name) for name in names if getattr(self, name)]


async def listed(
    connection: AsyncConnection, shown: Range, wanted: Wanted, *, after: tuple[int, bytes] | None, most: int
) -> HeardPage:
    """Signals that were received in the range, newest first.

    Args:
        connection: where.
        shown: when they were received.
        wanted: which.
        after: time of receipt and id of the last one of the page before.
        most: how many.
    """
    its = and_(spans.c.day == feedback.c.day, spans.c.span == feedback.c.span)
    statement = (
        select(feedback, *(slices.c[name].label(f"its_{name}") for name in SLICED))
        .select_from(feedback.outerjoin(spans, its).outerjoin(slices, slices.c.id == spans.c.slice))
        .where(feedback.c.received_ns >= shown.from_ns, feedback.c.received_ns < shown.to_ns, *wanted.of_slices)
        .order_by(feedback.c.received_ns.desc(), feedback.c.id.desc())
        .limit(most + 1)
    )
    if wanted.signal:
        statement = statement.where(feedback.c.signal == wanted.signal)
    if wanted.joined is not None:
        statement = statement.where(feedback.c.span.is_not(None) if wanted.joined else feedback.c.span.is_(None))
    if after is not None:
        at, name = after
        older = or_(feedback.c.received_ns < at, and_(feedback.c.received_ns == at, feedback.c.id < name))
        statement = statement.where(older)
    rows = (await connection.execute(statement)).all()
    more = rows[most - 1] if len(rows) > most else None
    following = None if more is None else f"{more.received_ns}-{bytes(more.id).hex()}"
    return HeardPage(feedback=[_heard(row) for row in rows[:most]], next=following)


async def counted(
    connection: AsyncConnection, shown: Range, wanted: Wanted, by: Sequence[str], *, over_time: bool
) -> Counts:
    """How many signals there are about the calls that began in the range, each slice of the keys `by` for itself."""
    hour = feedback_hours.c.hour
    begin = (hour if shown.by_hours else hour - hour % _DAY).label("begin")
    keys: list[Any] = [slices.c[name] for name in by] + ([begin] if over_time else [])
    signal = feedback_hours.c.signal
    statement = (
        select(signal, *keys, func.sum(feedback_hours.c.n).label("n"), func.sum(feedback_hours.c.total).label("total"))
        .select_from(feedback_hours.join(slices, slices.c.id == feedback_hours.c.slice))
        .where(hour >= shown.from_hour, hour < shown.to_hour, *wanted.of_slices)
        .group_by(signal, *keys)
        .order_by(signal, *keys)
    )
    lone = select(func.count()).where(
        feedback.c.received_ns >= shown.from_ns, feedback.c.received_ns < shown.to_ns, feedback.c.span.is_(None)
    )
    if wanted.signal:
        statement, lone = statement.where(signal == wanted.signal), lone.where(feedback.c.signal == wanted.signal)
    rows = (await connection.execute(statement)).mappings().all()
    counts = [
        Counted(
            signal=row["signal"],
            n=int(row["n"]),
            mean=float(row["total"]) / int(row["n"]) if row["signal"] in _VALUED and row["n"] else None,
            slice={name: row[name] for name in by},
            start=_iso(int(row["begin"]) * HOUR_NS) if over_time else None,
        )
        for row in rows
    ]
    return Counts(counts=counts, waiting=int((await connection.execute(lone)).scalar_one()))


def _heard(row: Any) -> Heard:
    trace_id = None if row.trace_id is None else bytes(row.trace_id).hex()
    span_id = None if row.span_id is None else bytes(row.span_id).hex()
    if row.span is not None:
        trace_id, span_id = ids_of(bytes(row.span))
    return Heard(
        id=bytes(row.id).hex(), signal=row.signal, value=row.value, comment=row.comment, corrected=row.corrected,
        at=_iso(row.at_ns), received=_iso(row.received_ns), source=row.source,
        polarity=cast("Literal[-1, 0, 1]", polarity(row.signal, row.value)),
        trace_id=trace_id, span_id=span_id, response_id=row.response_id, conversation_id=row.conversation_id,
        joined=row.span is not None, service=row.its_service, model=row.its_model, prompt_name=row.its_prompt_name,
        prompt_version=row.its_prompt_version,
    )  # fmt: skip


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
