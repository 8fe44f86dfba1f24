"""Which judges the demo has: those of the scripted server, or a model behind a real endpoint within a few cents.

Pure but for the price table in the box; `app.demo_judges` decides which, and puts the section into the configuration.
"""

from typing import Final
from urllib.parse import urlsplit

import msgspec

from otel_evals.config.judging import JudgeSection
from otel_evals.demo.scripted_judge import LABEL, MODEL, SHADOW_MODEL, SHADOW_TNR, SHADOW_TPR
from otel_evals.engine.budget import Limits
from otel_evals.engine.sightings import Release
from otel_evals.judges.prices import Price, shipped_prices
from otel_evals.judges.settings import (
    CacheSettings,
    EndpointSettings,
    JudgeSettings,
    ModelSettings,
    PriceSettings,
)
from otel_evals.records.units import ByteSize, Duration
from otel_evals.sampling.settings import DEFAULT_RULES, NewVersion, SamplingRule, SamplingSettings

OPENAI: Final = "https://api.openai.com/v1"
OPENAI_KEY: Final = "OPENAI_API_KEY"
DEFAULT_MODEL: Final = "gpt-4.1-nano-2025-04-14"
"""Cheap enough that a few cents show something."""
_RUBRICS: Final = ("faithfulness", "answer_relevance", "instruction_following")
_SHADOW: Final = "faithfulness_next"
_SCRIPTED_RATES: Final = {"audit": 0.15, "baseline": 0.15}
"""The default rules take 0.05, which needs minutes to show a rate."""
_HOLD: Final = Duration(2)
"""Short, so that some verdicts of the demo come late."""
_SCRIPTED_USD_PER_DAY: Final = 2.0
_SCRIPTED_PRICE: Final = Price(input=0.02, output=0.08)
_USD_PER_DAY: Final = 0.05
_CALLS_PER_MINUTE: Final = 30
_TOKENS_PER_DAY: Final = 150_000
"""The bound where a price is unknown, a hundred calls or so."""
_REAL_RATES: Final = {"high_risk": 0.3, "medium_risk": 0.1, "feedback": 0.3, "audit": 0.02, "baseline": 0.02}
_NEW_RATE: Final = 0.06
_THRIFT: Final = 0.1
"""The budget is spent while somebody looks, and not spread over the day."""
_KNOWN_SINCE: Final = "2026-01-05T09:00:00Z"


class DemoJudges(msgspec.Struct, frozen=True, kw_only=True):
    """The judges of a demo."""

    section: JudgeSection
    label: str
    """Who judges, in a few words: it stands beside every figure of theirs."""
    notice: tuple[str, ...]
    """What is said before anything is sent."""
    sends_away: bool = False
    """Whether content leaves for an endpoint that may charge for it."""


def scripted_judges(url: str) -> DemoJudges:
    """Three judges and a shadow, asked of the scripted server at `url`."""
    active = [JudgeSettings(name=name, model=ModelSettings(model=MODEL)) for name in _RUBRICS]
    shadow = JudgeSettings(name=_SHADOW, rubric=_RUBRICS[0], model=ModelSettings(model=SHADOW_MODEL), shadow=True)
    section = JudgeSection(
        endpoints=(EndpointSettings(url=url, name="scripted", timeout=Duration(20), concurrency=64),),
        judges=(*active, shadow),
        sampling=SamplingSettings(rules=tuple(map(_frequent, DEFAULT_RULES))),
        releases=_RELEASES,
        hold=_HOLD,
        budget=Limits(usd_per_day=_SCRIPTED_USD_PER_DAY),
        prices=PriceSettings(models={MODEL: _SCRIPTED_PRICE, SHADOW_MODEL: _SCRIPTED_PRICE}),
        # The shop says the same things again and again; a demo shows what judging costs where texts are new.
        cache=CacheSettings(max_bytes=ByteSize(0)),
    )
    notice = (
        f"judges: {LABEL}; its shadow TPR {SHADOW_TPR:.2f}, TNR {SHADOW_TNR:.2f}",
        "no model is asked and prices are made up: --judge-url URL asks a real one, --no-judge none",
    )
    return DemoJudges(section=section, label=LABEL, notice=notice)


def model_judges(url: str, model: str, key_env: str | None, own_prices: PriceSettings) -> DemoJudges:
    """Two judges, asked of `model` at `url` within a budget of cents, or of tokens where the price is unknown.

    Raises:
        ValueError: `url` cannot be called.
    """
    host, prices = urlsplit(url).hostname or url, shipped_prices().overridden(own_prices.models)
    if prices.price(model) is not None:
        limits = Limits(usd_per_day=_USD_PER_DAY, calls_per_minute=_CALLS_PER_MINUTE)
        most = f"at most ${_USD_PER_DAY:.2f} a day by our price list of {prices.date}"
    else:
        limits = Limits(tokens_per_day=_TOKENS_PER_DAY, calls_per_minute=_CALLS_PER_MINUTE)
        most = f"at most {_TOKENS_PER_DAY:,} tokens a day (its price is unknown)".replace(",", " ")
    section = JudgeSection(
        endpoints=(EndpointSettings(url=url, name="demo", key_env=key_env, timeout=Duration(30)),),
        judges=tuple(JudgeSettings(name=name, model=ModelSettings(model=model)) for name in _RUBRICS[:2]),
        sampling=SamplingSettings(rules=tuple(map(_sparing, DEFAULT_RULES))),
        releases=_RELEASES,
        hold=_HOLD,
        budget=limits,
        prices=own_prices,
    )
    with_key = f", with the key in {key_env}" if key_env else ", without a key"
    notice = (
        f"judges: {model} at {host} reads the demo's invented texts{with_key}",
        f"{most} in this data folder, and {_CALLS_PER_MINUTE} calls a minute",
        f"--no-judge sends nothing; without --judge-url and {OPENAI_KEY} a scripted judge on this machine decides",
    )
    return DemoJudges(section=section, label=f"{model} at {host}", notice=notice, sends_away=True)


def _frequent(rule: SamplingRule) -> SamplingRule:
    """`rule` at a rate that shows something within a minute."""
    return msgspec.structs.replace(rule, rate=_SCRIPTED_RATES.get(rule.name, rule.rate))


def _sparing(rule: SamplingRule) -> SamplingRule:
    """`rule` at a rate that a few cents can pay."""
    if rule.new_version is not None:
        new = NewVersion(rate=_NEW_RATE, decay=rule.new_version.decay)
        return msgspec.structs.replace(rule, new_version=new, thrift=_THRIFT)
    return msgspec.structs.replace(rule, rate=_REAL_RATES[rule.name], thrift=_THRIFT)


_RELEASES: Final = tuple(Release(version=version, at=_KNOWN_SINCE) for version in ("2", "3", "5"))
"""Every prompt version of the shop but the newest, which is sampled more, has been there for long."""
