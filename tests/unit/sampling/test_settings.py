"""What a configuration of sampling may say, and what it is told otherwise."""

import msgspec
import pytest

from otel_evals.records.decision import RiskBand
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.records.units import decode_unit
from otel_evals.sampling.match import MatchSettings
from otel_evals.sampling.settings import SamplingRule, SamplingSettings, check_sampling


def read(rules: object, **more: object) -> SamplingSettings:
    return msgspec.convert({"rules": rules, **more}, SamplingSettings, dec_hook=decode_unit)


def test_every_kind_of_rule_can_be_written() -> None:
    settings = read(
        [
            {"name": "mine", "match": {"band": ["high"], "service": ["shop-*"], "clean": False}, "rate": 0.5},
            {"name": "young", "new_version": {"rate": 0.4, "decay": "7d"}},
            {"name": "hourly", "reservoir": {"k": 20, "per": "30m"}},
            {"name": "late", "match": {"feedback": ["thumbs_down"]}, "rate": 1, "thrift": 0.1},
        ],
        salt="second draw",
    )
    mine, young, hourly, late = settings.rules
    assert mine.match == MatchSettings(band=(RiskBand.HIGH,), service=("shop-*",), clean=False)
    assert young.new_version is not None
    assert young.new_version.decay == 7 * 86400
    assert hourly.reservoir is not None
    assert (hourly.reservoir.k, hourly.reservoir.per) == (20, 1800)
    assert late.match.feedback == (FeedbackSignal.THUMBS_DOWN,)
    assert late.thrift == 0.1
    assert settings.salt == "second draw"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"name": "a"}, "no rate"),
        ({"name": "a", "rate": 0.5, "reservoir": {"k": 3}}, "two kinds of rate"),
        ({"name": "a", "rate": 0.5, "new_version": {}}, "two kinds of rate"),
        ({"name": "a", "rate": 0}, "> 0"),
        ({"name": "a", "rate": 1.01}, "<= 1"),
        ({"name": "A b", "rate": 1}, "matching regex"),
        ({"name": "a", "rate": 1, "match": {"bands": ["high"]}}, "unknown field `bands`"),
        ({"name": "a", "rate": 1, "match": {"attributes": {"key": []}}}, "length >= 1"),
        ({"name": "a", "rate": 1, "match": {"feedback": ["shrug"]}}, "shrug"),
        ({"name": "a", "reservoir": {"k": 0}}, ">= 1"),
        ({"name": "a", "reservoir": {"k": 5, "per": "0s"}}, "longer than 0s"),
        ({"name": "a", "new_version": {"decay": 0}}, "longer than 0s"),
        ({"name": "a", "reservoir": {"k": 5}, "match": {"feedback": ["thumbs_down"]}}, "cannot wait for feedback"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_the_reason(rule: object, message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        read([rule])


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="two rules are called 'a'"):
        read([{"name": "a", "rate": 0.1}, {"name": "a", "rate": 0.2}])


def test_a_configuration_that_names_no_rules_has_the_strata_of_the_wire() -> None:
    names = [rule.name for rule in msgspec.convert({}, SamplingSettings).rules]
    assert names == ["high_risk", "medium_risk", "new_version", "feedback", "audit", "baseline"]


def test_rules_say_which_evaluations_and_slices_they_ask_about() -> None:
    match = MatchSettings(failing=("pii",), passing=("language",), reasons=("secrets",), slices={"tier": ("gold",)})
    settings = SamplingSettings(rules=(SamplingRule(name="a", match=match, rate=0.5),))
    assert settings.evaluations == {"pii", "language", "secrets"}
    assert settings.slice_keys == {"tier"}


def test_rules_that_leave_spans_without_a_probability_are_warned_of() -> None:
    only_high = {"name": "a", "match": {"band": ["high"]}, "rate": 1}
    assert "no sampling rule takes every span" in check_sampling(read([only_high]))[0]
    assert check_sampling(read([only_high, {"name": "young", "new_version": {}}]))
    assert not check_sampling(read([only_high, {"name": "rest", "rate": 0.01}]))
    assert not check_sampling(read([only_high, {"name": "rest", "reservoir": {"k": 5}}]))
    assert not check_sampling(SamplingSettings())
    assert not check_sampling(read([]))


def test_windows_of_a_reservoir_begin_at_multiples_of_their_length() -> None:
    (rule,) = read([{"name": "hourly", "reservoir": {"k": 1}}]).rules
    assert rule.reservoir is not None
    assert [rule.reservoir.window(at) for at in (0.0, 3599.9, 3600.0, 1.8e9)] == [0, 0, 1, 500_000]
