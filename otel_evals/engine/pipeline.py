"""One OTLP request body from the door to the next hop: read → check → route → hand over.

The order of a body with spans that must wait: their bytes are synced to disk, the rest is forwarded, then the sender
gets its answer. If the forwarding fails the sender sends all of it again, and what is held already is not held twice.
Nothing is counted before it is safe. An error of ours in reading or checking a span lets the span go on as it came.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from otel_evals.engine.body_worker import BodyWorker, Work
from otel_evals.engine.deliver import Deliver, Passage
from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.evaluation import Evaluator
from otel_evals.engine.feedback import Feedback, FeedbackReader
from otel_evals.engine.hearsay import Hearsay
from otel_evals.engine.holding import Held, Holding, SpanKey
from otel_evals.engine.judging import Judging
from otel_evals.engine.late_feedback import LateFeedback
from otel_evals.engine.logs import LogReader
from otel_evals.engine.measure import Measurements
from otel_evals.engine.patience import Patience
from otel_evals.engine.plan import Planner
from otel_evals.engine.reader import Reader
from otel_evals.engine.resent import Resent
from otel_evals.engine.result_logs import ResultLogs
from otel_evals.engine.span_evaluator import SpanEvaluator
from otel_evals.engine.traces import Traces
from otel_evals.otlp.validate import count_items
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import Refused, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.slicing.settings import SliceKey
from otel_evals.slicing.versions import PromptVersions
from otel_evals.spool.judge_rows import StoreFull
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_LOG: Final = logging.getLogger(__name__)


OnEvaluated = Callable[[Sequence[Evaluated]], None]
"""Sees what was evaluated: the live view. It must not raise."""


class Pipeline:
    """The data path of one process."""

    def __init__(
        self,
        *,
        reader: Reader,
        logs: LogReader,
        traces: Traces,
        patience: Patience,
        evaluator: Evaluator | None,
        versions: PromptVersions,
        slices: Sequence[SliceKey],
        holding: Holding,
        deliver: Deliver,
        measurements: Measurements,
        meters: Meters,
        clock: Clock,
        settles: bool = True,
        on_evaluated: OnEvaluated | None = None,
        result_logs: ResultLogs | None = None,
        hearsay: Hearsay | None = None,
        planner: Planner | None = None,
        judging: Judging | None = None,
        late_feedback: LateFeedback | None = None,
    ) -> None:
        """Put the pipeline together.

        Args:
            reader: reads spans and decides which are evaluated.
            logs: reads log records.
            traces: what the traces have told so far.
            patience: which services are worth waiting for.
            evaluator: the checks; None lets every span pass unread.
            versions: derives prompt versions.
            slices: extra slice keys.
            holding: the spans that wait.
            deliver: the way to the destinations.
            measurements: counts what was evaluated.
            meters: counts what passes.
            clock: time.
            settles: whether a delivered span counts as forwarded; False when a disk queue says so later.
            result_logs: where results go as log-based events too; None = they do not.
            on_evaluated: told of evaluated spans once they are safe, on the data path: it must be quick.
            hearsay: tells other workers of traces, and hears them; None = there are none.
            planner: which spans come to judges; None = there are no judges.
            judging: makes the judgements.
            late_feedback: brings spans to judges because of what users do; None = it is only counted.
        """
        self._reader = reader
        self._logs = logs
        self._traces = traces
        self._patience = patience
        self._evaluator = evaluator
        self._holding = holding
        self._deliver = deliver
        self._measurements = measurements
        self._meters = meters
        self._clock = clock
        self._passage = Passage(deliver, meters, settles=settles)
        self._judging = judging
        self._on_evaluated = on_evaluated
        self._result_logs = result_logs
        self._hearsay = hearsay
        self._late_feedback = late_feedback
        self._feedback = FeedbackReader(meters, self._on_feedback if late_feedback is not None else None)
        if hearsay is not None and late_feedback is not None:
            hearsay.on_feedback = late_feedback.hear
        self._worker = BodyWorker(
            reader=reader,
            span_evaluator=SpanEvaluator(reader, traces, versions, slices, planner),
            traces=traces,
            patience=patience,
            holding=holding,
            hearsay=hearsay,
            meters=meters,
            clock=clock,
            log_events=result_logs is not None,
            judging=judging,
        )

    async def start(self) -> None:
        """Release what a former run held."""
        await self._holding.start(self._release)

    def reconfigure(self, evaluator: Evaluator | None) -> None:
        """Evaluate with other checks from now on."""
        self._evaluator = evaluator

    def remember_decision(self, trace_id: bytes, route: str) -> None:
        """Keep what was decided in flight for a trace, to be shown on the span of its call."""
        if any(trace_id):
            self._traces.decision(trace_id, route)
            if self._hearsay is not None:
                self._hearsay.tell_decision(trace_id, route)

    def learn(self, facts: bytes) -> None:
        """Hear what another worker has learned, and let go what waited for it."""
        if self._hearsay is not None:
            self._wake(self._hearsay.hear(facts))

    async def intake(self, signal: Signal, body: bytes) -> Accepted:
        """Take one request body. Returns when all of it is safe.

        Raises:
            DecodeError: the body is not valid; nothing was done.
            Unavailable: it cannot be made safe now; the sender should send it again.
            Refused: the next hop refused it for good.
        """
        count = count_items(signal, body)
        if signal is Signal.TRACES:
            return await self._spans(body, count)
        if signal is Signal.LOGS and self._evaluator is not None:
            self._wake(self._logs.read(body))
        if not count:
            return Accepted()
        accepted = await self._deliver(signal, body, count)
        if signal is Signal.LOGS:
            self._feedback.read(body)
        return accepted

    def _on_feedback(self, feedback: Feedback) -> None:
        """Act on a signal here, or let the worker do it that knows its span."""
        if self._late_feedback is not None and not self._late_feedback.hear(feedback) and self._hearsay is not None:
            self._hearsay.tell_feedback(feedback)

    async def _spans(self, body: bytes, count: int) -> Accepted:
        if not count:
            return Accepted()
        evaluator, work = self._evaluator, None
        if evaluator is not None and self._reader.markers.occur(body):
            work = await self._held(body, evaluator)
            body, count = work.body, count - work.known
        held = work.taken_out if work is not None else 0
        self._meters.add(catalogue.SPANS, count, "received")
        accepted = await self._passed_on(body, count - held) if body else Accepted()
        if work is not None:
            self._measure(work)
            self._wake(work.traces)
        return accepted

    async def _held(self, body: bytes, evaluator: Evaluator) -> Work:
        """The work on a body, with the spans that wait made durable; when the disk refuses them nothing waits."""
        work = await self._worker.work(body, evaluator, may_wait=True)
        if work.held:
            try:
                await self._holding.put(work.held)
            except Unavailable as error:
                _LOG.warning("spans go on without waiting for their content: %s", error)
                work = await self._worker.work(body, evaluator, may_wait=False)
        return await self._judged(body, evaluator, work, may_wait=True)

    async def _judged(self, body: bytes, evaluator: Evaluator, work: Work, *, may_wait: bool) -> Work:
        """The work with its selected spans made durable; when the disk refuses them they go on without judges."""
        if self._judging is None:
            return work
        known: dict[SpanKey, Resent] = {}
        try:
            # Every turn knows of more spans of this body, so it ends.
            while found := await self._judging.take(work.selected, work.resent):
                known |= found
                work = await self._worker.work(body, evaluator, may_wait=may_wait, told=known, before=work)
        except Unavailable as error:
            _LOG.warning("spans go on without judges: %s", error)
            outcome = CoverageOutcome.RATE_LIMITED if isinstance(error, StoreFull) else CoverageOutcome.JUDGE_ERROR
            return await self._worker.work(
                body, evaluator, may_wait=may_wait, given_up=outcome, told=known, before=work
            )
        # What is held is safe by now, whatever becomes of the rest of its request.
        self._evaluated([one.evaluated for one in work.selected if one.body is not None])
        return work

    async def _passed_on(self, body: bytes, count: int) -> Accepted:
        try:
            accepted = await self._deliver(Signal.TRACES, body, count)
        except Refused:
            self._meters.add(catalogue.SPANS, count, "failed")
            raise
        except BaseException:  # not taken, too late, or its sender went away: whoever sent it keeps it
            self._meters.add(catalogue.SPANS, count, "refused")
            raise
        self._passage.settle(count, accepted)
        return accepted

    def _measure(self, work: Work) -> None:
        """Count and tell of what was evaluated, now that it is safe."""
        self._evaluated(work.evaluated)
        if self._result_logs is not None and work.logs:
            self._result_logs.send(b"".join(work.logs), work.records)

    def _evaluated(self, spans: Sequence[Evaluated]) -> None:
        if not spans:
            return
        new = self._measurements.evaluated(spans, self._clock.time_ns())
        if self._judging is not None:
            for span in new:
                self._judging.note(span)
        if self._late_feedback is not None:
            self._late_feedback.remember(new)
        if self._on_evaluated is not None:
            self._on_evaluated(spans)

    async def _release(self, body: bytes, held: Held | None) -> None:
        """Forward a span that has waited, evaluated with what is known by now."""
        work = None
        if self._evaluator is not None:
            work = await self._worker.work(body, self._evaluator, may_wait=False)
            work = await self._judged(body, self._evaluator, work, may_wait=False)
        if work is None or work.body:
            await self._passage.forward(body if work is None else work.body, 1)
        if held is not None:
            self._joined(held)
        if work is not None:
            self._measure(work)

    def _joined(self, held: Held) -> None:
        """Learn from how the wait ended."""
        if self._is_ready(held):
            self._meters.add(catalogue.JOIN, 1, "joined")
            self._patience.kept(held.spec.patience_key)
        else:
            self._meters.add(catalogue.JOIN, 1, "timeout")
            self._patience.in_vain(held.spec.patience_key)

    def _wake(self, traces: set[bytes]) -> None:
        if traces:
            self._holding.wake(traces, self._is_ready)

    def _is_ready(self, held: Held) -> bool:
        return self._reader.has_come(held.spec.wait, held.spec.span, held.spec.response_id)
