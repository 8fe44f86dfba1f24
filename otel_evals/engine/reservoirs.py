"""Reservoirs: exactly k traces of each window of time, judged when the window is over and their probability is final.

A span whose number is below the present threshold of its reservoirs goes on at once, as `pending`; its job waits in the
judge store. When its trace gives way to smaller numbers, or the window ends without it, the job ends as `sampled_out`:
the ledger and the metric say so, and no result follows, since nobody evaluated anything. The members become judgements
like any other, with the π of the union with all rates. Numbers are drawn in the store, so that the workers of a
processor fill one reservoir together; a threshold that is known here is at least the present one, since it only falls,
and most spans of a busy window are above it and cost nothing.

Each judge has reservoirs of its own, among the spans that have what it needs. Life cycle: the planner asks `decide`;
the store draws when it takes the span (`judging.take`), then `learn` and `wait`; a task of `start` looks every second.
What waits at the end stays in the store for the next run.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from heapq import heapify, heappop, heappush
from typing import Final

import msgspec

from otel_evals.engine.job import Job, decode_job, encode
from otel_evals.engine.plan import Drawn, JudgeSpec, Selection
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import Unavailable
from otel_evals.records.judging import SamplingDecision
from otel_evals.sampling.settings import Reservoir
from otel_evals.spool.draws import Draw
from otel_evals.spool.judge_store import JudgeStore

_LOG: Final = logging.getLogger(__name__)
_NS: Final = 1e9
_GRACE: Final = 1.0
"""Seconds after the end of a window in which draws of other workers may still reach the store."""
_LOOK: Final = 1.0
_BATCH: Final = 500
_KNOWN: Final = 1000
"""Windows whose thresholds are known; beyond, those that nobody waits for are forgotten."""


class WaitingJob(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A job that is made only if its trace is among the smallest numbers."""

    id: int
    spec: JudgeSpec
    decision: SamplingDecision
    """By the rates alone."""
    draws: tuple[Draw, ...]
    where: tuple[str, ...]
    """Values that metrics are cut by."""
    span: tuple[bytes, bytes]
    """Trace and span id."""

    @property
    def due(self) -> float:
        """When all its windows are over for sure, s since the epoch."""
        return due(self.draws)

    def __lt__(self, other: "WaitingJob") -> bool:
        """Largest number first: it gives way first."""
        return self.decision.uniform > other.decision.uniform


def due(draws: Iterable[Draw]) -> float:
    """When windows are over for sure, s since the epoch; 0 for none."""
    return max((draw.until + _GRACE for draw in draws), default=0.0)


OnWaited = Callable[[WaitingJob, SamplingDecision], None]
"""Told how a wait ended: with the final decision, once that is durable."""


class Reservoirs:
    """The reservoirs as one worker sees them, and its jobs that wait for them."""

    def __init__(self, store: JudgeStore, tasks: Tasks, clock: Clock) -> None:
        self._store = store
        self._tasks = tasks
        self._clock = clock
        self._thresholds: dict[tuple[str, int], float] = {}
        self._waiting: dict[int, WaitingJob] = {}
        self._by_draw: dict[tuple[str, int], list[WaitingJob]] = {}
        self._on_ready: OnWaited = _ignore
        self._on_left: OnWaited = _ignore
        self._longest = 0.0

    def __len__(self) -> int:
        """Jobs that wait."""
        return len(self._waiting)

    # Planning

    def decide(self, spec: JudgeSpec, decision: SamplingDecision) -> Drawn:
        """What becomes of a span by its rates and by the reservoirs that it is offered to."""
        found = spec.sampler.reservoirs(decision)
        if not found:
            return Drawn(Selection(spec, decision), is_selected=decision.selected)
        now = self._now()
        draws = tuple(_draw(spec, rule, reservoir, now) for rule, reservoir in found.items())
        known = {draw.rule: self._thresholds.get(draw.key, 1.0) for draw in draws}
        highest = max(known.values())
        if decision.uniform >= highest:
            # Out for good. A late word of the user is weighed against the threshold that kept it out.
            left = decision if decision.selected else spec.sampler.settle(decision, known)
            return Drawn(Selection(spec, left), is_selected=decision.selected, is_final=decision.probability >= highest)
        waits = decision.probability < highest
        return Drawn(Selection(spec, decision, draws=draws, waits=waits), is_selected=True, is_final=not waits)

    # Waiting

    async def start(self, on_ready: OnWaited, on_left: OnWaited) -> None:
        """Begin to look; what a former run left has been handed to `wait` before."""
        self._on_ready, self._on_left = on_ready, on_left
        self._tasks.spawn(self._run(), "reservoirs")

    def learn(self, thresholds: Mapping[tuple[str, int], float]) -> None:
        """Hear what reservoirs say."""
        for key, threshold in thresholds.items():
            self._thresholds[key] = min(threshold, self._thresholds.get(key, 1.0))

    def wait(self, job: WaitingJob) -> None:
        """Let a job wait that is durable."""
        self._waiting[job.id] = job
        for draw in job.draws:
            heappush(self._by_draw.setdefault(draw.key, []), job)
            self._longest = max(self._longest, draw.per)

    async def _run(self) -> None:
        while True:
            if self._waiting:
                with suppress(Unavailable):  # looked at again in a moment; the store says itself what is wrong
                    await self.look()
            await asyncio.sleep(_LOOK)

    async def look(self) -> None:
        """End what has given way, and settle what is due. Raises Unavailable."""
        now = self._now()
        windows = {draw.key: draw for job in self._waiting.values() for draw in job.draws}
        found = await self._store.thresholds(list(windows.values()))
        self.learn(found)
        over = sorted((job for job in self._waiting.values() if job.due <= now), key=lambda job: job.id)
        ended = [*self._out(), *over]
        for start in range(0, len(ended), _BATCH):
            await self._conclude(ended[start : start + _BATCH], now)
        if ended:
            self._forget()

    def _out(self) -> list[WaitingJob]:
        """Jobs that are in no reservoir any more, each once."""
        found: dict[int, WaitingJob] = {}
        for key, heap in self._by_draw.items():
            threshold = self._thresholds.get(key, 1.0)
            while heap and (heap[0].id not in self._waiting or heap[0].decision.uniform >= threshold):
                job = heappop(heap)
                if job.id in self._waiting and job.decision.uniform >= self._highest(job):
                    found[job.id] = job
        now = self._now()
        return [job for job in found.values() if job.due > now]

    def _highest(self, job: WaitingJob) -> float:
        return max(self._thresholds.get(draw.key, 1.0) for draw in job.draws)

    async def _conclude(self, jobs: Sequence[WaitingJob], now: float) -> None:
        """Write down how waits end, and tell."""
        settled = [(job, self._settled(job)) for job in jobs]
        ready = [(job, decision) for job, decision in settled if decision.selected]
        left = [(job, decision) for job, decision in settled if not decision.selected]
        payloads = await asyncio.gather(*(self._payload(job, decision) for job, decision in ready))
        await self._store.conclude(
            [(job.id, payload) for (job, _), payload in zip(ready, payloads, strict=True) if payload is not None],
            [job.id for job, _ in left],
            outcome=CoverageOutcome.SAMPLED_OUT.value,
            now=now,
            longest=self._longest,
        )
        for job, decision in ready:
            del self._waiting[job.id]
            self._on_ready(job, decision)
        for job, decision in left:
            del self._waiting[job.id]
            self._on_left(job, decision)

    def _settled(self, job: WaitingJob) -> SamplingDecision:
        return job.spec.sampler.settle(
            job.decision, {draw.rule: self._thresholds.get(draw.key, 1.0) for draw in job.draws}
        )

    async def _payload(self, job: WaitingJob, decision: SamplingDecision) -> bytes | None:
        """What the judgement needs from now on; None when it is gone or another version of the software wrote it."""
        data = await self._store.payload(job.id)
        if data is None:
            return None
        try:
            known: Job = decode_job(data)
        except msgspec.MsgspecError:
            return data
        return encode(msgspec.structs.replace(known, decision=decision, draws=()))

    def _forget(self) -> None:
        """Let go what is known of windows for which nobody waits. A threshold that is still of use is learned again."""
        needed = {draw.key for job in self._waiting.values() for draw in job.draws}
        for key in [key for key in self._by_draw if key not in needed]:
            del self._by_draw[key]
        for key, heap in self._by_draw.items():
            self._by_draw[key] = [job for job in heap if job.id in self._waiting]
            heapify(self._by_draw[key])
        if len(self._thresholds) > _KNOWN:
            self._thresholds = {key: found for key, found in self._thresholds.items() if key in needed}

    def _now(self) -> float:
        return self._clock.time_ns() / _NS


def _draw(spec: JudgeSpec, rule: str, reservoir: Reservoir, now: float) -> Draw:
    window = reservoir.window(now)
    return Draw(
        rule=rule,
        reservoir=f"{spec.id} {rule} {reservoir.k}/{reservoir.per:g} {spec.sampler.salt}",
        window=window,
        k=reservoir.k,
        per=float(reservoir.per),
        until=(window + 1) * float(reservoir.per),
    )


def _ignore(_job: WaitingJob, _decision: SamplingDecision) -> None:
    """Before `start` nobody listens."""
