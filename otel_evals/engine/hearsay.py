"""What one worker learns about a trace, told to the others: the requests of one trace may reach different workers.

Told is what another worker could wait for or need: pieces of calls from log records, retrieved documents, what
ancestors say to the calls below them, spans whose ancestors did not come along, decisions in flight. Calls of a trace
that arrives whole are told nothing of. Facts are collected for one turn of the event loop and travel encoded,
so that who passes them on need not read them. One that gets lost costs a join, never a span.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from otel_evals.engine.feedback import Feedback, OnFeedback
from otel_evals.engine.logs import LogReader
from otel_evals.engine.reader import Reader, ReadSpan
from otel_evals.engine.traces import Traces, tells, valid_ids
from otel_evals.records.exchange import Message
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import SpanView
from otel_evals.semconv import gen_ai

_LOG: Final = logging.getLogger(__name__)
_SOMETHING: Final = (Message(role="user"),)
"""Stands for messages that are known: a call's text itself is nobody else's business."""

Publish = Callable[[bytes], object]
"""Passes encoded facts on to all other workers; it must not wait."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a worker has learned."""

    span: SpanView | None = None
    """Ids, times, status and service only."""
    reading: Reading | None = None
    """What the span tells others."""
    fragment: Fragment | None = None
    service: str | None = None
    """The service of the fragment."""
    decision: tuple[bytes, str] | None = None
    """Trace id, and the route that was decided for it in flight."""
    feedback: Feedback | None = None
    """What a user did with an answer whose span the worker that was told does not know."""


class Hearsay:
    """Tells and hears facts for one worker."""

    def __init__(self, traces: Traces, reader: Reader, logs: LogReader, publish: Publish) -> None:
        self._traces = traces
        self._reader = reader
        self._logs = logs
        self._publish = publish
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(list[Fact])
        self._untold: list[Fact] = []
        self.on_feedback: OnFeedback | None = None
        """Hears what other workers were told by users."""
        logs.on_fragment = self._tell_fragment

    def tell_spans(self, reads: Iterable[ReadSpan]) -> None:
        """Tell of the spans of a body what others may need; called once all of them are remembered here."""
        for read in reads:
            span = read.span
            if not valid_ids(span.trace_id, span.span_id):
                continue
            reading = self._reading(read)
            if reading is not None:
                self._tell(Fact(span=_light(span), reading=reading))

    def _reading(self, read: ReadSpan) -> Reading | None:
        """What of a reading others need; None when they can do without."""
        reading, span = read.reading, read.span
        is_call, is_root = reading.role is SpanRole.MODEL_CALL, not span.parent_span_id
        if not is_call and (is_root or reading.documents or tells(reading)):
            return msgspec.structs.replace(reading, messages=None, choices=None, usage=None)
        if is_root or self._traces.reaches_root(span):
            return None
        return Reading(
            role=reading.role,
            awaits=reading.awaits,
            content_off=reading.content_off,
            response_id=reading.response_id,
            messages=_SOMETHING if reading.messages else None,
            choices=None if reading.choices is None else (),
        )

    def tell_decision(self, trace_id: bytes, route: str) -> None:
        """Tell what was decided in flight: the span of the call may come to another worker."""
        self._tell(Fact(decision=(trace_id, route)))

    def tell_feedback(self, feedback: Feedback) -> None:
        """Tell what a user did: the span may have come to another worker, or will."""
        self._tell(Fact(feedback=feedback))

    def _tell_fragment(self, fragment: Fragment, service: object) -> None:
        self._tell(Fact(fragment=fragment, service=service if isinstance(service, str) else None))

    def _tell(self, fact: Fact) -> None:
        if not self._untold:
            asyncio.get_running_loop().call_soon(self._flush)
        self._untold.append(fact)

    def _flush(self) -> None:
        facts, self._untold = self._untold, []
        try:
            encoded = self._encoder.encode(facts)
        except (OverflowError, TypeError, ValueError, RecursionError):
            # A value that no wire carries, such as an integer of 70 bits in a tool's arguments.
            _LOG.warning("what was learned of %d spans could not be told to the other workers", len(facts))
            return
        self._publish(encoded)

    def hear(self, encoded: bytes) -> set[bytes]:
        """Learn what another worker told; the ids of the traces that it concerns."""
        touched: set[bytes] = set()
        for fact in self._decoder.decode(encoded):
            if fact.span is not None and fact.reading is not None:
                self._reader.remember(fact.span, fact.reading)
                touched.add(fact.span.trace_id)
                touched |= self._traces.twins.traces(fact.span, fact.reading)
            if fact.fragment is not None:
                self._logs.remember(fact.fragment, fact.service)
                touched.add(fact.fragment.trace_id)
            if fact.decision is not None:
                self._traces.decision(*fact.decision)
            if fact.feedback is not None and self.on_feedback is not None:
                self.on_feedback(fact.feedback)
        return touched


def _light(span: SpanView) -> SpanView:
    service = span.resource.get(gen_ai.SERVICE_NAME)
    return SpanView(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        status_code=span.status_code,
        resource={gen_ai.SERVICE_NAME: service} if isinstance(service, str) else {},
    )
