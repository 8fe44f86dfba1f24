"""Takes spans to their judges beside the data path: what is selected is durable before its sender has an answer.

Life cycle: `start` takes up what a former run left; `take` is awaited by the pipeline before a request is answered;
`stop` lets held spans go and leaves open jobs for the next run. Forwarding never waits for a judge beyond its hold, and
nothing that goes wrong here costs a span: a judgement that cannot be made ends as an outcome in the ledger.

A little above the usual length, since intake, late feedback and reservoirs put jobs into the same few places; asking
the judges is `judge_work`, what follows from an answer `judgement_end`.
"""

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from otel_evals.engine.budget import Budget
from otel_evals.engine.coverage import CoverageLedger
from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.former_judge import FormerJudge
from otel_evals.engine.holding import SpanKey
from otel_evals.engine.job import Job, decode_job, encode
from otel_evals.engine.judge_hold import HeldSpan, JudgeHold
from otel_evals.engine.judge_measure import JudgeMeasurements
from otel_evals.engine.judge_work import IN_FLIGHT_SHARE, JudgeWork, Task
from otel_evals.engine.judgement_end import Wire
from otel_evals.engine.measure import slice_values
from otel_evals.engine.outbox import Outbox
from otel_evals.engine.persistence import persist
from otel_evals.engine.plan import JudgeSpec, Plan, Selection
from otel_evals.engine.resent import Resent, first_take, planned, recalled, stored
from otel_evals.engine.reservoirs import Reservoirs, WaitingJob, due
from otel_evals.engine.settings import JudgingSettings
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import Unavailable
from otel_evals.records.judging import SamplingDecision
from otel_evals.spool.judge_books import hour_of
from otel_evals.spool.judge_rows import AlreadyTaken, Known, NewJob, NewSpan, OpenJob, StoreFull, Taken
from otel_evals.spool.judge_store import JudgeStore
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_LOG: Final = logging.getLogger(__name__)
_REMEMBERED: Final = 50_000
_TAKE_PATIENCE: Final = 2.0
"""Seconds that a request waits until its selected spans are durable; then they go on without judges."""
_FULL_PAUSE: Final = 1.0
"""Seconds for which a full store is not asked for room again."""
_LAST_WORD: Final = 1.0
"""Seconds for the ledger's last lines, whatever has become of the disk."""

_Attempt = list[Taken] | AlreadyTaken | Unavailable


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """A span that was selected, ready to be made durable."""

    evaluated: Evaluated
    resource: bytes
    body: bytes | None
    """A request body of its own, complete but for the coverage, when it is to be held."""
    key: SpanKey


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
        self._hold = hold
        self._outbox = outbox
        self._ledger = ledger
        self._measure = measurements
        self._tasks = tasks
        self._clock = clock
        self._work = JudgeWork(
            settings,
            store=store,
            budget=budget,
            hold=hold,
            outbox=outbox,
            measurements=measurements,
            tasks=tasks,
            clock=clock,
            wire=wire or Wire(),
        )
        self._reservoirs = Reservoirs(store, tasks, clock) if reservoirs is None else reservoirs
        self.on_left_out: Callable[[tuple[bytes, bytes], JudgeSpec, SamplingDecision], None] | None = None
        """Told of spans (trace and span id) that a reservoir has let go, once that is in the ledger."""
        self._recent: OrderedDict[SpanKey, Plan] = OrderedDict()
        self._recent_ids: Counter[tuple[bytes, bytes]] = Counter()
        self._full_until = 0.0
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

    def may_know(self, trace_id: bytes, span_id: bytes) -> bool:
        """Whether a span of these ids was taken: a quick look, before its key is made."""
        return (trace_id, span_id) in self._recent_ids

    def first_plan(self, key: SpanKey) -> Plan | None:
        """The plan by which this worker took a span. It holds when it is sent again, whatever sampling says by now."""
        return self._recent.get(key)

    @property
    def is_full(self) -> bool:
        """Whether too many judgements wait for their turn, or the store was full a moment ago."""
        waiting = len(self._work) + len(self._reservoirs)
        return waiting >= self._settings.max_waiting or self._clock.monotonic() < self._full_until

    def spec(self, key: tuple[str, str]) -> JudgeSpec | None:
        """The judge of this id and version, as long as it is configured."""
        return self._specs.get(key)

    def note(self, evaluated: Evaluated) -> None:
        """Count the outcomes that were final at once; the span is safe by now. With a job they were counted with it."""
        if evaluated.plan is not None and not evaluated.plan.selected:
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
        self._hold.start(HeldSpan(held, None, waits_for.get(held, set())) for held in left.held)
        self._outbox.send(left.outbox, counts=counts_leftovers)
        self._ledger.start()
        now = self._clock.monotonic()
        for job in left.jobs:
            if not job.answered:
                await self._take_up(job, specs[job.id], now)
        await self._reservoirs.start(self._chosen, self._left_out)
        self._work.start()

    async def _take_up(self, job: OpenJob, spec: JudgeSpec, now: float) -> None:
        """Let a job of a former run wait for the end of its windows, or for its turn."""
        if job.waits_until:
            with suppress(msgspec.MsgspecError):  # it is given up in its turn
                known = decode_job(await self._store.payload(job.id) or b"")
                self._wait(job.id, spec, known)
                return
        self._enqueue(Task(job.id, spec, None, now, job.is_late))

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

    async def take(self, spans: Sequence[Selected], resent: Collection[SpanKey] = ()) -> dict[SpanKey, Resent]:
        """Make selected spans and their jobs durable, if all of them are new.

        Args:
            spans: those that seem to be new. Another worker, or another copy of the request, may have been first.
            resent: those that this worker remembers.

        Returns:
            What is known of spans that are not new. When there are any nothing was taken: the caller looks at the
            request again in the light of that.

        Raises:
            StoreFull: the store has no room; nothing of them is kept.
            Unavailable: nothing of them is kept.
        """
        if resent:
            try:
                async with asyncio.timeout(_TAKE_PATIENCE):
                    known = await self._store.recall([stored(key) for key in resent])
            except TimeoutError as error:
                raise Unavailable("the judge store does not answer in time") from error
            return self._known(resent, known)
        try:
            await self._take(spans)
        except AlreadyTaken as found:
            return self._known([one.key for one in spans], found.known)
        return {}

    def _known(self, keys: Iterable[SpanKey], found: Iterable[Known]) -> dict[SpanKey, Resent]:
        """What the store knows of those spans, and of others what was planned when they were taken."""
        by_key = {known.key: known for known in found}
        told: dict[SpanKey, Resent] = {}
        for key in keys:
            known, plan = by_key.get(stored(key)), self._recent.get(key)
            if known is not None:
                told[key] = recalled(known)
            elif plan is not None:
                told[key] = planned(plan)
        return told

    async def _take(self, spans: Sequence[Selected]) -> None:
        """Make spans durable and let their jobs wait for their turn. Raises AlreadyTaken, Unavailable."""
        if not spans:
            return
        rows = [self._row(one) for one in spans]
        hour, gone = self._hour(), asyncio.Event()
        work = self._store.take(rows, hour, lambda: not gone.is_set(), self._settings.max_disk)
        writing = self._tasks.spawn(_attempted(work), "take spans")
        try:
            async with asyncio.timeout(_TAKE_PATIENCE):
                taken = await asyncio.shield(writing)
        except (asyncio.CancelledError, TimeoutError) as error:
            gone.set()
            writing.add_done_callback(lambda done: self._forget(done, spans, hour))
            if isinstance(error, TimeoutError):
                raise Unavailable("the judge store does not take spans in time") from error
            raise
        if isinstance(taken, StoreFull):
            self._full_until = self._clock.monotonic() + _FULL_PAUSE
        if not isinstance(taken, list):
            raise taken
        for one, place in zip(spans, taken, strict=True):
            self._register(one, place)

    def _forget(self, writing: "asyncio.Task[_Attempt]", spans: Sequence[Selected], hour: int) -> None:
        """Who asked went away, or went on without: what was written all the same is undone."""
        if writing.cancelled() or writing.exception() is not None:
            return
        taken = writing.result()
        if not isinstance(taken, list) or not taken:
            return
        by_key = {stored(one.key): one for one in spans}

        async def undo() -> None:
            for place in await self._store.undo(taken, hour):
                self._register(by_key[place.key], place)

        self._tasks.spawn(persist(undo), "forget spans")

    def _row(self, one: Selected) -> NewSpan:
        plan = _plan(one)
        return NewSpan(
            body=one.body,
            jobs=tuple(self._job(one, i) for i in range(len(plan.selected))),
            key=stored(one.key),
            first=first_take(plan),
            settled=tuple((*spec.key, outcome.value) for spec, outcome in plan.outcomes),
        )

    async def take_late(self, spec: JudgeSpec, job: Job) -> None:
        """Judge a span that was sampled out, because of what its user did since. Raises Unavailable.

        The ledger takes it back from `sampled_out`; the coverage metric has counted it, and does not again.
        """
        await self._ledger.flush()  # what is taken back must stand there first
        judge, version = spec.key
        new = NewJob(judge=judge, version=version, payload=_payload(job), replaces=CoverageOutcome.SAMPLED_OUT.value)
        [taken] = await self._store.take(
            [NewSpan(body=None, jobs=(new,))], self._hour(), max_bytes=self._settings.max_disk
        )
        self._enqueue(Task(taken.jobs[0], spec, None, self._clock.monotonic(), is_late=True))

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
        self._remember(one.key, plan)
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
                self._enqueue(Task(job, selection.spec, held, now))

    def _remember(self, key: SpanKey, plan: Plan) -> None:
        if key not in self._recent:
            self._recent_ids[key[:2]] += 1
        self._recent[key] = plan.light()
        if len(self._recent) > _REMEMBERED:
            (trace_id, span_id, _), _ = self._recent.popitem(last=False)
            self._recent_ids[trace_id, span_id] -= 1
            if not self._recent_ids[trace_id, span_id]:
                del self._recent_ids[trace_id, span_id]

    def _wait(self, job: int, spec: JudgeSpec, known: Job) -> None:
        exchange = known.case.exchange
        self._work.open[spec.judge.name, spec.id] += 1
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
        self._work.push(Task(job.id, job.spec, None, self._clock.monotonic()))

    def _left_out(self, job: WaitingJob, decision: SamplingDecision) -> None:
        """A reservoir has let a span go, and that is in the ledger."""
        self._work.open[job.spec.judge.name, job.spec.id] -= 1
        self._measure.outcome(job.spec, CoverageOutcome.SAMPLED_OUT, job.where)
        if self.on_left_out is not None:
            self.on_left_out(job.span, job.spec, decision)

    def _enqueue(self, task: Task) -> None:
        if not task.is_late:
            self._work.open[task.spec.judge.name, task.spec.id] += 1
        self._work.push(task)

    def _pending(self) -> Mapping[tuple[str, ...], float]:
        return {key: float(number) for key, number in self._work.open.items()}

    def _hour(self) -> int:
        return hour_of(self._clock.time_ns())

    # The end

    async def stop(self, grace: float) -> None:
        """Let judgements under way end for a while and every held span go on; open jobs stay for the next run."""
        await self._work.stop(grace * IN_FLIGHT_SHARE)
        await self._hold.stop(grace * (1 - IN_FLIGHT_SHARE) / 2)
        await self._outbox.drain(grace * (1 - IN_FLIGHT_SHARE) / 2)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD):
                await self._ledger.stop()


async def _attempted(work: Awaitable[list[Taken]]) -> "_Attempt":
    """The answer, or why there is none: as a value, since a full disk is no crash of a task."""
    try:
        return await work
    except (AlreadyTaken, Unavailable) as error:
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
