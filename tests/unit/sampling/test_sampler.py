"""Which spans are selected, with what probability, and that the probability is the true one."""

import hashlib
import math
import pickle
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.records.decision import RiskBand
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.records.judging import SamplingDecision
from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.match import MatchSettings
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import NewVersion, Reservoir, SamplingRule, SamplingSettings
from otel_evals.sampling.throttle import LOWEST
from otel_evals.sampling.uniform import uniform

DAY = 86400.0
TRACES = [hashlib.md5(str(n).encode(), usedforsecurity=False).digest() for n in range(20_000)]
DEFAULT = Sampler(SamplingSettings())


def facts(trace: int = 0, **more: object) -> SamplingFacts:
    return SamplingFacts(trace_id=TRACES[trace], **more)


def sampler(*rules: SamplingRule, salt: str = "otel-evals") -> Sampler:
    return Sampler(SamplingSettings(salt=salt, rules=rules))


def rule(name: str, rate: float | None = None, *, match: dict[str, object] | None = None, **kind: object):
    return SamplingRule(name=name, rate=rate, match=MatchSettings(**(match or {})), **kind)


@pytest.mark.parametrize(
    ("span", "stratum", "probability", "rules"),
    [
        ({}, "audit", 0.05, ("audit", "baseline")),
        ({"failing": ("answered",)}, "baseline", 0.05, ("baseline",)),
        ({"band": RiskBand.MEDIUM, "failing": ("language",)}, "medium_risk", 0.5, ("medium_risk", "baseline")),
        ({"band": RiskBand.HIGH, "failing": ("pii",)}, "high_risk", 1.0, ("high_risk", "baseline")),
        ({"version_age": 0.0}, "new_version", 0.3, ("new_version", "audit", "baseline")),
        ({"feedback": FeedbackSignal.THUMBS_DOWN}, "feedback", 1.0, ("feedback", "audit", "baseline")),
        ({"feedback": FeedbackSignal.THUMBS_UP}, "audit", 0.05, ("audit", "baseline")),
        (
            {"band": RiskBand.HIGH, "failing": ("pii",), "version_age": 0.0, "feedback": FeedbackSignal.REGENERATE},
            "high_risk",
            1.0,
            ("high_risk", "new_version", "feedback", "baseline"),
        ),
    ],
)
def test_the_highest_rate_decides_and_the_first_rule_that_has_it_is_the_stratum(
    span: dict[str, object], stratum: str, probability: float, rules: tuple[str, ...]
) -> None:
    decision = DEFAULT.decide(facts(**span))
    assert (decision.stratum, decision.probability, decision.rules) == (stratum, probability, rules)
    assert decision.uniform == uniform(TRACES[0], "otel-evals")
    assert decision.selected == (decision.uniform < probability)


def test_the_order_of_rules_names_the_stratum_and_changes_nothing_else() -> None:
    one, other = rule("one", 0.4), rule("other", 0.4)
    assert sampler(one, other).decide(facts()).stratum == "one"
    turned = sampler(other, one).decide(facts())
    assert (turned.stratum, turned.rules, turned.probability) == ("other", ("other", "one"), 0.4)


def test_a_span_that_no_rule_matches_is_never_selected() -> None:
    only_high = sampler(rule("high", 1.0, match={"band": (RiskBand.HIGH,)}))
    decisions = [only_high.decide(facts(n)) for n in range(100)]
    assert {(d.selected, d.probability, d.stratum, d.rules) for d in decisions} == {(False, 0.0, "", ())}
    assert not sampler().decide(facts()).selected


@pytest.mark.parametrize("rate", [0.002, 0.05, 0.3, 0.9, 1.0])
def test_as_many_are_selected_as_the_probability_says(rate: float) -> None:
    drawn = sampler(rule("all", rate))
    selected = sum(drawn.decide(facts(n)).selected for n in range(len(TRACES)))
    expected = rate * len(TRACES)
    assert abs(selected - expected) <= 4 * math.sqrt(expected * (1 - rate))


RULES = st.lists(
    st.builds(
        lambda rate, band: (rate, band),
        st.floats(0.001, 1.0),
        st.sampled_from([(), (RiskBand.HIGH,), (RiskBand.LOW,), (RiskBand.LOW, RiskBand.HIGH)]),
    ),
    max_size=6,
).map(lambda pairs: tuple(rule(f"r{i}", rate, match={"band": band}) for i, (rate, band) in enumerate(pairs)))
SPANS = st.builds(
    lambda trace, band: SamplingFacts(trace_id=trace, band=band),
    st.binary(min_size=16, max_size=16),
    st.sampled_from([RiskBand.LOW, RiskBand.HIGH]),
)


@given(RULES, SPANS)
def test_the_probability_is_at_least_the_rate_of_each_rule_that_matches(
    rules: tuple[SamplingRule, ...], span: SamplingFacts
) -> None:
    decision = sampler(*rules).decide(span)
    matching = [r for r in rules if not r.match.band or span.band in r.match.band]
    assert decision.rules == tuple(r.name for r in matching)
    assert decision.probability == max((r.rate or 0.0 for r in matching), default=0.0)
    assert decision.selected == (decision.uniform < decision.probability)


@given(RULES, RULES, SPANS)
def test_one_more_rule_never_deselects(
    rules: tuple[SamplingRule, ...], more: tuple[SamplingRule, ...], span: SamplingFacts
) -> None:
    added = tuple(SamplingRule(name=f"more_{r.name}", match=r.match, rate=r.rate) for r in more)
    before, after = sampler(*rules).decide(span), sampler(*rules, *added).decide(span)
    assert after.probability >= before.probability
    assert after.selected or not before.selected


def test_a_higher_rate_selects_all_that_a_lower_one_does() -> None:
    chosen = [
        {n for n in range(2000) if sampler(rule("all", rate)).decide(facts(n)).selected} for rate in (0.02, 0.1, 0.5)
    ]
    assert chosen[0] < chosen[1] < chosen[2]


def test_all_spans_of_a_trace_share_their_number() -> None:
    calm, risky = facts(7), facts(7, band=RiskBand.HIGH, failing=("pii",))
    assert DEFAULT.decide(calm).uniform == DEFAULT.decide(risky).uniform


def test_replicas_and_replays_agree_whatever_the_order() -> None:
    bands = list(RiskBand)
    spans = [facts(n, band=bands[n % 3], version_age=n * 100.0) for n in range(2000)]
    one, other = Sampler(SamplingSettings()), Sampler(SamplingSettings())
    shuffled = spans[:]
    random.Random(5).shuffle(shuffled)  # noqa: S311 - an order for a test
    later = {span.trace_id: other.decide(span, throttle=0.4) for span in shuffled}
    first = [one.decide(span, throttle=0.4) for span in spans]
    assert [pickle.dumps(d) for d in first] == [pickle.dumps(later[span.trace_id]) for span in spans]


def test_another_salt_draws_another_sample() -> None:
    def chosen(salt: str) -> set[int]:
        drawn = sampler(rule("all", 0.5), salt=salt)
        return {n for n in range(1000) if drawn.decide(facts(n)).selected}

    both = len(chosen("one") & chosen("other"))
    assert abs(both - 250) < 4 * math.sqrt(1000 * 0.25 * 0.75)


@pytest.mark.parametrize(
    ("age", "probability", "stratum"),
    [
        (0.0, 0.3, "new_version"),
        (-60.0, 0.3, "new_version"),
        (7 * DAY, 0.175, "new_version"),
        (13 * DAY, 0.05 + 0.25 / 14, "new_version"),
        (14 * DAY, 0.05, "audit"),
        (400 * DAY, 0.05, "audit"),
        (None, 0.05, "audit"),
    ],
)
def test_the_rate_of_a_new_version_falls_in_a_straight_line_to_that_of_the_others(
    age: float | None, probability: float, stratum: str
) -> None:
    decision = DEFAULT.decide(facts(version_age=age))
    assert decision.probability == pytest.approx(probability, rel=1e-12)
    assert decision.stratum == stratum
    assert ("new_version" in decision.rules) == (stratum == "new_version")


def test_a_new_version_lowers_no_rate_that_is_higher() -> None:
    decision = DEFAULT.decide(facts(band=RiskBand.MEDIUM, failing=("language",), version_age=0.0))
    assert (decision.probability, decision.stratum) == (0.5, "medium_risk")


def test_a_new_version_falls_to_nothing_when_there_is_no_other_rule() -> None:
    alone = sampler(rule("young", new_version=NewVersion(rate=0.4)))
    assert alone.decide(facts(version_age=7 * DAY)).probability == pytest.approx(0.2)
    assert alone.decide(facts(version_age=14 * DAY)).rules == ()


def test_two_rules_for_new_versions_fall_each_on_its_own() -> None:
    both = sampler(
        rule("slow", new_version=NewVersion(rate=0.3)),
        rule("quick", new_version=NewVersion(rate=0.9, decay=DAY)),
        rule("baseline", 0.05),
    )
    assert both.decide(facts(version_age=0.0)).stratum == "quick"
    later = both.decide(facts(version_age=0.95 * DAY))
    assert (later.stratum, later.rules) == ("slow", ("slow", "quick", "baseline"))


@pytest.mark.parametrize(
    ("span", "probability"),
    [
        ({"band": RiskBand.HIGH, "failing": ("pii",)}, 0.5),
        ({"feedback": FeedbackSignal.CORRECTION}, 0.5),
        ({"band": RiskBand.MEDIUM, "failing": ("language",)}, 0.125),
        ({"version_age": 0.0}, 0.075),
        ({}, 0.05 / 8),
    ],
)
def test_a_short_budget_lowers_least_what_matters_most(span: dict[str, object], probability: float) -> None:
    decision = DEFAULT.decide(facts(**span), throttle=0.25)
    assert decision.probability == pytest.approx(probability, rel=1e-12)
    assert decision.selected == (decision.uniform < decision.probability)


def test_a_rule_may_say_how_strongly_a_short_budget_lowers_it() -> None:
    assert sampler(rule("mine", 0.8)).decide(facts(), throttle=0.25).probability == pytest.approx(0.2)
    assert sampler(rule("mine", 0.8, thrift=0.5)).decide(facts(), throttle=0.25).probability == pytest.approx(0.4)
    assert sampler(rule("baseline", 0.8, thrift=1)).decide(facts(), throttle=0.25).probability == pytest.approx(0.2)


@given(SPANS, st.floats(0, 20 * DAY), st.integers(1, 1000), st.integers(1, 1000))
def test_a_lower_factor_never_selects_what_a_higher_one_would_not(
    span: SamplingFacts, age: float, one: int, other: int
) -> None:
    aged = SamplingFacts(trace_id=span.trace_id, band=span.band, version_age=age)
    low, high = (DEFAULT.decide(aged, throttle=factor / 1000) for factor in sorted((one, other)))
    assert 0.0 < low.probability <= high.probability
    assert high.selected or not low.selected


def test_no_factor_takes_a_probability_to_zero() -> None:
    assert DEFAULT.decide(facts(), throttle=LOWEST).probability > 0.0


@pytest.mark.parametrize("factor", [0.0, -0.5, 1.01, math.nan])
def test_a_factor_out_of_range_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        DEFAULT.decide(facts(), throttle=factor)


def test_reservoirs_that_match_add_nothing_until_they_are_settled() -> None:
    pool = Reservoir(k=20)
    drawn = sampler(rule("pool", reservoir=pool, match={"band": (RiskBand.LOW,)}), rule("baseline", 0.05))
    decision = drawn.decide(facts())
    assert (decision.probability, decision.stratum, decision.rules) == (0.05, "baseline", ("pool", "baseline"))
    assert drawn.reservoirs(decision) == {"pool": pool}
    assert drawn.reservoirs(drawn.decide(facts(band=RiskBand.HIGH))) == {}
    alone = sampler(rule("pool", reservoir=pool)).decide(facts())
    assert (alone.selected, alone.probability, alone.stratum, alone.rules) == (False, 0.0, "", ("pool",))


@pytest.mark.parametrize(
    ("threshold", "probability", "stratum"),
    [(0.01, 0.05, "baseline"), (0.05, 0.05, "pool"), (0.2, 0.2, "pool"), (1.0, 1.0, "pool")],
)
def test_settling_takes_the_largest_of_rates_and_thresholds(threshold: float, probability: float, stratum: str) -> None:
    drawn = sampler(rule("pool", reservoir=Reservoir(k=20)), rule("baseline", 0.05))
    first = SamplingDecision(
        selected=False, probability=0.05, stratum="baseline", rules=("pool", "baseline"), uniform=0.1
    )
    settled = drawn.settle(first, {"pool": threshold, "not_mine": 1.0})
    assert (settled.probability, settled.stratum) == (probability, stratum)
    assert settled.selected == (probability > 0.1)
    assert (settled.rules, settled.uniform) == (first.rules, first.uniform)


def test_a_threshold_that_only_equals_the_rate_of_an_earlier_rule_leaves_the_stratum() -> None:
    drawn = sampler(rule("baseline", 0.05), rule("pool", reservoir=Reservoir(k=20)))
    settled = drawn.settle(drawn.decide(facts()), {"pool": 0.05})
    assert (settled.stratum, settled.probability) == ("baseline", 0.05)


def test_a_number_that_equals_the_probability_is_not_below_it() -> None:
    number = uniform(TRACES[0], "otel-evals")
    decision = sampler(rule("all", number)).decide(facts())
    assert (decision.selected, decision.probability) == (False, number)
