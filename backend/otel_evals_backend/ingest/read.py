"""From the bytes of a request to what is kept of it. Pure: no database, no clock, nothing awaited.

GenAI spans and log records are found by the markers of the processor's own dialects and read by them. A span that was
evaluated becomes a row with its results; one that was not (a retriever, a tool, an agent above a call) is kept as
context; everything else passes by.
"""

import logging
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_evals.builtin import DIALECTS
from otel_evals.engine.reading import read_span
from otel_evals.engine.recognition import Recognition
from otel_evals.engine.traces import valid_ids
from otel_evals.otlp.candidates import Candidate, Markers
from otel_evals.otlp.decode import decode_log, decode_resource, decode_scope, decode_span
from otel_evals.otlp.frame import Frame, walk
from otel_evals.otlp.validate import count_items
from otel_evals.records.reading import Fragment, Reading
from otel_evals.records.signal import Signal
from otel_evals.records.span import STATUS_ERROR, LogView, SpanView
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals_backend.content.policy import Policy
from otel_evals_backend.content.readings import KeptReading
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.ingest.bounds import Times, text
from otel_evals_backend.ingest.original import original
from otel_evals_backend.ingest.results import read_result, read_signal
from otel_evals_backend.ingest.spans import PromptVersion, environment_of, is_evaluated, span_row
from otel_evals_backend.keeping.arrivals import Arrivals, ContentArrival, FeedbackArrival, ResultArrival, SpanArrival
from otel_evals_backend.storage.keys import span_key

_LOG: Final = logging.getLogger(__name__)
_OURS: Final = (otel_evals.PREFIX.encode(), gen_ai.EVALUATION_RESULT.encode(), otel_evals.SCOPE.encode())
_EVALUATION: Final = "evaluation"
MOST_RESULTS: Final = 200
"""Results that one span brings with it: pages show all of them, and each evaluator has sums of its own."""
_NOTHING: Final = Reading()


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a request holds."""

    arrivals: Arrivals
    items: int
    """Spans, log records or metrics of the request."""
    rejected: int = 0
    """Those whose ids nothing can be joined by."""
    left_out: int = 0
    """Results beyond the first `MOST_RESULTS` of their span."""


class RequestReader:
    """Reads the requests of one process."""

    def __init__(self, policy: Policy, sealer: Sealer, version: PromptVersion) -> None:
        self._policy = policy
        self._sealer = sealer
        self._version = version
        self._recognition = Recognition(DIALECTS)
        self._markers = Markers([*(marker for dialect in DIALECTS for marker in dialect.markers), *_OURS])

    def read(self, signal: Signal, body: bytes, times: Times) -> Read:
        """What is kept of the encoded export request `body`. Raises DecodeError when it is none."""
        items = count_items(signal, body)
        if signal is Signal.METRICS or not items:
            return Read(arrivals=Arrivals(), items=items)
        into = _Collected()
        rejected = 0
        frame = walk(body)
        heads = _Heads(frame)
        for candidate in self._markers.candidates(frame):
            data = body[candidate.item.payload : candidate.item.end]
            resource, scope = heads.of(candidate)
            if signal is Signal.TRACES:
                rejected += not self._span(data, decode_span(data, resource, scope), times, into)
            else:
                rejected += not self._record(decode_log(data, resource, scope[0]), times, into)
        return Read(arrivals=into.arrivals(), items=items, rejected=rejected, left_out=into.left_out)

    def _span(self, data: bytes, span: SpanView, times: Times, into: "_Collected") -> bool:
        """Take what is kept of a span; whether its ids can be used, or nothing of it would be kept anyway."""
        if span.scope_name == otel_evals.SCOPE:
            return self._late(data, span, times, into)
        events = [event for event in span.events if event.name == gen_ai.EVALUATION_RESULT]
        found = self._reading(span, data)
        if found is None and not events and not is_evaluated(span, ()):
            return True
        if not valid_ids(span.trace_id, span.span_id):
            return False
        into.left_out += max(0, len(events) - MOST_RESULTS)
        key = span_key(span.trace_id, span.span_id)
        dialect, reading = found or ("", _NOTHING)
        results = [
            result
            for event in events[:MOST_RESULTS]
            if (result := read_result(key, times.point(event.time_ns or span.end_ns), event.attributes, self._policy))
        ]
        start_ns, end_ns = times.span(span.start_ns, span.end_ns)
        if is_evaluated(span, results):
            row = span_row(key, span, reading, results, policy=self._policy, times=times, version=self._version)
            into.spans.append(row)
            into.results += results
        if found is not None:
            kept = KeptReading(
                reading=reading,
                dialect=dialect,
                name=text(span.name) or "",
                parent=span.parent_span_id,
                end_ns=end_ns,
                failed=span.status_code == STATUS_ERROR,
                service=text(span.resource.get(gen_ai.SERVICE_NAME)),
                environment=environment_of(span),
            )
            self._content(key, 0, start_ns, kept, into)
        return True

    def _late(self, data: bytes, span: SpanView, times: Times, into: "_Collected") -> bool:
        """A result that travels as a span of its own; other spans of that scope are the judges' own calls."""
        if span.attributes.get(gen_ai.OPERATION_NAME) != _EVALUATION:
            return True
        trace_id, span_id = span.trace_id, span.parent_span_id
        if not span_id:
            trace_id, span_id = _linked(data)
        if not valid_ids(trace_id, span_id):
            return False
        result = read_result(span_key(trace_id, span_id), times.point(span.end_ns), span.attributes, self._policy)
        if result is not None:
            into.results.append(result)
        return True

    def _record(self, record: LogView, times: Times, into: "_Collected") -> bool:
        attributes = record.attributes
        if (record.event_name or attributes.get(gen_ai.EVENT_NAME)) == gen_ai.EVALUATION_RESULT:
            signal = read_signal(record, self._policy, times)
            if signal is not None:
                into.feedback.append(signal)
                return True
            if not valid_ids(record.trace_id, record.span_id):
                return False
            key = span_key(record.trace_id, record.span_id)
            result = read_result(key, times.point(record.time_ns), attributes, self._policy)
            if result is not None:
                into.results.append(result)
            return True
        fragment = self._fragment(record)
        if fragment is not None:
            kept = KeptReading(reading=fragment.reading, order=_signed(fragment.order), closes=fragment.closes)
            key = span_key(fragment.trace_id, fragment.span_id)
            self._content(key, _part(kept), times.point(record.time_ns), kept, into)
        return True

    def _content(self, key: bytes, part: int, start_ns: int, kept: KeptReading, into: "_Collected") -> None:
        clean = self._policy.reading(kept)
        if clean is None:
            return
        into.contents.append(
            ContentArrival(
                span=key,
                part=part,
                role=kept.reading.role or "other",
                start_ns=start_ns,
                encrypted=self._sealer.encrypts,
                body=self._sealer.seal(key, part, clean),
            )
        )

    def _reading(self, span: SpanView, data: bytes) -> tuple[str, Reading] | None:
        try:
            plain = original(span, data)
            found = read_span(self._recognition.dialects(plain), plain)
            if found is None and plain is not span:  # all that it has stands behind what was decided: moved on its way
                found = read_span(self._recognition.dialects(span), span)
        except Exception:  # noqa: BLE001 - stage boundary: a dialect's error never costs anyone a result
            _LOG.warning("a span of %r could not be read", span.scope_name[:100], exc_info=True)
            return None
        return found

    def _fragment(self, record: LogView) -> Fragment | None:
        if not valid_ids(record.trace_id, record.span_id):
            return None
        for dialect in DIALECTS:
            try:
                fragment = dialect.read_log(record)
            except Exception:  # noqa: BLE001 - stage boundary, as above
                _LOG.warning("a log record of %r could not be read", record.scope_name[:100], exc_info=True)
                continue
            if fragment is not None:
                return fragment
        return None


class _Collected:
    """What a request brings, as it is read."""

    def __init__(self) -> None:
        self.spans: list[SpanArrival] = []
        self.results: list[ResultArrival] = []
        self.contents: list[ContentArrival] = []
        self.feedback: list[FeedbackArrival] = []
        self.left_out = 0

    def arrivals(self) -> Arrivals:
        return Arrivals(
            spans=tuple(self.spans),
            results=tuple(self.results),
            contents=tuple(self.contents),
            feedback=tuple(self.feedback),
        )


class _Heads:
    """The resources and scopes of a request, each decoded once."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._resources: dict[int, Mapping[str, Any]] = {}
        self._scopes: dict[int, tuple[str, str]] = {}

    def of(self, candidate: Candidate) -> tuple[Mapping[str, Any], tuple[str, str]]:
        place, scope = candidate.resource, candidate.scope
        if place.start not in self._resources:
            self._resources[place.start] = decode_resource(self._frame.head(place))
        if scope.start not in self._scopes:
            self._scopes[scope.start] = decode_scope(self._frame.head(scope))
        return self._resources[place.start], self._scopes[scope.start]


def _linked(data: bytes) -> tuple[bytes, bytes]:
    """Ids of the first span that an encoded span links to; empty when it links to none."""
    links: Iterator[Any] = iter(Span.FromString(data).links)
    link = next(links, None)
    return (b"", b"") if link is None else (link.trace_id, link.span_id)


def _part(kept: KeptReading) -> int:
    """A number for a piece of a call, the same whenever it comes: 1 … 2³¹ - 1."""
    digest = sha256(repr(kept).encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:4], "big") >> 1) or 1


def _signed(order: int) -> int:
    return min(max(order, -(1 << 63)), (1 << 63) - 1)
