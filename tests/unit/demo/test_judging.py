import sys
from typing import Any

import msgspec
import pytest

from otel_evals.app.judges import build_judges
from otel_evals.config.schema import Config
from otel_evals.demo import scripted_judge
from otel_evals.demo.judging import DEFAULT_MODEL, DemoJudges, model_judges, scripted_judges
from otel_evals.judges.prices import Price
from otel_evals.judges.settings import PriceSettings
from otel_evals.records.errors import ConfigurationError
from otel_evals.testing.clock import ManualClock

OWN = PriceSettings()


def built(judges: DemoJudges) -> Any:
    config = msgspec.structs.replace(Config(), judge=judges.section)
    found = build_judges(config, clock=ManualClock(), on_crash=lambda *_: None, offline=True)
    assert found is not None
    return found


def test_scripted_judges_are_three_and_a_shadow_of_one_of_them():
    judges = scripted_judges("http://127.0.0.1:1/v1")
    specs = built(judges).specs
    assert [spec.id for spec in specs if not spec.shadow] == [
        "faithfulness",
        "answer_relevance",
        "instruction_following",
    ]
    [shadow] = [spec for spec in specs if spec.shadow]
    assert shadow.judge.name == "faithfulness"
    assert "scripted judge, errs on purpose: TPR 0.90, TNR 0.85" in judges.label
    assert not judges.sends_away


def test_a_real_endpoint_has_a_budget_of_cents_that_is_said():
    judges = model_judges("https://api.openai.com/v1", DEFAULT_MODEL, "OPENAI_API_KEY", OWN)
    built(judges)
    assert judges.sends_away
    assert judges.section.budget.usd_per_day == 0.05
    said = "\n".join(judges.notice)
    assert "$0.05 a day" in said
    assert "api.openai.com" in said
    assert "the key in OPENAI_API_KEY" in said
    assert "--no-judge" in said


def test_where_a_price_is_unknown_tokens_are_limited_instead():
    judges = model_judges("http://127.0.0.1:11434/v1", "llama-9", None, OWN)
    built(judges)
    assert judges.section.budget.usd_per_day is None
    assert judges.section.budget.tokens_per_day
    assert "its price is unknown" in "\n".join(judges.notice)


def test_a_price_of_ones_own_makes_the_budget_one_of_money():
    own = PriceSettings(models={"llama-9": Price(input=0.1, output=0.1)})
    judges = model_judges("http://127.0.0.1:11434/v1", "llama-9", None, own)
    built(judges)
    assert judges.section.budget.usd_per_day == 0.05


def test_an_address_that_cannot_be_called_is_refused():
    with pytest.raises(ValueError, match="http"):
        model_judges("ftp://somewhere", "m", None, OWN)


def test_a_scripted_judge_that_does_not_start_says_why(monkeypatch):
    command = (sys.executable, "-c", "raise SystemExit('no room for it')")
    monkeypatch.setattr(scripted_judge, "_COMMAND", command)
    judge = scripted_judge.ScriptedJudge()
    judge.start()
    with pytest.raises(ConfigurationError, match=r"does not start \(no room for it\); --no-judge"):
        judge.url()
    judge.stop()
