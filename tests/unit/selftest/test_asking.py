import asyncio

import pytest

from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Exchange
from otel_evals.records.judging import JudgeCase, Verdict
from otel_evals.selftest.asking import Asking, Outcome
from otel_evals.selftest.knocking import knock
from otel_evals.testing.clock import ManualClock

CASE = JudgeCase(exchange=Exchange())


class Scripted:
    """Does what it is told at each call."""

    def __init__(self, *acts) -> None:
        self._acts = iter(acts)
        self.under_way = self.most = self.calls = 0

    async def judge(self, case):
        self.calls += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            act = next(self._acts, None)
            await (asyncio.Event().wait() if act == "hang" else asyncio.sleep(0))
            if isinstance(act, Exception):
                raise act
            return Verdict(label=Label.PASS, score=1.0)
        finally:
            self.under_way -= 1


@pytest.fixture
def asking():
    def make(concurrency=4, told=None):
        def tell(progress):
            if told is not None:
                told.append(progress)

        def on_crash(name, error):
            raise AssertionError(name) from error

        return Asking(concurrency, clock=ManualClock(), tell=tell, on_crash=on_crash)

    return make


async def test_only_so_many_are_under_way_and_each_is_told(asking):
    judge, outcomes, told = Scripted(), {}, []
    await asking(3, told).run([(judge, CASE)] * 20, outcomes, range(20), seconds=60)
    assert (judge.most, judge.calls, sorted(outcomes)) == (3, 20, list(range(20)))
    assert [progress.done for progress in told] == list(range(1, 21))


async def test_a_judge_that_raises_anything_has_failed_and_others_go_on(asking):
    outcomes: dict[int, Outcome] = {}
    await asking(1).run([(Scripted(ZeroDivisionError("x")), CASE), (Scripted(), CASE)], outcomes, [0, 1], seconds=60)
    assert outcomes[0].failure is not None
    assert (outcomes[0].failure.error_type, outcomes[0].unreachable) == ("ZeroDivisionError", True)
    assert outcomes[1].verdict is not None


async def test_what_the_time_cuts_off_was_not_asked_and_is_given_back(asking):
    judge, outcomes = Scripted(None, "hang", "hang"), {}
    await asking(1).run([(judge, CASE)] * 3, outcomes, range(3), seconds=0.05)
    assert (sorted(outcomes), judge.under_way) == ([0], 0)


async def test_each_answerer_is_asked_once_to_find_out_who_answers(asking):
    good, dead, slow = Scripted(), Scripted(OSError("gone")), Scripted("hang")
    calls = [(judge, CASE) for judge in (good, good, dead, dead, slow)]
    outcomes: dict[int, Outcome] = {}
    silent = await knock(["good", "good", "dead", "dead", "slow"], calls, asking(), outcomes, seconds=0.1)
    assert (good.calls, dead.calls, slow.calls) == (1, 1, 1)
    assert set(silent) == {"dead", "slow"}
    assert "gone" in silent["dead"]
    assert "no answer within 0.05 s" in silent["slow"]
    assert sorted(outcomes) == [0, 2]
