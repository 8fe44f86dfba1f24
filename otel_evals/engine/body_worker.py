"""The work on one body of spans: read them, take out those that wait, and write results onto the others.

Called by the pipeline for a body at the door and for a span that has waited. Nothing is sent or stored here. An error
of ours in checking a span lets the span go on as it came.
"""

import logging
from typing import Final

import msgspec

from otel_evals.emit.log_events import log_events
from otel_evals.emit.span import SpanAdditions
from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.evaluation import Evaluator
from otel_evals.engine.hearsay import Hearsay
from otel_evals.engine.holding import Holding, Waiting
from otel_evals.engine.pace import Pace
from otel_evals.engine.patience import Patience
from otel_evals.engine.reader import Reader, ReadSpan
from otel_evals.engine.span_evaluator import SpanEvaluator
from otel_evals.engine.traces import Traces
from otel_evals.otlp.frame import walk
from otel_evals.otlp.splice import extract, splice
from otel_evals.records.clock import Clock
from otel_evals.records.span import SpanView
from otel_evals.semconv import gen_ai
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_LOG: Final = logging.getLogger(__name__)


class Work(msgspec.Struct):
    """What came of one body of spans."""

    body: bytes
    """What goes on now; empty when every span waits."""
    evaluated: list[Evaluated]
    held: list[Waiting]
    known: int
    """Spans that wait already from an earlier try of the same request: they were counted then."""
    traces: set[bytes]
    logs: list[bytes]
    """Log-based events of the results, when they are wanted."""


class BodyWorker:
    """Does the work with what it is given; the pipeline decides what follows."""

    def __init__(
        self,
        *,
        reader: Reader,
        span_evaluator: SpanEvaluator,
        traces: Traces,
        patience: Patience,
        holding: Holding,
        hearsay: Hearsay | None,
        meters: Meters,
        clock: Clock,
        log_events: bool,
    ) -> None:
        self._reader = reader
        self._span_evaluator = span_evaluator
        self._traces = traces
        self._patience = patience
        self._holding = holding
        self._hearsay = hearsay
        self._meters = meters
        self._clock = clock
        self._wants_log_events = log_events
        self._additions = SpanAdditions()

    async def work(self, body: bytes, evaluator: Evaluator, *, may_wait: bool) -> Work:
        """What came of a valid body. Gives others a turn now and then, since a large one takes long."""
        frame = walk(body)
        pace = Pace(self._clock)
        reads: list[ReadSpan] = []
        for read in self._reader.read(frame):
            reads.append(read)
            await pace.breathe()
        if self._hearsay is not None and may_wait:
            self._hearsay.tell_spans(reads)
        edits: dict[int, bytes | None] = {}
        work = Work(body, [], [], 0, {read.span.trace_id for read in reads}, [])
        for read in reads:
            work.traces |= self._traces.twins.traces(read.span, read.reading)
        for read in reads:
            await pace.breathe()
            if not self._reader.is_evaluated(read):
                continue
            candidate = read.candidate
            wait = self._wait(read) if may_wait else None
            if wait is None:
                more = self._evaluate(read, evaluator, work.evaluated)
                if more:
                    edits[candidate.item.start] = more
                    if self._wants_log_events:
                        work.logs.append(self._log_events(frame.head(candidate.resource), work.evaluated[-1]))
                continue
            edits[candidate.item.start] = None
            waiting = _waiting(read, extract(frame, candidate.resource, candidate.scope, candidate.item), wait)
            if self._holding.holds(waiting.key):
                work.known += 1
            else:
                work.held.append(waiting)
        work.body = splice(frame, edits)
        return work

    def _wait(self, read: ReadSpan) -> str | None:
        """What the span waits for, if anything, if there is room, and if waiting has been worth it."""
        wait = self._reader.waits(read)
        if wait is None or not self._holding.open:
            return None
        service = read.span.resource.get(gen_ai.SERVICE_NAME)
        return wait.value if self._patience.worth((service, wait.value)) else None

    def _evaluate(self, read: ReadSpan, evaluator: Evaluator, evaluated: list[Evaluated]) -> bytes:
        """The bytes to append to one span; empty when an error of ours lets it go on as it came."""
        try:
            span = self._span_evaluator.evaluate(read, evaluator)
            more = self._additions.encode(
                span.exchange,
                read.span.attributes,
                results=span.evaluation.results,
                failures=span.evaluation.failures,
                decision=span.evaluation.decision,
                coverage=span.coverage,
                time_ns=self._clock.time_ns(),
                fingerprint=span.fingerprint,
                in_flight=span.in_flight,
                capped=span.evaluation.truncated,
            )
        except Exception:  # noqa: BLE001 - stage boundary: an error of ours never costs the application its span
            _LOG.exception("a span could not be evaluated and goes on as it came")
            self._meters.add(catalogue.TASK_CRASHES, 1, "evaluate")
            return b""
        evaluated.append(span)
        return more

    def _log_events(self, resource: bytes, span: Evaluated) -> bytes:
        exchange, evaluation = span.exchange, span.evaluation
        return log_events(
            resource,
            (*evaluation.results, *evaluation.failures),
            trace_id=exchange.trace_id,
            span_id=exchange.span_id,
            response_id=exchange.response_id,
            time_ns=self._clock.time_ns(),
        )


def _waiting(read: ReadSpan, body: bytes, wait: str) -> Waiting:
    span = read.span
    light = SpanView(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        status_code=span.status_code,
        attributes={},
        resource={gen_ai.SERVICE_NAME: span.resource.get(gen_ai.SERVICE_NAME)},
    )
    return Waiting(light, body, wait, read.reading.response_id, hash(body))
