"""Judges that block run in threads: others go on meanwhile, and what a judge says or raises comes back."""

import asyncio
import threading

import pytest

from otel_evals.judges.in_thread import InThread, is_blocking
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Exchange
from otel_evals.records.judging import Estimate, JudgeCase, JudgeFailure, Target, Verdict
from otel_evals.testing.judge_contract import check_judge

CASE = JudgeCase(exchange=Exchange())
GOOD = Verdict(label=Label.PASS, score=1.0, cost=0.0)


class Blocking:
    name = "slow"
    version = "v1"
    target = Target.EXCHANGE
    needs = frozenset()
    blocking = True
    closed = False

    def __init__(self, says=lambda: GOOD):
        self.says = says

    def estimate(self, case):
        return Estimate()

    async def judge(self, case):
        return self.says()

    async def close(self):
        self.closed = True


async def test_others_go_on_while_a_judge_blocks():
    go = threading.Event()

    def waits():
        assert go.wait(20)
        return GOOD

    asked = asyncio.create_task(InThread(Blocking(waits)).judge(CASE))
    await asyncio.sleep(0)  # in the loop of the judge this would be the end of everything
    go.set()
    assert await asked == GOOD


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        JudgeFailure("no", outcome=CoverageOutcome.TIMEOUT, error_type="slow"),
        SystemExit(3),
    ],
)
async def test_what_a_judge_raises_comes_back(error):
    def raises():
        raise error

    with pytest.raises(type(error)) as raised:
        await InThread(Blocking(raises)).judge(CASE)
    assert raised.value is error


async def test_one_that_never_comes_back_is_given_up_and_the_fifth_waits_for_its_turn():
    go, entered, running = threading.Event(), threading.Semaphore(0), []

    def waits():
        running.append(1)
        entered.release()
        go.wait(20)
        return GOOD

    judge = InThread(Blocking(waits))
    stuck = [asyncio.create_task(judge.judge(CASE)) for _ in range(4)]
    for _ in stuck:
        assert await asyncio.to_thread(entered.acquire, timeout=20)
    fifth = asyncio.create_task(judge.judge(CASE))
    stuck[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await stuck[0]
    await asyncio.sleep(0)
    assert len(running) == 4
    go.set()
    assert await fifth == GOOD
    assert await asyncio.gather(*stuck[1:]) == [GOOD] * 3


async def test_a_judge_that_awaits_hears_that_nobody_waits_for_it_any_more():
    entered, heard = threading.Event(), threading.Event()

    class Awaits(Blocking):
        async def judge(self, case):
            entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                heard.set()

    asked = asyncio.create_task(InThread(Awaits()).judge(CASE))
    assert await asyncio.to_thread(entered.wait, 20)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await asyncio.to_thread(heard.wait, 20)


async def test_a_thread_that_cannot_be_had_fails_one_judgement_and_keeps_no_place(monkeypatch):
    def no_more(_thread):
        raise RuntimeError("can't start new thread")

    judge = InThread(Blocking())
    with monkeypatch.context() as machine:
        machine.setattr(threading.Thread, "start", no_more)
        for _ in range(5):
            with pytest.raises(RuntimeError, match="new thread"):
                await judge.judge(CASE)
    assert await judge.judge(CASE) == GOOD


async def test_all_else_is_as_the_judge_says():
    inner = Blocking()
    judge = InThread(inner)
    assert (judge.name, judge.version, judge.target, judge.needs) == ("slow", "v1", Target.EXCHANGE, frozenset())
    assert judge.estimate(CASE) == Estimate()
    await judge.close()
    assert inner.closed
    assert is_blocking(inner)
    assert not is_blocking(object())


async def test_a_judge_that_blocks_and_says_so_keeps_the_contract():
    await check_judge(Blocking())
