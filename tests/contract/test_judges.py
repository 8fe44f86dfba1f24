"""The contract of judges: judges of models keep it against a scripted server, and each way to break it is told."""

import asyncio
import random
import time

import msgspec
import pytest

from otel_evals.judges.client import ModelClient
from otel_evals.judges.llm import LlmJudge
from otel_evals.judges.prices import shipped_prices
from otel_evals.judges.settings import EndpointSettings, ModelSettings
from otel_evals.records.clock import SystemClock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import Label
from otel_evals.records.judging import Estimate, JudgeFailure, Target, Verdict
from otel_evals.rubrics.rubric import builtin_rubrics
from otel_evals.testing.judge_contract import check_judge
from otel_evals.testing.judge_script import JudgeBehaviour
from otel_evals.testing.judge_server import JudgeServer

GOOD = Verdict(label=Label.PASS, score=1.0, cost=0.0)


@pytest.mark.parametrize(
    ("rubric", "behaviour"),
    [("faithfulness", JudgeBehaviour()), ("tool_use", JudgeBehaviour(fault="not_json"))],
    ids=["good", "prose"],
)
async def test_a_judge_that_asks_a_model_keeps_the_contract(rubric, behaviour):
    clock = SystemClock()
    async with JudgeServer(behaviour) as server:
        endpoint = EndpointSettings(url=server.url, retries=0)
        client = ModelClient(endpoint, clock=clock, rng=random.Random(1), key=None)  # noqa: S311 - spreads retries
        judge = LlmJudge(
            builtin_rubrics()[rubric],
            ModelSettings(model="gpt-4.1-mini"),
            [client],
            prices=shipped_prices(),
            clock=clock,
            nonce=lambda: "abcdef0123456789",
            redact=str,
            max_chars=24_000,
            cache=None,
        )
        await check_judge(judge)
        await client.close()


class Sound:
    """Keeps the contract; each broken one differs in one thing."""

    name = "sound"
    version = "1"
    target = Target.EXCHANGE
    needs = frozenset()
    closed = 0

    def estimate(self, case):
        return Estimate()

    async def judge(self, case):
        return GOOD

    async def close(self):
        self.closed += 1


async def test_a_sound_judge_passes_and_is_closed():
    judge = Sound()
    await check_judge(judge)
    assert judge.closed


def breaks(**parts):
    return type("Broken", (Sound,), parts)()


def says(verdict):
    async def judge(_self, _case):
        return verdict

    return breaks(judge=judge)


def fails(error):
    async def judge(_self, _case):
        raise error

    return breaks(judge=judge)


async def _blocks(_self, _case):
    time.sleep(1.1)  # noqa: ASYNC251 - what must be told
    return GOOD


class _Moody(Sound):
    turns = 0

    async def judge(self, case):
        self.turns += 1
        return GOOD if self.turns % 2 else msgspec.structs.replace(GOOD, label=Label.FAIL)


class _Counting(Sound):
    asked = 0

    @property
    def version(self):
        self.asked += 1
        return str(self.asked)


class _Plain(Sound):
    def judge(self, case):
        return asyncio.sleep(0, GOOD)


BROKEN = {
    "name": (breaks(name="No Name"), "snake_case"),
    "reserved": (breaks(name="coverage"), "reserved"),
    "version": (breaks(version=""), "version"),
    "unstable version": (_Counting(), "version"),
    "target": (breaks(target="exchange?"), "Target"),
    "needs": (breaks(needs=("answer",)), "needs"),
    "not async": (_Plain(), "async function"),
    "estimate": (breaks(estimate=lambda _self, _case: 3), "Estimate"),
    "negative estimate": (breaks(estimate=lambda _self, _case: Estimate(tokens=-1)), "whole numbers"),
    "endless estimate": (breaks(estimate=lambda _self, _case: Estimate(cost=float("inf"))), "cost"),
    "no verdict": (says("pass"), "returns a Verdict"),
    "label": (says(msgspec.structs.replace(GOOD, label="pass")), "label"),
    "score": (says(msgspec.structs.replace(GOOD, score=5.0)), "score"),
    "no number": (says(msgspec.structs.replace(GOOD, score=float("nan"))), "score"),
    "confidence": (says(msgspec.structs.replace(GOOD, confidence=-1.0)), "confidence"),
    "essay": (says(msgspec.structs.replace(GOOD, explanation="x" * 5000)), "sentence"),
    "price": (says(msgspec.structs.replace(GOOD, cost=-1.0)), "cost"),
    "member": (says(msgspec.structs.replace(GOOD, members=(GOOD,))), "member"),
    "moody": (_Moody(), "same verdict"),
    "end": (fails(JudgeFailure("no", outcome=CoverageOutcome.JUDGED, error_type="x")), "does not end as"),
    "nameless failure": (fails(JudgeFailure("no", outcome=CoverageOutcome.TIMEOUT, error_type="")), "error type"),
    "blocks": (breaks(judge=_blocks), "blocks the process"),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_each_way_to_break_the_contract_is_told(kind):
    judge, told = BROKEN[kind]
    with pytest.raises(AssertionError, match=told):
        await check_judge(judge)


async def test_a_judges_own_error_comes_through():
    with pytest.raises(ZeroDivisionError):
        await check_judge(fails(ZeroDivisionError()))
