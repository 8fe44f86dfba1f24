"""Puts many cases to judges: a bounded number at a time, within a time limit, telling how far it has come.

Called by both verbs. A judge that fails is an outcome, never an exception; what the time limit cuts off was not asked.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from otel_evals.lifecycle.tasks import CrashReport, Tasks
from otel_evals.plugins.protocols import Judge
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.judging import JudgeCase, JudgeFailure, Verdict


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one call ended: with a verdict or a failure."""

    verdict: Verdict | None = None
    failure: JudgeFailure | None = None
    seconds: float
    """From the question to the verdict or failure, all tries and the wait for a turn together."""

    @property
    def unparseable(self) -> bool:
        """Whether the judge answered, and the answer was no verdict."""
        return self.failure is not None and self.failure.outcome is CoverageOutcome.UNPARSEABLE

    @property
    def unreachable(self) -> bool:
        """Whether nobody answered, or somebody refused to."""
        return self.failure is not None and not self.unparseable


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far it has come."""

    done: int
    failed: int
    planned: int


Call = tuple[Judge, JudgeCase]
Tell = Callable[[Progress], None]


class Asking:
    """Asks judges.

    Args:
        concurrency: calls under way at one time.
        clock: for durations.
        tell: told after each call.
        on_crash: told of an error of our own.
    """

    def __init__(self, concurrency: int, *, clock: Clock, tell: Tell, on_crash: CrashReport) -> None:
        self._concurrency = max(1, concurrency)
        self.clock = clock
        self._tell = tell
        self._on_crash = on_crash
        self._failed = 0

    async def run(
        self, calls: Sequence[Call], outcomes: dict[int, Outcome], positions: Sequence[int], *, seconds: float
    ) -> None:
        """Make the calls at `positions`, in this order, for at most `seconds`.

        Each outcome goes into `outcomes` by its position as soon as it is known, so that whoever is interrupted has
        what was paid for.
        """
        waiting = iter(positions)
        tasks = Tasks(self._on_crash)
        try:
            for number in range(min(self._concurrency, len(positions))):
                tasks.spawn(self._work(waiting, calls, outcomes), f"judge call {number}")
            await tasks.drain(seconds)
        finally:
            await tasks.close()

    async def _work(self, waiting: Iterator[int], calls: Sequence[Call], outcomes: dict[int, Outcome]) -> None:
        for position in waiting:
            judge, case = calls[position]
            outcome = outcomes[position] = await self._one(judge, case)
            self._failed += outcome.failure is not None
            self._tell(Progress(done=len(outcomes), failed=self._failed, planned=len(calls)))

    async def _one(self, judge: Judge, case: JudgeCase) -> Outcome:
        started = self.clock.monotonic()
        try:
            verdict = await judge.judge(case)
        except JudgeFailure as failure:
            return Outcome(failure=failure, seconds=self.clock.monotonic() - started)
        except Exception as error:  # noqa: BLE001 - stage boundary, as in the hop: a judge may be anybody's plug-in
            failure = JudgeFailure(
                f"it raised {type(error).__name__}: {error}",
                outcome=CoverageOutcome.JUDGE_ERROR,
                error_type=type(error).__name__,
            )
            return Outcome(failure=failure, seconds=self.clock.monotonic() - started)
        return Outcome(verdict=verdict, seconds=self.clock.monotonic() - started)
