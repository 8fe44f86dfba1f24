"""Calls that two instrumentations write: a vendor's SDK with its own spans under an instrumentation with content.

Such spans share a response id, and may lie in two traces. The id alone would not do, since proxies and caches repeat
ids: service and time have to fit as well.
"""

from collections import OrderedDict, deque
from typing import Final

import msgspec

from otel_evals.records.reading import Awaits, Reading
from otel_evals.records.span import STATUS_ERROR, SpanView
from otel_evals.semconv import gen_ai

_IDS: Final = 50_000
_SPANS_PER_ID: Final = 64


class _Twin(msgspec.Struct, frozen=True):
    key: tuple[bytes, bytes]
    service: object
    start_ns: int
    end_ns: int
    leads: bool
    """Whether it is the one to evaluate: it knows more than the span that awaits its twin."""


class Twins:
    """The latest calls by response id."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, deque[_Twin]] = OrderedDict()

    def add(self, span: SpanView, reading: Reading) -> None:
        """Remember a model call."""
        twin_id = reading.response_id or _failure_id(span)
        if twin_id is None:
            return
        twins = self._by_id.setdefault(twin_id, deque(maxlen=_SPANS_PER_ID))
        self._by_id.move_to_end(twin_id)
        key = (span.trace_id, span.span_id)
        if all(t.key != key for t in twins):
            leads = Awaits.TWIN not in reading.awaits and (bool(reading.messages) or span.status_code == STATUS_ERROR)
            twins.append(_Twin(key, span.resource.get(gen_ai.SERVICE_NAME), span.start_ns, span.end_ns, leads))
        if len(self._by_id) > _IDS:
            self._by_id.popitem(last=False)

    def traces(self, span: SpanView, reading: Reading) -> set[bytes]:
        """Traces in which the same call may have been seen: a twin may be a root in another trace."""
        return {t.key[0] for t in self._by_id.get(reading.response_id or _failure_id(span) or "", ())}

    def leads(self, span: SpanView, response_id: str | None) -> bool:
        """Whether a span that knows more is the same call: same response id, same service, overlapping times."""
        service = span.resource.get(gen_ai.SERVICE_NAME)
        return any(
            t.leads
            and t.key != (span.trace_id, span.span_id)
            and t.service == service
            and t.start_ns <= span.end_ns
            and span.start_ns <= t.end_ns
            for t in self._by_id.get(response_id or _failure_id(span) or "", ())
        )


def _failure_id(span: SpanView) -> str | None:
    """A failed call has no response id: those of one service that overlap in time are taken for one."""
    return f"failed\0{span.resource.get(gen_ai.SERVICE_NAME)}" if span.status_code == STATUS_ERROR else None
