"""Makes judgements beside the data path: durable jobs, a bounded number at a time, within budget and deadline.

Life cycle: `start` takes up what a former run left; `take` is awaited by the pipeline before a request is answered;
`stop` lets held spans go and leaves open jobs for the next run. Forwarding never waits for a judge beyond its hold, and
nothing that goes wrong here costs a span: a judgement that cannot be made ends as an outcome in the ledger.
"""

import asyncio
import heapq
import logging
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from otel_evals.emit.evaluation_span import Judgement, LateForm, call_span, evaluation_span
from otel_evals.emit.results import Outcome
from otel_evals.engine.budget import Budget, Refusal, Reservation
from otel_evals.engine.coverage import CoverageLedger
from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.holding import SpanKey
from otel_evals.engine.job import Answer, Job, decode_job, encode
from otel_evals.engine.judge_hold import HeldSpan, JudgeHold
from otel_evals.engine.judge_measure import JudgeMeasurements
from otel_evals.engine.measure import slice_values
from otel_evals.engine.outbox import Outbox
from otel_evals.engine.plan import JudgeSpec, Plan
from otel_evals.engine.settings import JudgingSettings
from otel_evals.engine.verdicts import Ended, failed, given_up, judged
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import Unavailable
from otel_evals.records.evaluation import EvaluationResult
from otel_evals.records.judging import JudgeFailure
from otel_evals.spool.judge_store import JudgeStore, NewJob, NewSpan, OpenJob, Taken, hour_of
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_LOG: Final = logging.getLogger(__name__)
_NS: Final = 1e9
_REMEMBERED: Final = 50_000
_STORE_PAUSE: Final = 1.0
_IN_FLIGHT_SHARE: Final = 0.4
"""Share of the grace in which judgements under way may still end."""


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """A span that was selected, ready to be made durable."""

    evaluated: Evaluated
    resource: bytes
    body: bytes | None
    """A request body of its own, complete but for the coverage, when it is to be held."""
    key: SpanKey


class _Task(msgspec.Struct, eq=False):
    """One judgement that waits for its turn."""

    id: int
    spec: JudgeSpec
    held: HeldSpan | None
    taken: float

    def __lt__(self, other: "_Task") -> bool:
        """Held spans first, since their time is short; then in order."""
        return (self.held is None, self.id) < (other.held is None, other.id)


class Judging:
    """The judgements of one worker."""

    def __init__(
        self,
        specs: Sequence[JudgeSpec],
        settings: JudgingSettings,
        *,
        store: JudgeStore,
        budget: Budget,
        hold: JudgeHold,
        outbox: Outbox,
        ledger: CoverageLedger,
        measurements: JudgeMeasurements,
        meters: Meters,
        tasks: Tasks,
        clock: Clock,
        late: LateForm = LateForm.CHILD,
        own_resource: bytes = b"",
    ) -> None:
        """Put judging together. `own_resource`: the processor's encoded Resource, for the traces of judge calls."""
        self._specs = {spec.key: spec for spec in specs}
        self._settings = settings
        self._store = store
        self._budget = budget
        self._hold = hold
        self._outbox = outbox
        self._ledger = ledger
        self._measure = measurements
        self._tasks = tasks
        self._clock = clock
        self._late = late
        self._own_resource = own_resource
        self._waiting: list[_Task] = []
        self._turn = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._open: Counter[tuple[str, str]] = Counter()
        self._recent: OrderedDict[SpanKey, None] = OrderedDict()
        self._stopping = False
        self.held_at_start = 0
        """Spans that a former run held."""
        meters.watch(catalogue.COVERAGE_PENDING, self._pending)

    @property
    def held(self) -> int:
        """Spans that wait for judges, and our own that wait for the next hop."""
        return len(self._hold) + len(self._outbox)

    @property
    def may_hold(self) -> bool:
        """Whether another span may wait for its judges."""
        return self._hold.open

    def holds(self, key: SpanKey) -> bool:
        """Whether this span waits already: its request was sent again."""
        return self._hold.holds(key)

    def has_taken(self, key: SpanKey) -> bool:
        """Whether the jobs of this span exist already: its request was sent again after the span had gone on."""
        return key in self._recent

    @property
    def is_full(self) -> bool:
        """Whether too many judgements wait for their turn."""
        return len(self._waiting) >= self._settings.max_waiting

    def note(self, evaluated: Evaluated) -> None:
        """Count the outcomes that were final at once; the span is safe by now."""
        if evaluated.plan is not None:
            self._ledger.note(evaluated.plan)

    def reconfigure(self, specs: Sequence[JudgeSpec]) -> None:
        """Take up jobs for other judges from now on; jobs that wait go to those that they were made for."""
        self._specs = {spec.key: spec for spec in specs}

    async def start(self) -> None:
        """Take up what a former run left, and begin. Raises Unavailable."""
        left = await self._store.leftovers()
        self.held_at_start = len(left.held)
        self._hold.start(left.held)
        self._outbox.send(left.outbox)
        self._ledger.start()
        for job in left.jobs:
            if not job.answered:
                await self._take_up(job)
        for index in range(self._settings.concurrency):
            self._running.add(self._tasks.spawn(self._run(), f"judge {index}"))

    async def _take_up(self, job: OpenJob) -> None:
        spec = self._specs.get((job.judge, job.version))
        if spec is None:
            # The configuration has another judge or another version now, and its verdict would be of that one.
            await self._store.answered(
                job.id, outcome=CoverageOutcome.JUDGE_ERROR.value, hour=self._hour(), answer=None, outbox=()
            )
            _LOG.warning("a judgement of %s is given up: the configuration has no such judge any more", job.judge)
            return
        self._enqueue(_Task(job.id, spec, None, self._clock.monotonic()))

    # Intake

    async def take(self, spans: Sequence[Selected]) -> None:
        """Make selected spans and their jobs durable. Raises Unavailable; nothing of them is kept then."""
        new = [
            NewSpan(body=one.body, jobs=tuple(self._job(one, i) for i in range(len(_plan(one).selected))))
            for one in spans
        ]
        writing = self._tasks.spawn(self._store.take(new, self._hour()), "take spans")
        try:
            taken = await asyncio.shield(writing)
        except asyncio.CancelledError:
            writing.add_done_callback(self._forget)
            raise
        for one, place in zip(spans, taken, strict=True):
            self._register(one, place)

    def _forget(self, writing: "asyncio.Task[list[Taken]]") -> None:
        """The sender went away before it was answered, and will send its spans again."""
        if not writing.cancelled() and writing.exception() is None:
            self._tasks.spawn(self._store.undo(writing.result(), self._hour()), "forget spans")

    def _job(self, one: Selected, index: int) -> NewJob:
        plan = _plan(one)
        selection = plan.selected[index]
        if plan.case is None:
            raise ValueError("a plan that selects has a case")
        job = Job(case=plan.case, resource=one.resource, where=slice_values(one.evaluated), decision=selection.decision)
        judge, version = selection.spec.key
        return NewJob(judge=judge, version=version, payload=encode(job))

    def _register(self, one: Selected, place: Taken) -> None:
        plan, now = _plan(one), self._clock.monotonic()
        self._recent[one.key] = None
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        held = None
        if place.held is not None:
            counting = [job for job, s in zip(place.jobs, plan.selected, strict=True) if not s.spec.shadow]
            settled = tuple(outcome for spec, outcome in plan.outcomes if not spec.shadow)
            held = self._hold.add(place.held, one.key, counting, settled)
        for job, selection in zip(place.jobs, plan.selected, strict=True):
            self._enqueue(_Task(job, selection.spec, held, now))

    def _enqueue(self, task: _Task) -> None:
        self._open[task.spec.judge.name, task.spec.id] += 1
        heapq.heappush(self._waiting, task)
        self._turn.set()

    def _pending(self) -> Mapping[tuple[str, ...], float]:
        return {key: float(number) for key, number in self._open.items()}

    # Work

    async def _run(self) -> None:
        while not self._stopping:
            if not self._waiting:
                self._turn.clear()
                await self._turn.wait()
                continue
            task = heapq.heappop(self._waiting)
            await self._store_patiently(task)

    async def _store_patiently(self, task: _Task) -> None:
        """Judge, and put the task back when the disk cannot take it now."""
        try:
            ended = await self._one(task)
        except Unavailable as error:
            _LOG.warning("a judgement waits: %s", error)
            heapq.heappush(self._waiting, task)
            await asyncio.sleep(_STORE_PAUSE)
            return
        if ended:
            self._open[task.spec.judge.name, task.spec.id] -= 1

    async def _one(self, task: _Task) -> bool:
        """Judge one job; whether it has ended. Raises Unavailable: the store cannot be read or written now."""
        data = await self._store.payload(task.id)
        if data is None:
            return True
        try:
            job = decode_job(data)
        except msgspec.MsgspecError:
            _LOG.warning("a judgement of %s is given up: another version of the software wrote its job", task.spec.id)
            await self._store.answered(
                task.id, outcome=CoverageOutcome.JUDGE_ERROR.value, hour=self._hour(), answer=None, outbox=()
            )
            return True
        reservation = await self._reserved(task, job)
        if isinstance(reservation, Refusal):
            ended = given_up(CoverageOutcome.OVER_BUDGET, "the budget of this period is used up")
        elif reservation is None:
            ended = given_up(CoverageOutcome.RATE_LIMITED, "its turn did not come in time")
        else:
            ended = await self._judged(task.spec, job)
            await self._budget.settle(reservation, ended.usage, ended.cost)
        await self._end(task, job, ended)
        return True

    async def _reserved(self, task: _Task, job: Job) -> Reservation | Refusal | None:
        """Room in the budget; None when it did not come within the patience."""
        estimate = task.spec.judge.estimate(job.case)
        while self._clock.monotonic() - task.taken <= self._settings.patience:
            reservation = await self._budget.reserve(task.spec.id, estimate)
            if isinstance(reservation, Reservation) or not reservation.is_pace:
                return reservation
            await asyncio.sleep(reservation.again)
        return None

    async def _judged(self, spec: JudgeSpec, job: Job) -> Ended:
        started = self._clock.time_ns()
        try:
            async with asyncio.timeout(self._settings.deadline):
                ended = judged(await spec.judge.judge(job.case))
        except JudgeFailure as failure:
            ended = failed(failure)
        except TimeoutError:
            ended = given_up(CoverageOutcome.TIMEOUT, "the judge did not answer within the deadline", calls=1)
        except Exception as error:  # noqa: BLE001 - stage boundary: a judge's error is an outcome, never a span's end
            _LOG.error("the judge %s raised %s", spec.id, type(error).__name__, exc_info=error)
            ended = given_up(
                CoverageOutcome.JUDGE_ERROR, "the judge raised an error", error_type=type(error).__name__, calls=1
            )
        return msgspec.structs.replace(ended, started_ns=started)

    async def _end(self, task: _Task, job: Job, ended: Ended) -> None:
        """Make the end of a judgement durable, and let follow what follows from it."""
        spec, held = task.spec, task.held
        results = ended.results(spec, job.decision)
        outcome = results[0] if results else ended.failure(spec, job.decision)
        judgement = self._judgement(spec, job, ended, outcome)
        # Nothing is awaited from here to the store: a span that leaves sees the answer, or this sees that it leaves.
        rides = held is not None and not held.leaving
        answer = None
        if rides:
            failures = () if results or not ended.was_asked else (ended.failure(spec, job.decision),)
            answer = encode(Answer(coverage=ended.coverage, shadow=spec.shadow, results=results, failures=failures))
        posted = await self._store.answered(
            task.id,
            outcome=ended.coverage.value,
            hour=self._hour(),
            answer=answer,
            outbox=self._parcels(judgement, results[1:], rides=rides),
        )
        if posted is None:
            return
        self._outbox.send(posted)
        self._measure.ended(spec, judgement, job.where, mismatched=ended.mismatched)
        if held is not None:
            self._hold.answered(held, task.id)

    def _judgement(self, spec: JudgeSpec, job: Job, ended: Ended, outcome: Outcome) -> Judgement:
        exchange, now = job.case.exchange, self._clock.time_ns()
        return Judgement(
            outcome=outcome,
            coverage=ended.coverage,
            trace_id=exchange.trace_id,
            span_id=exchange.span_id,
            response_id=exchange.response_id,
            resource=job.resource,
            started_ns=ended.started_ns or now,
            ended_ns=now,
            lag=(now - exchange.end_ns) / _NS if exchange.end_ns else -1.0,
            usage=ended.usage,
            cost=ended.cost,
            request_model=spec.model,
            calls=ended.calls,
        )

    def _parcels(self, judgement: Judgement, members: Sequence[EvaluationResult], *, rides: bool) -> list[bytes]:
        """What is to be sent beside the span: the late result, those of a panel's members, the trace of the call."""
        parcels: list[bytes] = []
        if not rides and self._late is not LateForm.LOG:
            said = [judgement, *(msgspec.structs.replace(judgement, outcome=member) for member in members)]
            parcels += [evaluation_span(one, self._late) for one in said]
        if self._settings.call_traces and judgement.calls:
            parcels.append(call_span(judgement, self._own_resource))
        return parcels

    def _hour(self) -> int:
        return hour_of(self._clock.time_ns())

    # The end

    async def stop(self, grace: float) -> None:
        """Let judgements under way end for a while and every held span go on; open jobs stay for the next run."""
        self._stopping = True
        self._turn.set()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace * _IN_FLIGHT_SHARE)
            for task in late:
                task.cancel()
        await self._hold.stop(grace * (1 - _IN_FLIGHT_SHARE) / 2)
        await self._outbox.drain(grace * (1 - _IN_FLIGHT_SHARE) / 2)
        await self._ledger.stop()


def _plan(one: Selected) -> Plan:
    plan = one.evaluated.plan
    if plan is None:
        raise ValueError("a selected span has a plan")
    return plan
