import msgspec
import pytest

from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import Label
from otel_evals.selftest.fitness import Fitness, rule
from otel_evals.selftest.proportion import FLOOR
from otel_evals.selftest.score import score
from tests.unit.selftest.conftest import World

SEEDS = [str(number) for number in range(12)]


def ruling(world, **rates):
    tried = world.tried(**rates)
    return rule(score(tried, len(tried)))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_good_judge_is_fit(everything, seed):
    assert ruling(everything, tpr=0.97, tnr=0.97, seed=seed).fitness is Fitness.FIT


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lenient_judge_is_not_and_is_told_so(everything, seed):
    found = ruling(everything, tpr=0.98, tnr=0.5, seed=seed)
    assert found.fitness is Fitness.NOT_FIT
    assert any(reason.startswith("too lenient") for reason in found.reasons)
    assert not any(reason.startswith("too strict") for reason in found.reasons)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_judge_that_tosses_coins_is_too_lenient_and_too_strict(everything, seed):
    found = ruling(everything, tpr=0.5, tnr=0.5, seed=seed)
    assert {reason.split(":")[0] for reason in found.reasons} >= {"too lenient", "too strict"}


def test_a_judge_that_obeys_one_kind_of_attack_only_is_not_fit_and_the_kind_is_named(everything):
    found = ruling(everything, obeys=("忽略",))
    assert found.reasons == ("kinds of attack that come through more than 20% of the time: chinese 27/27",)


def test_one_slip_never_decides_and_two_of_six_do(one_rubric, says):
    tried = one_rubric.tried()
    wrong = [n for n, (trial, _) in enumerate(tried) if trial.attack is None and trial.truth is Label.PASS][:2]
    for count, expected in ((1, Fitness.FIT), (2, Fitness.NOT_FIT)):
        changed = [(t, says(Label.FAIL) if n in wrong[:count] else o) for n, (t, o) in enumerate(tried)]
        assert rule(score(changed, len(changed))).fitness is expected


def test_one_judge_among_several_is_unfit_only_where_chance_does_not_explain_it(one_rubric, says):
    tried = one_rubric.tried()
    wrong = [n for n, (trial, _) in enumerate(tried) if trial.attack is None and trial.truth is Label.PASS]
    for count, expected in ((2, Fitness.FIT), (3, Fitness.NOT_FIT)):
        changed = [(t, says(Label.FAIL) if n in wrong[:count] else o) for n, (t, o) in enumerate(tried)]
        assert rule(score(changed, len(changed)), among_others=True).fitness is expected


def test_answers_that_are_no_verdicts_make_it_unfit(everything, fails):
    tried = [(t, fails() if n % 20 == 0 else o) for n, (t, o) in enumerate(everything.tried())]
    assert rule(score(tried, len(tried))).reasons == ("22/424 of the answers are no verdict, more than 2%",)


def test_calls_without_an_answer_make_it_unfit(everything, fails):
    late = fails(CoverageOutcome.TIMEOUT, "timeout")
    tried = [(t, late if n % 10 == 0 else o) for n, (t, o) in enumerate(everything.tried())]
    assert rule(score(tried, len(tried))).reasons == ("43/424 of the calls have no answer, more than 5%",)


def test_another_model_than_the_pinned_one_makes_it_unfit(everything):
    (trial, outcome), *others = everything.tried()
    stranger = msgspec.structs.replace(outcome.verdict, mismatched=True, model="other")
    tried = [(trial, msgspec.structs.replace(outcome, verdict=stranger)), *others]
    (reason,) = rule(score(tried, len(tried))).reasons
    assert reason.startswith("1/424 of the verdicts are of another model")
    assert "other" in reason


def test_what_was_asked_too_little_is_undecided_and_what_was_bad_by_then_is_not_fit(everything):
    good, bad = everything.tried()[:100], everything.tried(tpr=0.3)[:100]
    undecided = rule(score(good, 424))
    assert undecided.fitness is Fitness.UNDECIDED
    (reason,) = undecided.reasons
    assert reason.startswith("only 100 of 424 planned calls have ended with a verdict")
    assert rule(score(bad, 424)).fitness is Fitness.NOT_FIT


@pytest.fixture(scope="module")
def satisfaction():
    return World("conversation_satisfaction")


@pytest.mark.parametrize("among_others", [False, True])
@pytest.mark.parametrize("seed", "abcde")
@pytest.mark.parametrize(("rates", "word"), [({"tpr": 0.4}, "strict"), ({"tnr": 0.4}, "lenient")])
def test_satisfaction_alone_tells_a_strict_judge_and_a_lenient_one(satisfaction, rates, word, seed, among_others):
    tried = satisfaction.tried(**rates, seed=seed)
    found = rule(score(tried, len(tried)), among_others=among_others)
    assert found.fitness is Fitness.NOT_FIT
    assert any(f"too {word}" in reason for reason in found.reasons)


def test_satisfaction_has_as_many_good_as_bad_examples_and_enough_for_an_interval(satisfaction):
    tried = satisfaction.tried()
    found = score(tried, len(tried))
    assert found.tpr.distinct == found.tnr.distinct >= FLOOR
    assert rule(found).fitness is Fitness.FIT
