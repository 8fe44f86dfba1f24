"""What the traces have told us so far: parents, documents, log content, prompts on ancestors, which calls exist.

Bounded three ways (traces, bytes, age) with the oldest trace forgotten first. Walks up the tree are bounded by a
visited set and a depth, since ids from outside may form cycles. Ids that are empty or zero never join anything.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import msgspec

from otel_evals.engine.reading import has_content, merge
from otel_evals.engine.settings import JoinSettings
from otel_evals.engine.twins import Twins
from otel_evals.records.clock import Clock
from otel_evals.records.exchange import Document
from otel_evals.records.reading import Awaits, Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, SpanView

_DEPTH: Final = 64
_SPANS_PER_TRACE: Final = 20_000
_RETRIEVALS_PER_TRACE: Final = 1000
_NODE_BYTES: Final = 200
_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8


def valid_ids(trace_id: bytes, span_id: bytes) -> bool:
    """Whether the ids may join anything: right lengths, not all zero."""
    return len(trace_id) == _TRACE_ID_BYTES and len(span_id) == _SPAN_ID_BYTES and any(trace_id) and any(span_id)


class _Retrieved(msgspec.Struct, frozen=True):
    span_id: bytes
    end_ns: int
    documents: tuple[Document, ...]


class Trace:
    """One trace as far as it is known."""

    __slots__ = (
        "above_calls", "ancestors", "calls", "decision", "fragments", "parents", "retrieved", "root", "rooted",
        "size", "touched",
    )  # fmt: skip

    def __init__(self) -> None:
        self.touched = 0.0
        self.size = 0
        self.parents: dict[bytes, bytes] = {}
        self.calls: dict[bytes, bool] = {}
        """Model calls, and whether their content is known."""
        self.above_calls: dict[bytes, bool] = {}
        """Spans with a model call below, and whether one of those has content. Kept up to date as links arrive."""
        self.retrieved: list[_Retrieved] = []
        self.fragments: dict[bytes, list[Fragment]] = {}
        self.ancestors: dict[bytes, Reading] = {}
        self.root: SpanView | None = None
        """The root span, when it is a GenAI span (others are not decoded)."""
        self.rooted = False
        self.decision: str | None = None


class Traces:
    """The memory over all traces."""

    def __init__(self, settings: JoinSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._traces: OrderedDict[bytes, Trace] = OrderedDict()
        self._size = 0
        self.twins = Twins()
        """Calls that two instrumentations write, also in two traces."""

    def __len__(self) -> int:
        return len(self._traces)

    def get(self, trace_id: bytes) -> Trace | None:
        """The trace, when it is remembered."""
        return self._traces.get(trace_id)

    def _touch(self, trace_id: bytes) -> Trace:
        now = self._clock.monotonic()
        trace = self._traces.get(trace_id)
        if trace is None:
            trace = self._traces[trace_id] = Trace()
            self._grow(trace, _NODE_BYTES)
            self._forget(now)
        else:
            self._traces.move_to_end(trace_id)
        trace.touched = now
        return trace

    def _grow(self, trace: Trace, size: int) -> None:
        trace.size += size
        self._size += size

    def _forget(self, now: float) -> None:
        settings = self._settings
        while len(self._traces) > 1:
            oldest = next(iter(self._traces.values()))
            expired = now - oldest.touched > settings.remember
            if not expired and len(self._traces) <= settings.max_traces and self._size <= settings.max_memory:
                return
            self._size -= self._traces.popitem(last=False)[1].size

    def parent(self, trace_id: bytes, span_id: bytes, parent_span_id: bytes) -> None:
        """Remember where a span hangs (any span of a trace that holds GenAI spans)."""
        trace = self._touch(trace_id)
        if span_id not in trace.parents and len(trace.parents) < _SPANS_PER_TRACE:
            trace.parents[span_id] = parent_span_id
            trace.rooted = trace.rooted or not parent_span_id
            self._grow(trace, _NODE_BYTES)
            if (content := trace.above_calls.get(span_id)) is not None:
                _mark(trace, parent_span_id, content=content)

    def span(self, span: SpanView, reading: Reading) -> None:
        """Remember what a GenAI span is and what it can tell others."""
        self.parent(span.trace_id, span.span_id, span.parent_span_id)
        trace = self._traces[span.trace_id]
        if not span.parent_span_id:
            trace.root = span
        role = reading.role
        if role is SpanRole.MODEL_CALL:
            trace.calls[span.span_id] = content = has_content(reading)
            # A failed call that gives way to its twin must not make that twin, when it stands above, give way too.
            if Awaits.TWIN not in reading.awaits or span.status_code != STATUS_ERROR:
                _mark(trace, span.parent_span_id, content=content)
            self.twins.add(span, reading)
        elif role in (SpanRole.AGENT, SpanRole.WRAPPER, None) and tells(reading):
            self._ancestor(trace, span.span_id, reading)
        # Any span may bring documents, but those on a call are its own input.
        if reading.documents and role is not SpanRole.MODEL_CALL and len(trace.retrieved) < _RETRIEVALS_PER_TRACE:
            trace.retrieved.append(_Retrieved(span.span_id, span.end_ns, reading.documents))
            self._grow(trace, sum(len(d.text) for d in reading.documents))

    def _ancestor(self, trace: Trace, span_id: bytes, reading: Reading) -> None:
        kept = Reading(
            system=reading.system,
            tools=reading.tools,
            output_type=reading.output_type,
            output_schema=reading.output_schema,
            conversation_id=reading.conversation_id,
            prompt_name=reading.prompt_name,
            prompt_version=reading.prompt_version,
            prompt_template=reading.prompt_template,
        )
        trace.ancestors[span_id] = kept
        self._grow(trace, _NODE_BYTES + sum(len(m.text) for m in reading.system or ()))

    def decision(self, trace_id: bytes, route: str) -> None:
        """Remember what the application decided in flight."""
        self._touch(trace_id).decision = route

    def fragment(self, fragment: Fragment) -> None:
        """Remember a piece of a call that came in a log record."""
        trace = self._touch(fragment.trace_id)
        fragments = trace.fragments.setdefault(fragment.span_id, [])
        if fragment in fragments:
            return  # a resent request
        fragments.append(fragment)
        messages = (*(fragment.reading.messages or ()), *(c.message for c in fragment.reading.choices or ()))
        self._grow(trace, _NODE_BYTES + sum(len(m.text) for m in messages))

    def fragments(self, trace_id: bytes, span_id: bytes) -> list[Fragment]:
        """The pieces of a call that have come."""
        trace = self._traces.get(trace_id)
        return trace.fragments.get(span_id, []) if trace else []

    def closed(self, trace_id: bytes, span_id: bytes) -> bool:
        """Whether the piece that carries the answer has come."""
        return any(f.closes for f in self.fragments(trace_id, span_id))

    def inherited(self, span: SpanView) -> Reading | None:
        """What ancestors say about the call below them, the nearest first; None when they say nothing."""
        trace = self._traces.get(span.trace_id)
        if trace is None or not trace.ancestors:
            return None
        found: Reading | None = None
        for ancestor in _ancestors(trace, span.span_id, span.parent_span_id):
            reading = trace.ancestors.get(ancestor)
            if reading is not None:
                found = reading if found is None else merge(found, reading)
        return found

    def documents(self, span: SpanView) -> tuple[Document, ...]:
        """What retrievers of the trace returned before the call began, by the nearest common ancestor."""
        trace = self._traces.get(span.trace_id)
        if trace is None or not trace.retrieved:
            return ()
        above = _ancestors(trace, span.span_id, span.parent_span_id)
        height = {ancestor: i for i, ancestor in enumerate(above)}
        whole = _is_whole(trace, span.span_id, above)
        nearest: dict[int, list[_Retrieved]] = {}
        for retrieved in trace.retrieved:
            if retrieved.end_ns > span.start_ns > 0:
                continue
            chain = _ancestors(trace, retrieved.span_id, trace.parents.get(retrieved.span_id, b""))
            common = next((height[a] for a in chain if a in height), None)
            if common is None:
                # A missing link may yet connect them; two whole chains that never meet are two requests.
                if whole and _is_whole(trace, retrieved.span_id, chain):
                    continue
                common = _DEPTH
            nearest.setdefault(common, []).append(retrieved)
        if not nearest:
            return ()
        found = (d for retrieved in nearest[min(nearest)] for d in retrieved.documents)
        return tuple({(d.id, d.text): d for d in found}.values())

    def has_call_below(self, trace_id: bytes, span_id: bytes) -> bool:
        """Whether a model call is known below the span."""
        trace = self._traces.get(trace_id)
        return trace is not None and span_id in trace.above_calls

    def has_read_call_below(self, trace_id: bytes, span_id: bytes) -> bool:
        """Whether a model call with content is known below the span."""
        trace = self._traces.get(trace_id)
        return trace is not None and trace.above_calls.get(span_id, False)

    def reaches_root(self, span: SpanView) -> bool:
        """Whether all ancestors of the span have been seen, up to the root."""
        trace = self._traces.get(span.trace_id)
        return trace is not None and _is_whole(
            trace, span.span_id, _ancestors(trace, span.span_id, span.parent_span_id)
        )

    def has_root(self, trace_id: bytes) -> bool:
        """Whether the trace's root span has been seen."""
        trace = self._traces.get(trace_id)
        return trace is not None and trace.rooted


def _mark(trace: Trace, span_id: bytes, *, content: bool) -> None:
    """Let every known ancestor from `span_id` up know of a call below; stops where it is known already."""
    while span_id and (known := trace.above_calls.get(span_id)) is not True and known is not content:
        trace.above_calls[span_id] = content or bool(known)
        span_id = trace.parents.get(span_id, b"")


def tells(reading: Reading) -> bool:
    """Whether a span says something to the calls below it."""
    return any(
        value is not None
        for value in (
            reading.system, reading.tools, reading.output_type, reading.output_schema, reading.conversation_id,
            reading.prompt_name, reading.prompt_version, reading.prompt_template,
        )
    )  # fmt: skip


def _ancestors(trace: Trace, span_id: bytes, parent: bytes) -> list[bytes]:
    """The known ancestors of a span, nearest first."""
    above: list[bytes] = []
    seen = {span_id}
    while parent and parent not in seen and len(above) < _DEPTH:
        above.append(parent)
        seen.add(parent)
        parent = trace.parents.get(parent, b"")
    return above


def _is_whole(trace: Trace, span_id: bytes, above: Sequence[bytes]) -> bool:
    """Whether the chain of ancestors ends at a root that has been seen."""
    return trace.parents.get(above[-1] if above else span_id) == b""
