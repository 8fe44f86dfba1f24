"""Feedback that arrives after its span: the span may be judged now, and no estimate is bent by it."""

import math
import random

import pytest

from otel_evals.records.decision import RiskBand
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.records.judging import SamplingDecision
from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.match import MatchSettings
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import SamplingRule, SamplingSettings

SAMPLER = Sampler(SamplingSettings())
BASELINE = ("audit", "baseline")


def first(uniform: float, probability: float = 0.05, stratum: str = "audit") -> SamplingDecision:
    return SamplingDecision(
        selected=uniform < probability, probability=probability, stratum=stratum, rules=BASELINE, uniform=uniform
    )


def late(decision: SamplingDecision, signal: FeedbackSignal | None = FeedbackSignal.THUMBS_DOWN, **more: float):
    return SAMPLER.decide_late(SamplingFacts(trace_id=bytes(16), feedback=signal), decision, **more)


def test_a_span_that_was_not_selected_is_selected_now() -> None:
    assert late(first(0.7)) == SamplingDecision(
        selected=True, probability=1.0, stratum="feedback", rules=(*BASELINE, "feedback"), uniform=0.7
    )


def test_a_span_that_was_selected_at_first_is_not_judged_twice_but_has_the_probability_of_the_union() -> None:
    decision = late(first(0.03))
    assert (decision.selected, decision.probability, decision.stratum) == (False, 1.0, "feedback")


def test_a_lowered_rate_compares_the_same_number() -> None:
    assert late(first(0.6), throttle=0.25).probability == 0.5
    assert not late(first(0.6), throttle=0.25).selected
    assert late(first(0.4), throttle=0.25).selected


def test_a_first_decision_of_higher_probability_stays_as_it_was() -> None:
    before = first(0.9, probability=0.8, stratum="mine")
    after = late(before, throttle=0.25)
    assert (after.selected, after.probability, after.stratum) == (False, 0.8, "mine")


@pytest.mark.parametrize("signal", [FeedbackSignal.THUMBS_UP, FeedbackSignal.COPY, None])
def test_a_signal_that_no_rule_asks_for_changes_nothing(signal: FeedbackSignal | None) -> None:
    assert late(first(0.7), signal) == first(0.7)


@pytest.mark.parametrize("uniform", [0.03, 0.7])
def test_a_second_signal_changes_nothing_more(uniform: float) -> None:
    once = late(first(uniform))
    twice = late(once, FeedbackSignal.CORRECTION)
    assert not twice.selected
    assert (twice.probability, twice.stratum, twice.rules) == (once.probability, once.stratum, once.rules)


def test_a_second_signal_selects_what_the_first_one_did_not() -> None:
    once = late(first(0.7), throttle=0.25)
    twice = late(once, FeedbackSignal.CORRECTION)
    assert (once.selected, twice.selected, twice.probability) == (False, True, 1.0)


def test_rules_without_feedback_are_not_asked_again() -> None:
    high = SamplingFacts(trace_id=bytes(16), band=RiskBand.HIGH, feedback=FeedbackSignal.THUMBS_UP)
    assert SAMPLER.decide_late(high, first(0.7)) == first(0.7)


RATED = Sampler(
    SamplingSettings(
        rules=(
            SamplingRule(name="feedback", match=MatchSettings(feedback=(FeedbackSignal.THUMBS_DOWN,)), rate=0.6),
            SamplingRule(name="baseline", rate=0.1),
        )
    )
)


def population(rng: random.Random) -> list[tuple[bool, bool]]:
    """(fails, is complained of): users complain of a third of the failures and of few others."""
    fails = [rng.random() < 0.2 for _ in range(400)]
    return [(fail, rng.random() < (0.35 if fail else 0.03)) for fail in fails]


def estimates(rng: random.Random, spans: list[tuple[bool, bool]]) -> tuple[float, float, float]:
    """Failing spans, estimated by (π restated for both ways, late verdicts left out, π of the day for both)."""
    restated = left_out = of_the_day = 0.0
    for fails, complained in spans:
        trace_id = rng.randbytes(16)
        decision = RATED.decide(SamplingFacts(trace_id=trace_id))
        final = decision
        if complained:
            with_signal = SamplingFacts(trace_id=trace_id, feedback=FeedbackSignal.THUMBS_DOWN)
            final = RATED.decide_late(with_signal, decision)
        if not fails:
            continue
        if decision.selected:
            left_out += 1 / decision.probability
            of_the_day += 1 / decision.probability
        elif final.selected:
            of_the_day += 1 / final.probability
        if decision.selected or (final.selected and final is not decision):
            restated += 1 / final.probability
    return restated, left_out, of_the_day


def test_an_sli_is_unbiased_with_the_union_or_without_late_verdicts_and_biased_with_first_come_probabilities() -> None:
    rng = random.Random(11)  # noqa: S311 - a simulation
    spans = population(rng)
    truth = sum(fails for fails, _ in spans)
    runs = [estimates(rng, spans) for _ in range(800)]

    def deviation(which: int) -> float:
        values = [run[which] for run in runs]
        mean = sum(values) / len(values)
        variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
        return (mean - truth) / math.sqrt(variance / len(values))

    assert abs(deviation(0)) < 3
    assert abs(deviation(1)) < 3
    assert deviation(2) > 10
