"""The call that a span stands for, put together from what is stored of its trace.

By the processor's own functions, so that people see what the checks and judges saw.

Called by the pages that show a span and by review.
"""

from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.engine.reading import assemble, merge, with_fragments
from otel_evals.engine.settings import JoinSettings
from otel_evals.engine.traces import Traces
from otel_evals.records.exchange import Exchange
from otel_evals.records.reading import Fragment
from otel_evals.records.span import STATUS_ERROR, SpanView
from otel_evals.semconv import gen_ai
from otel_evals_backend.content.readings import KeptReading
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.settings import ContentKept
from otel_evals_backend.storage.keys import trace_range
from otel_evals_backend.storage.tables import contents, known_spans

_PARTS: Final = 2000
"""Stored pieces of one trace that are looked at, the earliest first."""


class _Still:
    """A clock that stands still: what is put together here is forgotten at once."""

    def monotonic(self) -> float:
        """Always the same."""
        return 0.0

    def time_ns(self) -> int:
        """Always the same."""
        return 0


async def exchange_of(connection: AsyncConnection, settings: ContentKept, span: bytes) -> Exchange | None:
    """The call with its log content, what its ancestors say, and the documents that its trace retrieved before it.

    None when nothing of it is kept: the content policy says so, it was deleted by age, or its key is gone.
    """
    sealer = Sealer(settings)
    traces = Traces(JoinSettings(), _Still())
    own: KeptReading | None = None
    start_ns = 0
    for key, part, start, kept in await _trace(connection, sealer, span):
        trace_id, span_id = key[:16], key[16:]
        if kept.order is not None:
            traces.fragment(
                Fragment(trace_id=trace_id, span_id=span_id, order=kept.order, closes=kept.closes, reading=kept.reading)
            )
            continue
        if part == 0 and key == span:
            own, start_ns = kept, start
        traces.span(_view(key, start, kept), kept.reading)
    if own is None:
        return None
    view = _view(span, start_ns, own)
    reading = with_fragments(own.reading, traces.fragments(span[:16], span[16:]))
    inherited = traces.inherited(view)
    if inherited is not None:
        if any(m.role in ("system", "developer") for m in reading.messages or ()):
            inherited = msgspec.structs.replace(inherited, system=None)
        reading = merge(reading, inherited)
    return assemble(own.dialect, view, reading, traces.documents(view))


async def _trace(connection: AsyncConnection, sealer: Sealer, span: bytes) -> list[tuple[bytes, int, int, KeptReading]]:
    low, high = trace_range(span[:16])
    days = await connection.execute(select(known_spans.c.day).where(known_spans.c.span.between(low, high)).distinct())
    rows = await connection.execute(
        select(contents)
        .where(contents.c.day.in_([row.day for row in days]), contents.c.span.between(low, high))
        .order_by(contents.c.start_ns)
        .limit(_PARTS)
    )
    found: list[tuple[bytes, int, int, KeptReading]] = []
    for row in rows:
        kept = sealer.open(bytes(row.span), row.part, bytes(row.body), encrypted=row.encrypted)
        if kept is not None:
            found.append((bytes(row.span), row.part, row.start_ns, kept))
    return found


def _view(key: bytes, start_ns: int, kept: KeptReading) -> SpanView:
    """As much of the span as putting it together asks for."""
    resource = {gen_ai.SERVICE_NAME: kept.service, gen_ai.DEPLOYMENT_ENVIRONMENT: kept.environment}
    return SpanView(
        trace_id=key[:16],
        span_id=key[16:],
        parent_span_id=kept.parent,
        name=kept.name,
        start_ns=start_ns,
        end_ns=kept.end_ns,
        status_code=STATUS_ERROR if kept.failed else 0,
        resource={name: value for name, value in resource.items() if value},
    )
