"""Makes judgements beside the data path: durable jobs, a bounded number at a time, within budget and deadline.

Life cycle: `start` takes up what a former run left; `take` is awaited by the pipeline before a request is answered;
`stop` lets held spans go and leaves open jobs for the next run. Forwarding never waits for a judge beyond its hold, and
nothing that goes wrong here costs a span: a judgement that cannot be made ends as an outcome in the ledger.
"""

import asyncio
import heapq
import logging
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeVar

import msgspec

from otel_evals.engine.asking import ask, estimate
from otel_evals.engine.budget import Budget, Reservation
from otel_evals.engine.coverage import CoverageLedger
from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.former_judge import FormerJudge
from otel_evals.engine.holding import SpanKey
from otel_evals.engine.job import Answer, Job, decode_job, encode
from otel_evals.engine.judge_hold import HeldSpan, JudgeHold
from otel_evals.engine.judge_measure import JudgeMeasurements
from otel_evals.engine.judgement_end import Wire, compose
from otel_evals.engine.measure import slice_values
from otel_evals.engine.outbox import Outbox
from otel_evals.engine.persistence import BACKOFF, persist
from otel_evals.engine.plan import JudgeSpec, Plan, Selection
from otel_evals.engine.reservoirs import Reservoirs, WaitingJob, due
from otel_evals.engine.settings import JudgingSettings
from otel_evals.engine.verdicts import Ended, given_up
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import Unavailable
from otel_evals.records.judging import SamplingDecision
from otel_evals.spool.judge_books import hour_of
from otel_evals.spool.judge_rows import NewJob, NewSpan, OpenJob, Taken
from otel_evals.spool.judge_store import JudgeStore
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_LOG: Final = logging.getLogger(__name__)
_REMEMBERED: Final = 50_000
_TAKE_PATIENCE: Final = 2.0
"""Seconds that a request waits until its selected spans are durable; then they go on without judges."""
_IN_FLIGHT_SHARE: Final = 0.4
"""Share of the grace in which judgements under way may still end."""
_LAST_WORD: Final = 1.0
"""Seconds for the ledger's last lines, whatever has become of the disk."""

T = TypeVar("T")


class _Stopping(Exception):  # noqa: N818 - named for the condition
    """The end has come while a judgement waited: its job stays for the next run."""


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
    is_late: bool = False
    """Whether feedback brought it: its span has been counted by another outcome, and in no open one."""

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
        wire: Wire | None = None,
        reservoirs: Reservoirs | None = None,
    ) -> None:
        """Put judging together. `wire`: how results travel; `reservoirs`: those that the planner asks."""
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
        self._wire = wire or Wire()
        self._reservoirs = Reservoirs(store, tasks, clock) if reservoirs is None else reservoirs
        self.on_left_out: Callable[[tuple[bytes, bytes], JudgeSpec, SamplingDecision], None] | None = None
        """Told of spans (trace and span id) that a reservoir has let go, once that is in the ledger."""
        self._waiting: list[_Task] = []
        self._turn = asyncio.Semaphore(0)
        """As many permits as judgements wait."""
        self._running: set[asyncio.Task[None]] = set()
        self._open: Counter[tuple[str, str]] = Counter()
        self._recent: OrderedDict[SpanKey, None] = OrderedDict()
        self._stopping = asyncio.Event()
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
        return len(self._waiting) + len(self._reservoirs) >= self._settings.max_waiting

    def spec(self, key: tuple[str, str]) -> JudgeSpec | None:
        """The judge of this id and version, as long as it is configured."""
        return self._specs.get(key)

    def note(self, evaluated: Evaluated) -> None:
        """Count the outcomes that were final at once; the span is safe by now."""
        if evaluated.plan is not None:
            self._ledger.note(evaluated.plan)

    def reconfigure(self, specs: Sequence[JudgeSpec]) -> None:
        """Take up jobs for other judges from now on; jobs that wait go to those that they were made for."""
        self._specs = {spec.key: spec for spec in specs}

    async def start(self, *, counts_leftovers: bool = True) -> None:
        """Take up what a former run left, and begin. Raises Unavailable.

        `counts_leftovers` is False where the sums have counted it already: another process of this run left it.
        """
        left = await self._store.leftovers()
        self.held_at_start = len(left.held)
        specs = {job.id: self._spec_of(job) for job in left.jobs}
        waits_for: dict[int | None, set[int]] = {}
        for job in left.jobs:
            if not job.answered and not specs[job.id].shadow:
                waits_for.setdefault(job.held, set()).add(job.id)
        self._hold.start(HeldSpan(held, None, 0.0, waits_for.get(held, set())) for held in left.held)
        self._outbox.send(left.outbox, counts=counts_leftovers)
        self._ledger.start()
        now = self._clock.monotonic()
        for job in left.jobs:
            if not job.answered:
                await self._take_up(job, specs[job.id], now)
        await self._reservoirs.start(self._chosen, self._left_out)
        for index in range(self._settings.concurrency):
            self._running.add(self._tasks.spawn(self._run(), f"judge {index}"))

    async def _take_up(self, job: OpenJob, spec: JudgeSpec, now: float) -> None:
        """Let a job of a former run wait for the end of its windows, or for its turn."""
        if job.waits_until and not isinstance(spec.judge, FormerJudge):
            with suppress(msgspec.MsgspecError):  # it is given up in its turn
                known = decode_job(await self._store.payload(job.id) or b"")
                self._wait(job.id, spec, known)
                return
        self._enqueue(_Task(job.id, spec, None, now, job.is_late))

    def _spec_of(self, job: OpenJob) -> JudgeSpec:
        """The judge that a job of a former run is for.

        When the configuration has another judge or another version now, its verdict would be of that one: a stand-in
        ends the job, so that ledger, metrics and whoever waits for the result are told.
        """
        spec = self._specs.get((job.judge, job.version))
        if spec is not None:
            return spec
        heirs = [spec for spec in self._specs.values() if spec.id == job.judge]
        like = heirs[0] if heirs else next(iter(self._specs.values()))
        name = like.judge.name if heirs else job.judge
        return JudgeSpec(id=job.judge, judge=FormerJudge(name, job.version), sampler=like.sampler)

    # Intake

    async def take(self, spans: Sequence[Selected]) -> None:
        """Make selected spans and their jobs durable. Raises Unavailable; nothing of them is kept then."""
        new = [
            NewSpan(body=one.body, jobs=tuple(self._job(one, i) for i in range(len(_plan(one).selected))))
            for one in spans
        ]
        hour, gone = self._hour(), asyncio.Event()
        writing = self._tasks.spawn(_attempted(self._store.take(new, hour, lambda: not gone.is_set())), "take spans")
        try:
            async with asyncio.timeout(_TAKE_PATIENCE):
                taken = await asyncio.shield(writing)
        except (asyncio.CancelledError, TimeoutError) as error:
            gone.set()
            writing.add_done_callback(lambda done: self._forget(done, hour))
            if isinstance(error, TimeoutError):
                raise Unavailable("the judge store does not take spans in time") from error
            raise
        if isinstance(taken, Unavailable):
            raise taken
        for one, place in zip(spans, taken, strict=True):
            self._register(one, place)

    def _forget(self, writing: "asyncio.Task[list[Taken] | Unavailable]", hour: int) -> None:
        """Who asked went away, or went on without: what was written all the same is undone."""
        if writing.cancelled() or writing.exception() is not None:
            return
        taken = writing.result()
        if not isinstance(taken, Unavailable) and taken:
            self._tasks.spawn(persist(lambda: self._store.undo(taken, hour)), "forget spans")

    async def take_late(self, spec: JudgeSpec, job: Job) -> None:
        """Judge a span that was sampled out, because of what its user did since. Raises Unavailable.

        The ledger takes it back from `sampled_out`; the coverage metric has counted it, and does not again.
        """
        await self._ledger.flush()  # what is taken back must stand there first
        judge, version = spec.key
        new = NewJob(judge=judge, version=version, payload=_payload(job), replaces=CoverageOutcome.SAMPLED_OUT.value)
        [taken] = await self._store.take([NewSpan(body=None, jobs=(new,))], self._hour())
        self._enqueue(_Task(taken.jobs[0], spec, None, self._clock.monotonic(), is_late=True))

    def _job(self, one: Selected, index: int) -> NewJob:
        selection = _plan(one).selected[index]
        job = _job_of(one, selection)
        judge, version = selection.spec.key
        return NewJob(
            judge=judge,
            version=version,
            payload=_payload(job),
            draws=selection.draws,
            uniform=selection.decision.uniform,
            waits_until=due(job.draws),
        )

    def _register(self, one: Selected, place: Taken) -> None:
        plan, now = _plan(one), self._clock.monotonic()
        self._recent[one.key] = None
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        held = None
        if place.held is not None:
            active = [(job, s) for job, s in zip(place.jobs, plan.selected, strict=True) if not s.spec.shadow]
            settled = [outcome for spec, outcome in plan.outcomes if not spec.shadow]
            settled += [CoverageOutcome.PENDING for _, s in active if s.waits]
            held = self._hold.add(place.held, one.key, [job for job, s in active if not s.waits], tuple(settled))
        self._reservoirs.learn(place.thresholds)
        for job, selection in zip(place.jobs, plan.selected, strict=True):
            if selection.waits:
                self._wait(job, selection.spec, _job_of(one, selection))
            else:
                self._enqueue(_Task(job, selection.spec, held, now))

    def _wait(self, job: int, spec: JudgeSpec, known: Job) -> None:
        exchange = known.case.exchange
        self._open[spec.judge.name, spec.id] += 1
        self._reservoirs.wait(
            WaitingJob(
                id=job,
                spec=spec,
                decision=known.decision,
                draws=known.draws,
                where=known.where,
                span=(exchange.trace_id, exchange.span_id),
            )
        )

    def _chosen(self, job: WaitingJob, _decision: SamplingDecision) -> None:
        """A reservoir has kept a span: its job waits for its turn now."""
        self._push(_Task(job.id, job.spec, None, self._clock.monotonic()))

    def _left_out(self, job: WaitingJob, decision: SamplingDecision) -> None:
        """A reservoir has let a span go, and that is in the ledger."""
        self._open[job.spec.judge.name, job.spec.id] -= 1
        self._measure.outcome(job.spec, CoverageOutcome.SAMPLED_OUT, job.where)
        if self.on_left_out is not None:
            self.on_left_out(job.span, job.spec, decision)

    def _enqueue(self, task: _Task) -> None:
        if not task.is_late:
            self._open[task.spec.judge.name, task.spec.id] += 1
        self._push(task)

    def _push(self, task: _Task) -> None:
        heapq.heappush(self._waiting, task)
        self._turn.release()

    def _pending(self) -> Mapping[tuple[str, ...], float]:
        return {key: float(number) for key, number in self._open.items()}

    # Work

    async def _run(self) -> None:
        while True:
            await self._turn.acquire()
            if self._stopping.is_set():
                return
            task = heapq.heappop(self._waiting)
            try:
                await self._survived(task)
            except _Stopping:
                return
            if not task.is_late:
                self._open[task.spec.judge.name, task.spec.id] -= 1

    async def _survived(self, task: _Task) -> None:
        try:
            await self._one(task)
        except _Stopping:
            raise
        except Exception:  # noqa: BLE001 - stage boundary: the judgements that wait behind this one go on
            _LOG.exception("an error of ours in a judgement of %s: it is given up", task.spec.id)
            await self._patiently(lambda: self._lose(task))

    async def _one(self, task: _Task) -> None:
        """Judge one job to its end. Nothing is asked twice because the disk does not take the answer.

        Raises:
            _Stopping: the end came first.
        """
        data = await self._patiently(lambda: self._store.payload(task.id))
        if data is None:
            return
        try:
            job = decode_job(data)
        except msgspec.MsgspecError:
            _LOG.warning("a judgement of %s is given up: its job cannot be read by this version", task.spec.id)
            await self._patiently(lambda: self._lose(task))
            return
        if isinstance(task.spec.judge, FormerJudge):
            ended = task.spec.judge.end
        else:
            ended = await self._asked(task, job)
        await self._patiently(lambda: self._end(task, job, ended))

    async def _asked(self, task: _Task, job: Job) -> Ended:
        """How the judgement ended, paid for."""
        reservation = await self._reserved(task, job)
        if isinstance(reservation, Ended):
            return reservation
        ended = await ask(task.spec, job.case, deadline=self._settings.deadline, tasks=self._tasks, clock=self._clock)
        await self._patiently(lambda: self._budget.settle(reservation, ended.usage, ended.cost))
        return ended

    async def _reserved(self, task: _Task, job: Job) -> Reservation | Ended:
        """Room in the budget; the end when there is none, or none within the patience."""
        needed = estimate(task.spec, job.case)
        if isinstance(needed, Ended):
            return needed
        while self._clock.monotonic() - task.taken <= self._settings.patience:
            reservation = await self._patiently(lambda: self._budget.reserve(task.spec.id, needed))
            if isinstance(reservation, Reservation):
                return reservation
            if not reservation.is_pace:
                return given_up(CoverageOutcome.OVER_BUDGET, "the budget of this period is used up")
            await self._pause(reservation.again)
        return given_up(CoverageOutcome.RATE_LIMITED, "its turn did not come in time")

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work` of the store, as soon as it can be done. Raises _Stopping."""
        tries = 0
        while True:
            try:
                return await work()
            except Unavailable as error:
                _LOG.warning("a judgement waits: %s", error)
                await self._pause(BACKOFF[min(tries, len(BACKOFF) - 1)])
                tries += 1

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
        raise _Stopping

    async def _lose(self, task: _Task) -> None:
        """End a job that cannot be read: neither its judge nor what it was about can be told on the wire."""
        held, outcome = task.held, CoverageOutcome.JUDGE_ERROR
        rides = held is not None and not held.leaving
        answer = encode(Answer(coverage=outcome, shadow=task.spec.shadow)) if rides else None
        ended = await self._store.answered(task.id, outcome=outcome.value, hour=self._hour(), answer=answer, outbox=())
        if ended is not None and not task.is_late:
            self._measure.lost(task.spec, outcome)
        if held is not None:
            self._hold.answered(held, task.id)

    async def _end(self, task: _Task, job: Job, ended: Ended) -> None:
        """Make the end of a judgement durable, and let follow what follows from it."""
        spec, held = task.spec, task.held
        # Nothing is awaited from here to the store: a span that leaves sees the answer, or this sees that it leaves.
        rides = held is not None and not held.leaving
        end = compose(spec, job, ended, wire=self._wire, clock=self._clock, rides=rides)
        posted = await self._store.answered(
            task.id,
            outcome=ended.coverage.value,
            hour=self._hour(),
            answer=None if end.answer is None else encode(end.answer),
            outbox=end.parcels,
        )
        if posted is not None:
            self._outbox.send(posted)
            self._measure.ended(spec, end.judgement, job.where, mismatched=ended.mismatched, is_late=task.is_late)
        if held is not None:
            self._hold.answered(held, task.id)

    def _hour(self) -> int:
        return hour_of(self._clock.time_ns())

    # The end

    async def stop(self, grace: float) -> None:
        """Let judgements under way end for a while and every held span go on; open jobs stay for the next run."""
        self._stopping.set()
        for _ in self._running:
            self._turn.release()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace * _IN_FLIGHT_SHARE)
            for task in late:
                task.cancel()
        await self._hold.stop(grace * (1 - _IN_FLIGHT_SHARE) / 2)
        await self._outbox.drain(grace * (1 - _IN_FLIGHT_SHARE) / 2)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD):
                await self._ledger.stop()


async def _attempted(work: Awaitable[T]) -> T | Unavailable:
    """The answer, or that there is none now: as a value, since a full disk is no crash of a task."""
    try:
        return await work
    except Unavailable as error:
        return error


def _payload(job: Job) -> bytes:
    try:
        return encode(job)
    except (ValueError, TypeError, OverflowError, RecursionError):
        # A value that cannot be kept, such as a number of 100 digits in a tool's arguments. It costs the verdict,
        # never the span; the job ends as soon as it is read.
        return b""


def _job_of(one: Selected, selection: Selection) -> Job:
    plan = _plan(one)
    if plan.case is None:
        raise ValueError("a plan that selects has a case")
    return Job(
        case=plan.case,
        resource=one.resource,
        where=slice_values(one.evaluated),
        decision=selection.decision,
        draws=selection.draws if selection.waits else (),
    )


def _plan(one: Selected) -> Plan:
    plan = one.evaluated.plan
    if plan is None:
        raise ValueError("a selected span has a plan")
    return plan
