"""One OTLP request body from the door to the next hop: read → check → route → hand over.

The order of a body with spans that must wait: their bytes are synced to disk, the rest is forwarded, then the sender
gets its answer. If the forwarding fails the sender sends all of it again, and what is held already is not held twice.
Nothing is counted before it is safe. An error of ours in reading or checking a span lets the span go on as it came.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from otel_evals.engine.body_worker import BodyWorker, Work
from otel_evals.engine.deliver import Deliver
from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.evaluation import Evaluator
from otel_evals.engine.hearsay import Hearsay
from otel_evals.engine.holding import Held, Holding
from otel_evals.engine.logs import LogReader
from otel_evals.engine.measure import Measurements
from otel_evals.engine.patience import Patience
from otel_evals.engine.reader import Reader
from otel_evals.engine.result_logs import ResultLogs
from otel_evals.engine.span_evaluator import SpanEvaluator
from otel_evals.engine.traces import Traces
from otel_evals.otlp.validate import count_items
from otel_evals.records.clock import Clock
from otel_evals.records.errors import Refused, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.slicing.settings import SliceKey
from otel_evals.slicing.versions import PromptVersions
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
        self._settles = settles
        self._on_evaluated = on_evaluated
        self._result_logs = result_logs
        self._hearsay = hearsay
        self._worker = BodyWorker(
            reader=reader,
            span_evaluator=SpanEvaluator(reader, traces, versions, slices),
            traces=traces,
            patience=patience,
            holding=holding,
            hearsay=hearsay,
            meters=meters,
            clock=clock,
            log_events=result_logs is not None,
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
        return await self._deliver(signal, body, count) if count else Accepted()

    async def _spans(self, body: bytes, count: int) -> Accepted:
        if not count:
            return Accepted()
        evaluator, work = self._evaluator, None
        if evaluator is not None and self._reader.markers.occur(body):
            work = await self._held(body, evaluator)
            body, count = work.body, count - work.known
        held = len(work.held) if work is not None else 0
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
        self._settle(count, accepted)
        return accepted

    def _measure(self, work: Work) -> None:
        """Count and tell of what was evaluated, now that it is safe."""
        self._measurements.evaluated(work.evaluated, self._clock.time_ns())
        if self._on_evaluated is not None and work.evaluated:
            self._on_evaluated(work.evaluated)
        if self._result_logs is not None and work.logs:
            records = sum(len(e.evaluation.results) + len(e.evaluation.failures) for e in work.evaluated)
            self._result_logs.send(b"".join(work.logs), records)

    def _settle(self, delivered: int, accepted: Accepted) -> None:
        if self._settles:
            self._meters.add(catalogue.SPANS, max(0, delivered - accepted.rejected), "forwarded")
            self._meters.add(catalogue.SPANS, min(accepted.rejected, delivered), "failed")

    async def _release(self, body: bytes, held: Held | None) -> None:
        """Forward a span that has waited, evaluated with what is known by now."""
        work = await self._worker.work(body, self._evaluator, may_wait=False) if self._evaluator is not None else None
        try:
            accepted = await self._deliver(Signal.TRACES, body if work is None else work.body, 1)
        except Refused:
            self._meters.add(catalogue.SPANS, 1, "failed")
            raise
        self._settle(1, accepted)
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
