"""Reads the GenAI spans of a body and decides which of them are evaluated, which wait, and which are left alone.

First all spans are read and told to the trace memory, then each is judged against it, since a span's context (its
retriever, its agent, the call below it) may come after it in the same body.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from otel_evals.engine.patience import Patience
from otel_evals.engine.reading import assemble, has_content, merge, read_span, with_fragments
from otel_evals.engine.recognition import Recognition
from otel_evals.engine.traces import Traces, valid_ids
from otel_evals.otlp.candidates import Candidate, Markers
from otel_evals.otlp.decode import decode_resource, decode_scope, decode_span
from otel_evals.otlp.frame import Frame
from otel_evals.otlp.ids import span_ids
from otel_evals.plugins.protocols import Dialect
from otel_evals.records.decision import Route
from otel_evals.records.exchange import Exchange
from otel_evals.records.reading import Awaits, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, SpanView
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals.text.context import unwrap

_CITATION: Final = re.compile(r"\[\^?[\w.:#-]{1,40}\](?!\()|【")


_ROUTES: Final = frozenset(Route)
OnFault = Callable[[str, BaseException], None]
"""Told of an error of a plug-in or of ours that cost nobody a span: what was done, and the error."""


def ignore(_work: str, _error: BaseException) -> None:
    """For who does not want to know."""


class Wait(StrEnum):
    """What a span can wait for."""

    LOGS = "logs"
    ROOT = "root"
    TWIN = "twin"
    DOCUMENTS = "documents"
    CALLS = "calls"
    """An agent span that would be evaluated itself if no model call turns up below it."""


class ReadSpan(msgspec.Struct, frozen=True):
    """A GenAI span with what its dialects found."""

    candidate: Candidate
    span: SpanView
    dialect: str
    reading: Reading

    @property
    def key(self) -> tuple[bytes, bytes]:
        """Trace and span id."""
        return self.span.trace_id, self.span.span_id


class Reader:
    """The reading half of the pipeline."""

    def __init__(
        self, dialects: Sequence[Dialect], traces: Traces, patience: Patience, on_fault: OnFault = ignore
    ) -> None:
        self._on_fault = on_fault
        self._recognition = Recognition(dialects)
        self._traces = traces
        self._patience = patience
        self._markers = Markers([*(m for d in dialects for m in d.markers), otel_evals.DECISION.encode()])
        self._retrieving: dict[object, None] = {}

    @property
    def markers(self) -> Markers:
        """The byte markers of all dialects."""
        return self._markers

    def read(self, frame: Frame) -> Iterator[ReadSpan]:
        """The GenAI spans of a framed body, each told to the trace memory; lazily, so that the caller may pause."""
        resources: dict[int, Mapping[str, Any]] = {}
        scopes: dict[int, tuple[str, str]] = {}
        links = _Links(frame, self._traces)
        for candidate in self._markers.candidates(frame):
            resource, scope, item = candidate.resource, candidate.scope, candidate.item
            if resource.start not in resources:
                resources[resource.start] = decode_resource(frame.head(resource))
            if scope.start not in scopes:
                scopes[scope.start] = decode_scope(frame.head(scope))
            if scopes[scope.start][0] == otel_evals.SCOPE:
                continue  # what a hop before this one wrote about judging: no call of the application
            span = decode_span(frame.body[item.payload : item.end], resources[resource.start], scopes[scope.start])
            self._note_decision(span)
            try:
                found = read_span(self._recognition.dialects(span), span)
            except Exception as error:  # noqa: BLE001 - stage boundary: a dialect's error never costs anyone a span
                self._on_fault("read", error)
                continue
            if found is None:
                continue
            dialect, reading = found
            if valid_ids(span.trace_id, span.span_id):
                if reading.role is not SpanRole.MODEL_CALL or reading.awaits:
                    links.learn()
                self.remember(span, reading)
            yield ReadSpan(candidate, span, dialect, reading)

    def _note_decision(self, span: SpanView) -> None:
        """What the application decided in flight stands on the span that was current then, mostly the call's parent."""
        decided = span.attributes.get(otel_evals.DECISION)
        if isinstance(decided, str) and decided in _ROUTES and valid_ids(span.trace_id, span.span_id):
            self._traces.decision(span.trace_id, decided)

    def remember(self, span: SpanView, reading: Reading) -> None:
        """Let the trace memory know of a span with valid ids, whoever has read it."""
        self._traces.span(span, reading)
        service = span.resource.get(gen_ai.SERVICE_NAME)
        if reading.role is SpanRole.RETRIEVAL and reading.documents:
            self._retrieving[service] = None
            self._patience.kept((service, Wait.DOCUMENTS))

    def retrieves(self, service: object) -> bool:
        """Whether the service has been seen to retrieve documents."""
        return service in self._retrieving

    def exchange(self, read: ReadSpan) -> Exchange:
        """The exchange as it is known now: with log content, ancestors and documents of its trace."""
        reading = with_fragments(read.reading, self._traces.fragments(*read.key))
        inherited = self._traces.inherited(read.span)
        if inherited is not None:
            if any(m.role in ("system", "developer") for m in reading.messages or ()):
                inherited = msgspec.structs.replace(inherited, system=None)
            reading = merge(reading, inherited)
        return assemble(read.dialect, read.span, reading, self._traces.documents(read.span))

    def is_evaluated(self, read: ReadSpan) -> bool:
        """Whether this span, as far as is known, is the one of its logical call that carries the result."""
        span, reading = read.span, read.reading
        if not valid_ids(span.trace_id, span.span_id):
            return False
        if reading.role is SpanRole.MODEL_CALL:
            if Awaits.TWIN in reading.awaits and self._traces.twins.leads(span, reading.response_id):
                self._patience.kept((span.resource.get(gen_ai.SERVICE_NAME), Wait.TWIN))
                return False
            # One instrumentation inside another writes the same call twice: the innermost that has content counts.
            if has_content(reading):
                return not self._traces.has_read_call_below(*read.key)
            return not self._traces.has_call_below(*read.key)
        if reading.role is SpanRole.AGENT and has_content(reading):
            below = self._traces.has_read_call_below(*read.key)
            if below:
                self._patience.kept((span.resource.get(gen_ai.SERVICE_NAME), Wait.CALLS))
            return not below
        return False

    def is_run(self, read: ReadSpan) -> bool:
        """Whether this span stands for the run of an agent whose calls are evaluated on spans of their own."""
        return read.reading.role is SpanRole.AGENT and valid_ids(*read.key) and not self.is_evaluated(read)

    def waits(self, read: ReadSpan) -> Wait | None:
        """What the span has to wait for before it can be evaluated whole; None when it is ready."""
        span, reading, traces = read.span, read.reading, self._traces
        if Awaits.TWIN in reading.awaits and not traces.twins.leads(span, reading.response_id):
            return Wait.TWIN
        if span.status_code == STATUS_ERROR:
            return None
        if Awaits.LOGS in reading.awaits and not traces.closed(*read.key):
            return Wait.LOGS
        if Awaits.ROOT in reading.awaits and span.parent_span_id and not self._has_root(span):
            return Wait.ROOT
        if reading.role is SpanRole.AGENT and not traces.has_call_below(*read.key):
            return Wait.CALLS
        return Wait.DOCUMENTS if self._lacks_documents(read) else None

    def has_come(self, wait: str, span: SpanView, response_id: str | None) -> bool:
        """Whether what `span` waits for is here. Only its ids, times and service are looked at."""
        traces, key = self._traces, (span.trace_id, span.span_id)
        if wait == Wait.LOGS:
            return traces.closed(*key)
        if wait == Wait.TWIN:
            return traces.twins.leads(span, response_id)
        if wait == Wait.CALLS:
            return traces.has_call_below(*key)
        if wait == Wait.DOCUMENTS:
            return bool(traces.documents(span)) or traces.has_root(span.trace_id)
        return self._has_root(span)

    def _has_root(self, span: SpanView) -> bool:
        inherited = self._traces.inherited(span)
        return (inherited is not None and inherited.system is not None) or self._traces.has_root(span.trace_id)

    def _lacks_documents(self, read: ReadSpan) -> bool:
        span, reading = read.span, read.reading
        if not span.parent_span_id or reading.documents or self._traces.has_root(span.trace_id):
            return False
        answers = [c.message.text for c in reading.choices or () if c.message.text]
        if not answers or self._traces.documents(span):
            return False
        if self.retrieves(span.resource.get(gen_ai.SERVICE_NAME)):
            return True
        # The first request of a service: an answer that cites although nothing was given with the question.
        return any(_CITATION.search(text) for text in answers) and not _shows_context(reading)


def _shows_context(reading: Reading) -> bool:
    if reading.system or any(m.tool_results or m.role in ("system", "developer") for m in reading.messages or ()):
        return True
    return any(unwrap(m.text).passages for m in reading.messages or () if m.role == "user")


class _Links:
    """Tells the trace memory where the other spans of a body hang, once it is known that it matters."""

    def __init__(self, frame: Frame, traces: Traces) -> None:
        self._frame = frame
        self._traces = traces
        self._learned = False

    def learn(self) -> None:
        """Remember the parent of every span of the body."""
        if self._learned:
            return
        self._learned = True
        body = self._frame.body
        for resource in self._frame.resources:
            for scope in resource.scopes:
                for item in scope.items:
                    trace_id, span_id, parent = span_ids(body, item.payload, item.end)
                    if valid_ids(trace_id, span_id):
                        self._traces.parent(trace_id, span_id, parent)
