"""Judges from a configuration: what cannot work stops the start in words, and nobody is asked before it does."""

import sys

import msgspec
import pytest

from otel_evals.app.judges import Judges, build_judges
from otel_evals.config.schema import Config
from otel_evals.judges.in_thread import InThread
from otel_evals.judges.prices import shipped_prices
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.records.judging import JudgeCase
from otel_evals.testing.judge_server import JudgeServer
from tests.unit.engine.judge_rig import GOOD, ScriptedJudge, spec

EXCHANGE = Exchange(
    messages=(Message(role="user", text="When is PRJ-4711 done?"),),
    choices=(Choice(message=Message(role="assistant", text="PRJ-4711 is done on Friday.")),),
)
ENDPOINT = {"name": "own", "url": "http://127.0.0.1:9/v1"}
MODEL = {"model": "gpt-4.1-mini"}
BUDGET = {"budget": {"usd_per_day": 1.0}}


def build(**section):
    config = msgspec.convert({"judge": section, "plugins": {"allow_import_from": ["tests"]}}, Config, strict=False)
    return build_judges(config, clock=SystemClock(), on_crash=lambda *_: None)


def asks(*judges, **more):
    return build(endpoints=[ENDPOINT], judges=list(judges), **more)


def judge(name="faithfulness", model="gpt-4.1-mini", **more):
    return {"name": name, "model": {"model": model}, **more}


def test_without_judges_there_is_nothing_to_build():
    assert build() is None


async def test_a_judge_of_a_built_in_rubric_is_built_and_an_unknown_price_is_said():
    judges = asks(judge(), judge("other", "nobody-knows-this-model", rubric="answer_relevance"))
    assert [one.id for one in judges.specs] == ["faithfulness", "other"]
    assert any("nobody-knows-this-model" in warning for warning in judges.warnings)
    await judges.close()


@pytest.mark.parametrize(
    ("judges", "more", "told"),
    [
        ([judge("faithfullness")], {}, "did you mean faithfulness"),
        ([judge(rubric_file="/nowhere.yaml")], {}, "cannot be read"),
        ([judge(), judge()], {}, "two judges are called"),
        ([judge(model="nobody-knows-this-model")], BUDGET, "price of nobody-knows-this-model"),
        ([judge()], {"budgets": {"faithfulnes": {"usd_per_day": 1.0}}}, "did you mean faithfulness"),
        ([], {"local": [{"name": "tone"}]}, "no installed distribution brings the judge 'tone'"),
        ([], {"local": [{"name": "tone", "use": "elsewhere.judge:Tone"}]}, "elsewhere"),
    ],
    ids=["rubric", "file", "twice", "price", "budget", "local", "private"],
)
def test_what_cannot_work_stops_the_start(judges, more, told):
    with pytest.raises(ConfigurationError, match=told):
        asks(*judges, **more)


def test_a_key_that_is_not_there_stops_the_start_by_its_name(monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="NO_SUCH_KEY"):
        build(endpoints=[{**ENDPOINT, "key_env": "NO_SUCH_KEY"}], judges=[judge()])


@pytest.mark.parametrize(
    ("settings", "told"), [({"wrong": 1}, "cannot be built"), ({}, None)], ids=["wrong setting", "right"]
)
def test_a_private_judge_is_built_with_its_settings(settings, told):
    assert "tests.unit.engine.judge_rig" in sys.modules
    local = [{"name": "tone", "use": "tests.unit.engine.judge_rig:ScriptedJudge", "settings": settings}]
    if told is None:
        assert [one.id for one in build(local=local).specs] == ["tone"]
        return
    with pytest.raises(ConfigurationError, match=told):
        build(local=local)


@pytest.mark.parametrize("blocking", [True, False])
async def test_a_private_judge_that_says_it_blocks_is_run_in_threads(blocking, monkeypatch):
    monkeypatch.setattr(ScriptedJudge, "blocking", blocking, raising=False)
    (built,) = build(local=[{"name": "tone", "use": "tests.unit.engine.judge_rig:ScriptedJudge"}]).specs
    assert isinstance(built.judge, InThread) is blocking
    assert built.key == ("tone", "v1")
    assert await built.judge.judge(JudgeCase(exchange=Exchange())) == GOOD


async def test_a_judge_that_cannot_be_closed_keeps_the_others_from_nothing():
    class Stuck(ScriptedJudge):
        async def close(self) -> None:
            raise OSError

    good = ScriptedJudge("good")
    await Judges(specs=(spec(Stuck()), spec(good)), clients=(), prices=shipped_prices()).close()
    assert good.closed


async def test_patterns_of_ones_own_are_taken_out_of_the_question_and_make_another_version():
    async def asked(**more) -> str:
        async with JudgeServer() as server:
            judges = build(endpoints=[{"name": "own", "url": server.url}], judges=[judge("answer_relevance")], **more)
            try:
                [one] = judges.specs
                await one.judge.judge(JudgeCase(exchange=EXCHANGE))
                versions.append(one.judge.version)
                return server.asked[-1].user
            finally:
                await judges.close()

    versions: list[str] = []
    assert "PRJ-4711" in await asked()
    question = await asked(redact_patterns=[r"PRJ-\d+"], redact=False)
    assert "PRJ-4711" not in question
    assert "[REDACTED]" in question
    assert versions[0] != versions[1]


def test_a_pattern_that_is_not_re2_is_told_with_its_key():
    with pytest.raises(ConfigurationError, match=r"judge\.redact_patterns.*look-around"):
        asks(judge(), redact_patterns=["(?=x)"])
