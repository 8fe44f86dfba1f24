"""Makes judgements, a bounded number at a time: asks the budget, then the judge, and makes the end durable.

Part of judging: `Judging` hands jobs over once they are on disk. Nothing is asked twice because the disk does not take
an answer; a job that is not done when the end comes stays for the next run.
"""

import asyncio
import heapq
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from otel_evals.engine.asking import ask, estimate
from otel_evals.engine.budget import Budget, Reservation
from otel_evals.engine.former_judge import FormerJudge
from otel_evals.engine.job import Answer, Job, decode_job, encode
from otel_evals.engine.judge_hold import HeldSpan, JudgeHold
from otel_evals.engine.judge_measure import JudgeMeasurements
from otel_evals.engine.judgement_end import Wire, compose
from otel_evals.engine.outbox import Outbox
from otel_evals.engine.persistence import BACKOFF
from otel_evals.engine.plan import JudgeSpec
from otel_evals.engine.settings import JudgingSettings
from otel_evals.engine.verdicts import Ended, given_up
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.lifecycle.waiting import happens
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import Unavailable
from otel_evals.spool.judge_books import hour_of
from otel_evals.spool.judge_store import JudgeStore

_LOG: Final = logging.getLogger(__name__)
IN_FLIGHT_SHARE: Final = 0.4
"""Share of the grace in which judgements under way may still end."""

T = TypeVar("T")


class _Stopping(Exception):  # noqa: N818 - named for the condition
    """The end has come while a judgement waited: its job stays for the next run."""


class Task(msgspec.Struct, eq=False):
    """One judgement that waits for its turn; its job is on disk under `id`."""

    id: int
    spec: JudgeSpec
    held: HeldSpan | None
    taken: float
    is_late: bool = False
    """Whether feedback brought it: its span has been counted by another outcome, and in no open one."""

    def __lt__(self, other: "Task") -> bool:
        """Held spans first, since their time is short; then in order."""
        return (self.held is None, self.id) < (other.held is None, other.id)


class JudgeWork:
    """The judgements that wait for their turn, and those under way."""

    def __init__(
        self,
        settings: JudgingSettings,
        *,
        store: JudgeStore,
        budget: Budget,
        hold: JudgeHold,
        outbox: Outbox,
        measurements: JudgeMeasurements,
        tasks: Tasks,
        clock: Clock,
        wire: Wire,
    ) -> None:
        self._settings = settings
        self._store = store
        self._budget = budget
        self._hold = hold
        self._outbox = outbox
        self._measure = measurements
        self._tasks = tasks
        self._clock = clock
        self._wire = wire
        self._waiting: list[Task] = []
        self._turn = asyncio.Semaphore(0)
        """As many permits as judgements wait."""
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self.open: Counter[tuple[str, str]] = Counter()
        """Spans without an outcome yet, by evaluation name and judge."""

    def __len__(self) -> int:
        """Judgements that wait for their turn."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin."""
        for index in range(self._settings.concurrency):
            self._running.add(self._tasks.spawn(self._run(), f"judge {index}"))

    def push(self, task: Task) -> None:
        """Let a judgement wait for its turn."""
        heapq.heappush(self._waiting, task)
        self._turn.release()

    async def stop(self, grace: float) -> None:
        """Let judgements under way end within `grace` seconds; the others stay on disk."""
        self._stopping.set()
        for _ in self._running:
            self._turn.release()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace)
            for task in late:
                task.cancel()

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
                self.open[task.spec.judge.name, task.spec.id] -= 1

    async def _survived(self, task: Task) -> None:
        try:
            await self._one(task)
        except _Stopping:
            raise
        except Exception:  # noqa: BLE001 - stage boundary: the judgements that wait behind this one go on
            _LOG.exception("an error of ours in a judgement of %s: it is given up", task.spec.id)
            await self._patiently(lambda: self._lose(task))

    async def _one(self, task: Task) -> None:
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

    async def _asked(self, task: Task, job: Job) -> Ended:
        """How the judgement ended, paid for."""
        reservation = await self._reserved(task, job)
        if isinstance(reservation, Ended):
            return reservation
        ended = await ask(
            task.spec,
            job.case,
            deadline=self._settings.deadline,
            tasks=self._tasks,
            clock=self._clock,
            on_stall=self._measure.stalled,
        )
        await self._patiently(lambda: self._budget.settle(reservation, ended.usage, ended.cost))
        return ended

    async def _reserved(self, task: Task, job: Job) -> Reservation | Ended:
        """Room in the budget; the end when there is none, or none within the patience."""
        needed = estimate(task.spec, job.case, clock=self._clock, on_stall=self._measure.stalled)
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
        if await happens(self._stopping, seconds):
            raise _Stopping

    async def _lose(self, task: Task) -> None:
        """End a job that cannot be read: neither its judge nor what it was about can be told on the wire."""
        held, outcome = task.held, CoverageOutcome.JUDGE_ERROR
        rides = held is not None and not held.leaving
        answer = encode(Answer(coverage=outcome, shadow=task.spec.shadow)) if rides else None
        ended = await self._store.answered(task.id, outcome=outcome.value, hour=self._hour(), answer=answer, outbox=())
        if ended is not None and not task.is_late:
            self._measure.lost(task.spec, outcome)
        if held is not None and rides:  # else its span still says that this one is pending
            self._hold.answered(held, task.id)

    async def _end(self, task: Task, job: Job, ended: Ended) -> None:
        """Make the end of a judgement durable, and let follow what follows from it."""
        spec, held = task.spec, task.held
        # Nothing is awaited from here to the store: a span that leaves sees the answer, or this sees that it leaves.
        rides = held is not None and not held.leaving
        end = compose(spec, job, ended, wire=self._wire, clock=self._clock, rides=rides)
        answer = encode(end.answer)
        posted = await self._store.answered(
            task.id,
            outcome=ended.coverage.value,
            hour=self._hour(),
            answer=answer if rides else None,
            outbox=end.parcels,
            verdict=answer,
        )
        if posted is not None:
            self._outbox.send(posted)
            self._measure.ended(spec, end.judgement, job.where, mismatched=ended.mismatched, is_late=task.is_late)
        if held is not None and rides:  # else its span still says that this one is pending
            self._hold.answered(held, task.id)

    def _hour(self) -> int:
        return hour_of(self._clock.time_ns())
