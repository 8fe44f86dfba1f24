"""One judge about one case: what keeps everybody else waiting is told, whatever the judge does."""

import asyncio
import logging

import pytest

from otel_evals.engine.asking import STALL, ask, estimate
from otel_evals.engine.judge_measure import JudgeMeasurements
from otel_evals.engine.measure import Measurements
from otel_evals.engine.steps import Steps
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.judging import Estimate, JudgeCase
from otel_evals.telemetry.meters import Meters
from otel_evals.testing.clock import ManualClock
from tests.unit.engine.judge_rig import GOOD, ScriptedJudge, exchange, spec

CASE = JudgeCase(exchange=exchange())


class Told:
    """Asks a judge by a clock that the judge itself moves, and hears of its stalls."""

    def __init__(self, says):
        self.clock = ManualClock()
        self.spec = spec(ScriptedJudge(says=says))
        self.stalls = []

    async def ask(self):
        tasks = Tasks(lambda name, error: pytest.fail(f"{name}: {error!r}"))
        return await ask(
            self.spec, CASE, deadline=20, tasks=tasks, clock=self.clock, on_stall=lambda _, s: self.stalls.append(s)
        )


async def test_each_step_in_which_a_judge_blocks_is_told_with_its_length():
    async def blocks(_case):
        told.clock.advance(2)
        await asyncio.sleep(0)
        told.clock.advance(STALL)
        await asyncio.sleep(0)
        return GOOD

    told = Told(blocks)
    assert (await told.ask()).coverage is CoverageOutcome.JUDGED
    assert told.stalls == [2, STALL]


async def test_a_judge_that_waits_while_others_work_stalls_nobody():
    async def waits(_case):
        for _ in range(100):
            told.clock.advance(STALL / 2)
            await asyncio.sleep(0)
        return GOOD

    told = Told(waits)
    assert (await told.ask()).coverage is CoverageOutcome.JUDGED
    assert told.stalls == []


async def test_a_judge_that_blocks_and_then_fails_is_told_too():
    async def fails(_case):
        told.clock.advance(1)
        raise ValueError

    told = Told(fails)
    assert (await told.ask()).coverage is CoverageOutcome.JUDGE_ERROR
    assert told.stalls == [1]


def test_an_estimate_that_blocks_is_told():
    class Slow(ScriptedJudge):
        def estimate(self, case):
            clock.advance(1)
            return Estimate()

    clock, stalls = ManualClock(), []
    assert estimate(spec(Slow()), CASE, clock=clock, on_stall=lambda _, s: stalls.append(s)) == Estimate()
    assert stalls == [1]


def test_stalls_are_counted_by_judge_and_said_once_with_what_to_do(caplog):
    meters = Meters()
    measure = JudgeMeasurements(meters, Measurements(meters, {}))
    one, other = spec(ScriptedJudge()), spec(ScriptedJudge("other"))
    with caplog.at_level(logging.WARNING):
        for who in (one, one, other):
            measure.stalled(who, 1.5)
    (series,) = [s for s in meters.snapshot().series if s.instrument.name == "otel_evals.judge.stalls"]
    assert dict(series.values) == {("tone", "v1"): 2, ("other", "v1"): 1}
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert all("blocking = True" in line for line in lines)
    assert "tone" in lines[0]


async def test_steps_hand_on_values_errors_and_cancellation_like_the_coroutine_itself():
    async def mends():
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0)
        except TimeoutError:
            return "mended"

    async def cancelled():
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def awaited(work):
        return await Steps(work, ManualClock(), lambda _: None)

    assert await awaited(mends()) == "mended"
    started, ended = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(awaited(cancelled()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
