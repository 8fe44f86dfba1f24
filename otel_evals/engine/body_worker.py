"""The work on one body of spans: read them, take out those that wait, and write results onto the others.

Called by the pipeline for a body at the door and for a span that has waited. Nothing is sent or stored here. An error
of ours in checking a span lets the span go on as it came.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from otel_evals.emit.annotations import coverage_annotation, run_annotations
from otel_evals.emit.judged import JudgedAdditions
from otel_evals.emit.log_events import log_events
from otel_evals.emit.span import SpanAdditions
from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.evaluation import Evaluator
from otel_evals.engine.hearsay import Hearsay
from otel_evals.engine.holding import Holding, SpanKey, Waiting
from otel_evals.engine.judging import Judging, Selected
from otel_evals.engine.pace import Pace, Turns
from otel_evals.engine.patience import Patience
from otel_evals.engine.plan import Plan
from otel_evals.engine.reader import Reader, ReadSpan
from otel_evals.engine.resent import Resent, planned, span_key
from otel_evals.engine.span_evaluator import SpanEvaluator
from otel_evals.engine.traces import Traces
from otel_evals.otlp.frame import Frame, walk
from otel_evals.otlp.splice import append, extract, splice
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.span import SpanView
from otel_evals.semconv import gen_ai
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_LOG: Final = logging.getLogger(__name__)
_NOTHING: Final[Mapping[SpanKey, Resent]] = {}


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
    selected: list[Selected] = []
    """Spans that judges are to see. Those that are held are not in `body`, and not among `evaluated`."""
    records: int = 0
    """Records in `logs`."""
    keys: dict[SpanKey, bool] = {}
    """Keys of `selected`, and whether the span is held: the same span may stand in a body twice."""
    told: Mapping[SpanKey, Resent] = {}
    """What is known of spans that judges were asked about before."""
    resent: list[SpanKey] = []
    """Others that this worker has taken before: what has become of them is to be asked."""
    held_at: set[int] = set()
    """Where `held` stand in the body."""

    @property
    def taken_out(self) -> int:
        """Spans that are not in `body` because they wait, known ones apart."""
        return len(self.held) + sum(one.body is not None for one in self.selected)


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
        judging: Judging | None = None,
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
        self._judging = judging
        self._additions = SpanAdditions()
        self._judged = JudgedAdditions()
        self._turns = Turns()

    async def work(
        self,
        body: bytes,
        evaluator: Evaluator,
        *,
        may_wait: bool,
        given_up: CoverageOutcome | None = None,
        told: Mapping[SpanKey, Resent] = _NOTHING,
        before: Work | None = None,
    ) -> Work:
        """What came of a valid body. Gives others a turn now and then, since a large one takes long.

        Args:
            body: the body.
            evaluator: the checks.
            may_wait: whether spans may wait for what travels apart from them.
            given_up: the outcome of the selected judges after the disk refused the jobs of this body.
            told: what is known of spans that judges were asked about before.
            before: the work on the same body that has put spans on hold already; those stay there, others go on.
        """
        async with Pace(self._clock, self._turns, len(body)) as pace:
            work = Work(body, [], [], 0, set(), [], told=told)
            if before is not None:
                work.held, work.held_at = before.held, before.held_at
            await self._work(work, before, evaluator, pace, may_wait=may_wait, given_up=given_up)
            return work

    async def _work(
        self,
        work: Work,
        before: Work | None,
        evaluator: Evaluator,
        pace: Pace,
        *,
        may_wait: bool,
        given_up: CoverageOutcome | None,
    ) -> None:
        frame = walk(work.body)
        reads: list[ReadSpan] = []
        for read in self._reader.read(frame):
            reads.append(read)
            await pace.breathe()
        if self._hearsay is not None and may_wait:
            self._hearsay.tell_spans(reads)
        edits: dict[int, bytes | None] = dict.fromkeys(work.held_at)
        work.traces.update(read.span.trace_id for read in reads)
        for read in reads:
            work.traces |= self._traces.twins.traces(read.span, read.reading)
        for read in reads:
            await pace.breathe()
            if read.candidate.item.start in work.held_at or not self._reader.is_evaluated(read):
                continue
            if may_wait and self._waits(frame, read, work, is_new=before is None):
                edits[read.candidate.item.start] = None
                continue
            self._ready(
                frame, read, work, edits, lambda r: self._evaluate(r, evaluator, pace.worked, given_up=given_up)
            )
        if self._span_evaluator.judges_runs:
            # Last, since a run is judged by what its calls have shown.
            for read in reads:
                if read.candidate.item.start not in edits:
                    await pace.breathe()
                    self._ready(frame, read, work, edits, lambda r: self._run(r, given_up=given_up))
        work.body = splice(frame, edits)

    def _ready(
        self,
        frame: Frame,
        read: ReadSpan,
        work: Work,
        edits: dict[int, bytes | None],
        evaluate: Callable[[ReadSpan], Evaluated | None],
    ) -> None:
        """Evaluate a span for which nothing has to be awaited any more."""
        try:
            span = evaluate(read)
            if span is None:
                return
            if span.plan is not None and span.plan.facts is not None:
                span = msgspec.structs.replace(span, resource=frame.head(read.candidate.resource))
            judging, plan = self._judging, span.plan
            if judging is None or plan is None or not (plan.selected or judging.may_know(*read.key)):
                more: bytes | None = self._encode(read, span, span.coverage)
                work.evaluated.append(span)
            else:
                more = self._select(judging, frame, read, span, work)
            if self._wants_log_events and not span.is_run:
                work.logs.append(self._log_events(frame.head(read.candidate.resource), span))
                work.records += len(span.evaluation.results) + len(span.evaluation.failures)
        except Exception:  # noqa: BLE001 - stage boundary: an error of ours never costs the application its span
            _LOG.exception("a span could not be evaluated and goes on as it came")
            self._meters.add(catalogue.TASK_CRASHES, 1, "evaluate")
        else:
            edits[read.candidate.item.start] = more

    def _select(self, judging: Judging, frame: Frame, read: ReadSpan, span: Evaluated, work: Work) -> bytes | None:
        """Prepare a selected span for its judges; what to append to it here, None when it is taken out to wait."""
        place = read.candidate
        alone = extract(frame, place.resource, place.scope, place.item)
        key = span_key(read.span.trace_id, read.span.span_id, alone)
        if judging.holds(key) or work.keys.get(key, False):
            work.known += 1
            return None
        first = judging.first_plan(key)
        known = work.told.get(key)
        if first is not None and known is None:
            work.resent.append(key)
            known = planned(first)
        if known is not None:
            return self._again(read, span, first, known, work)
        if span.plan is None or not span.plan.selected:
            work.evaluated.append(span)
            return self._encode(read, span, span.coverage)
        more = self._encode(read, span, None)
        own = None
        if judging.may_hold and any(not (one.spec.shadow or one.waits) for one in span.plan.selected):
            own = append(alone, more)
        if key not in work.keys:
            work.keys[key] = own is not None
            resource = frame.head(place.resource)
            work.selected.append(Selected(evaluated=span, resource=resource, body=own, key=key))
            if own is not None:
                return None
        work.evaluated.append(span)
        return more + coverage_annotation(span.coverage)

    def _again(self, read: ReadSpan, span: Evaluated, first: Plan | None, known: Resent, work: Work) -> bytes | None:
        """What to append to a span that is sent again: what its judges have said; None while the first one is held.

        Its jobs exist, and what was drawn then holds, whatever the budget or a reservoir says by now.
        """
        if known.is_held:
            work.known += 1
            return None
        plan = Plan(decision=known.decision) if first is None else first
        span = msgspec.structs.replace(span, plan=plan, coverage=known.coverage)
        work.evaluated.append(span)
        answers = known.answers
        return self._encode(read, span, None) + self._judged.encode(
            tuple(result for answer in answers for result in answer.results),
            tuple(failure for answer in answers for failure in answer.failures),
            coverage=known.coverage,
            time_ns=self._clock.time_ns(),
            response_id=span.exchange.response_id,
        )

    def _waits(self, frame: Frame, read: ReadSpan, work: Work, *, is_new: bool) -> bool:
        """Whether a span waits for what travels apart from it: since an earlier try, or from now on if it is new."""
        wait = self._wait(read)
        if wait is None:
            return False
        place = read.candidate
        waiting = _waiting(read, extract(frame, place.resource, place.scope, place.item), wait)
        is_known = self._holding.holds(waiting.key)
        if is_known:
            work.known += 1
        elif is_new:
            work.held.append(waiting)
            work.held_at.add(place.item.start)
        return is_known or is_new

    def _wait(self, read: ReadSpan) -> str | None:
        """What the span waits for, if anything, if there is room, and if waiting has been worth it."""
        wait = self._reader.waits(read)
        if wait is None or not self._holding.open:
            return None
        service = read.span.resource.get(gen_ai.SERVICE_NAME)
        return wait.value if self._patience.worth((service, wait.value)) else None

    def _evaluate(
        self, read: ReadSpan, evaluator: Evaluator, worked: float, *, given_up: CoverageOutcome | None
    ) -> Evaluated:
        """The evaluated span."""
        return self._judgeable(self._span_evaluator.evaluate(read, evaluator, worked=worked), given_up=given_up)

    def _run(self, read: ReadSpan, *, given_up: CoverageOutcome | None) -> Evaluated | None:
        """The run that the span of an agent stands for, when a judge looks at runs."""
        span = self._span_evaluator.run(read)
        return None if span is None else self._judgeable(span, given_up=given_up)

    def _judgeable(self, span: Evaluated, *, given_up: CoverageOutcome | None) -> Evaluated:
        """The span with its judges given up where they cannot be asked."""
        plan = span.plan
        if plan is None or not plan.selected or self._judging is None:
            return span
        if given_up is not None:
            plan = plan.given_up(given_up)
        elif self._judging.is_full:
            plan = plan.given_up(CoverageOutcome.RATE_LIMITED)
        else:
            return span
        return msgspec.structs.replace(span, plan=plan, coverage=plan.coverage())

    def _encode(self, read: ReadSpan, span: Evaluated, coverage: CoverageOutcome | None) -> bytes:
        """The bytes to append to one span."""
        if span.is_run:
            return run_annotations(span.plan.decision if span.plan is not None else None, coverage)
        return self._additions.encode(
            span.exchange,
            read.span.attributes,
            results=span.evaluation.results,
            failures=span.evaluation.failures,
            decision=span.evaluation.decision,
            coverage=coverage,
            time_ns=self._clock.time_ns(),
            fingerprint=span.fingerprint,
            in_flight=span.in_flight,
            capped=span.evaluation.truncated,
            sampling=span.plan.decision if span.plan is not None else None,
        )

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
