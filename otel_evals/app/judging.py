"""Puts judging together for one worker: store, budget, sampling state, hold, outbox, ledger.

Start: store → what is shared with the siblings → what a former run left. Stop: judgements under way → held spans →
outbox → ledger → store → connections.
"""

import asyncio
import functools
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from otel_evals import __version__
from otel_evals.app.judges import Judges, build_judges
from otel_evals.config.schema import Config
from otel_evals.engine.budget import Budget
from otel_evals.engine.coverage import CoverageLedger
from otel_evals.engine.deliver import Deliver, Passage
from otel_evals.engine.judge_hold import JudgeHold
from otel_evals.engine.judge_measure import JudgeMeasurements, OnJudged
from otel_evals.engine.judgement_end import Wire
from otel_evals.engine.judging import Judging
from otel_evals.engine.late_feedback import LateFeedback, said
from otel_evals.engine.measure import Measurements
from otel_evals.engine.outbox import Outbox
from otel_evals.engine.plan import Planner
from otel_evals.engine.recent import EarlyWords, RecentSpans
from otel_evals.engine.reservoirs import Reservoirs
from otel_evals.engine.sightings import Release, ReleaseTime, Sightings
from otel_evals.lifecycle.tasks import CrashReport, Tasks
from otel_evals.lifecycle.waiting import happens
from otel_evals.otlp.encode import attributes
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals.semconv import gen_ai
from otel_evals.spool.judge_store import JudgeStore
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_LOG: Final = logging.getLogger(__name__)
_REFRESH: Final = 5.0
"""Seconds between two looks at what the siblings have spent and seen."""


class _State:
    """What sampling depends on: first appearances, and how far the budget lowers the rates."""

    def __init__(self, sightings: Sightings, budget: Budget) -> None:
        self._sightings = sightings
        self._budget = budget
        self._factor = 1.0

    async def refresh(self) -> None:
        try:
            await self._sightings.refresh()
            self._factor = await self._budget.factor()
        except Unavailable as error:
            _LOG.warning("sampling goes by what was known: %s", error)

    def version_age(self, service: str, version: str, model: str) -> float | None:
        """Seconds since the first appearance."""
        return self._sightings.age(service, version, model)

    def throttle(self) -> float:
        """The factor of the tightest budget."""
        return self._factor


class JudgeDesk:
    """Judging of one worker: `start`, `stop`, and `close` at the very end."""

    def __init__(
        self,
        config: Config,
        judges: Judges,
        store: JudgeStore,
        *,
        deliver: Deliver,
        settles: bool,
        measurements: Measurements,
        meters: Meters,
        tasks: Tasks,
        clock: Clock,
        on_crash: CrashReport,
        on_judged: OnJudged | None = None,
    ) -> None:
        """Put it together. `on_crash` is told of a task of a judge that died."""
        section = config.judge
        self._judges = [judges]
        self._store = store
        self._clock = clock
        self._meters = meters
        self._tasks = tasks
        self._on_crash = on_crash
        self._stopping = asyncio.Event()
        budget = Budget(store, section.budget, section.budgets, clock)
        self._state = _State(Sightings(store, _releases(section.releases), tasks, clock), budget)
        reservoirs, early = Reservoirs(store, tasks, clock), EarlyWords(section.feedback_window, clock)
        self.planner = Planner(
            judges.specs,
            self._state,
            tuple(key.key for key in config.slices.extra),
            draws=reservoirs,
            feedback=functools.partial(said, early),
        )
        passage = Passage(deliver, meters, settles=settles)
        self.judging = Judging(
            judges.specs,
            section,
            store=store,
            budget=budget,
            hold=JudgeHold(store, passage, hold=section.hold, limit=section.max_held, tasks=tasks, clock=clock),
            outbox=Outbox(store, passage, tasks=tasks, meters=meters),
            ledger=CoverageLedger(store, tasks=tasks, clock=clock),
            measurements=JudgeMeasurements(meters, measurements, on_judged, extra_keys=len(config.slices.extra)),
            meters=meters,
            tasks=tasks,
            clock=clock,
            wire=Wire(
                late=config.results.late,
                log_events=config.results.log_events,
                call_traces=section.call_traces,
                resource=attributes(1, ((gen_ai.SERVICE_NAME, "otel-evals"), ("service.version", __version__))),
            ),
            reservoirs=reservoirs,
        )
        recent = RecentSpans(section.feedback_memory, section.feedback_window, clock)
        self.late_feedback = LateFeedback(self.planner, self.judging, recent, early, tasks)
        self.judging.on_left_out = self.late_feedback.left_out

    async def start(self, *, counts_leftovers: bool) -> None:
        """Begin. `counts_leftovers`: whether what a former run held counts as received. Raises ConfigurationError."""
        await self._state.refresh()
        try:
            await self.judging.start(counts_leftovers=counts_leftovers)
        except Unavailable as error:
            raise ConfigurationError(f"judging cannot take up what a former run left: {error}") from error
        if counts_leftovers:
            self._meters.add(catalogue.SPANS, self.judging.held_at_start, "received")
        self._tasks.spawn(self._run(), "judge state")

    def reload(self, config: Config) -> None:
        """Ask other judges from now on; what is under way ends with those of before. Raises ConfigurationError."""
        judges = build_judges(config, clock=self._clock, on_crash=self._on_crash)
        if judges is None:
            return
        self._judges.append(judges)
        self.planner.reconfigure(judges.specs)
        self.judging.reconfigure(judges.specs)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            if not await happens(self._stopping, _REFRESH):
                await self._state.refresh()

    async def stop(self, grace: float) -> None:
        """Let judgements under way end for a while, every held span go on, and the rest stay for the next run."""
        self._stopping.set()
        await self.judging.stop(grace)

    async def close(self) -> None:
        """Give back file and connections; every task has ended by now."""
        await self._store.close()
        for judges in self._judges:
            await judges.close()


def _releases(releases: Sequence[Release]) -> list[ReleaseTime]:
    return [ReleaseTime(release, _seconds(release)) for release in releases]


def _seconds(release: Release) -> float:
    try:
        at = datetime.fromisoformat(release.at)
    except ValueError:
        raise ConfigurationError(
            f"judge.releases: {release.at!r} is no time; write it as 2026-11-02T09:00:00Z"
        ) from None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
