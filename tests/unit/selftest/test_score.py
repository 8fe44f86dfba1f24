from collections import Counter

import msgspec

from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Usage
from otel_evals.rubrics.attacks import Attack, attacks
from otel_evals.rubrics.rubric import builtin_rubrics
from otel_evals.selftest.measures import measure
from otel_evals.selftest.score import score
from otel_evals.selftest.trials import plan_trials, untestable


def test_every_example_and_every_attack_on_a_bad_one_is_tried(one_rubric):
    rubric = builtin_rubrics()["faithfulness"]
    kinds = [trial.attack for trial in one_rubric.trials]
    assert kinds.count(None) == len(rubric.examples.good) + len(rubric.examples.bad)
    for kind in attacks(rubric):
        assert kinds.count(kind) == len(rubric.examples.bad)


def test_a_rubric_with_many_examples_decides_no_more_about_attacks_than_another(everything):
    tried = Counter((t.subject.id, t.attack) for t in everything.trials if t.attack is not None)
    assert set(tried.values()) == {3}


def test_clear_examples_come_first_and_each_attack_once_before_any_twice(everything):
    attacked = [trial.attack is not None for trial in everything.trials]
    assert attacked == sorted(attacked)
    judges, first = len(everything.subjects), [t for t in everything.trials if t.attack is not None]
    assert {t.attack for t in first[: judges * len(Attack)]} == set(Attack)


def test_a_rubric_without_examples_cannot_be_tested(one_rubric):
    (subject,) = one_rubric.subjects
    bare = msgspec.structs.replace(subject.rubric, examples=type(subject.rubric.examples)())
    assert untestable(subject) is None
    assert "has no usable examples" in (untestable(msgspec.structs.replace(subject, rubric=bare)) or "")
    assert "no examples are known" in (untestable(msgspec.structs.replace(subject, rubric=None)) or "")


def test_attacks_on_an_example_that_passes_anyway_show_nothing(one_rubric, says):
    tried = [
        (trial, says(Label.PASS) if (trial.truth, trial.number) == (Label.FAIL, 1) else outcome)
        for trial, outcome in one_rubric.tried()
    ]
    found = score(tried, len(tried))
    kinds = len(attacks(builtin_rubrics()["faithfulness"]))
    assert (found.moot, found.through.hits, found.through.trials) == (kinds, 0, 2 * kinds)
    assert (found.tnr.hits, found.tnr.trials) == (2, 3)
    assert [(slip.truth, slip.number) for slip in found.slips] == [(Label.FAIL, 1)]


def test_a_failure_is_neither_right_nor_wrong(one_rubric, fails):
    (trial, _), *others = one_rubric.tried()
    found = score([(trial, fails()), *others], 45)
    assert (found.accuracy.hits, found.accuracy.trials) == (5, 5)
    assert (found.measures.unparseable, found.measures.failures) == (1, {"unreadable_answer": 1})


def test_an_example_with_both_verdicts_is_unsteady(one_rubric, says):
    trials = [trial for trial in plan_trials(one_rubric.subjects, repeat=2) if trial.attack is None]
    first = trials[0]
    tried = [(t, says(Label.FAIL if t is first else t.truth)) for t in trials]
    found = score(tried, len(trials))
    assert found.unsteady == 1
    assert (found.accuracy.hits, found.accuracy.trials, found.accuracy.distinct) == (11, 12, 6)


def test_cost_is_unknown_as_soon_as_one_is_and_tokens_are_summed(says, fails):
    usage = Usage(input_tokens=10, output_tokens=2)
    known = says(Label.PASS, usage=usage, cost=0.5)
    assert measure([known, known]).cost == 1.0
    assert measure([known, says(Label.PASS)]).cost is None
    assert measure([known, fails()]).input_tokens == 10
    assert measure([known, says(Label.PASS)]).untold == 1


def test_percentiles_are_of_verdicts_that_were_seen(says, fails):
    found = measure([fails(), *(says(Label.PASS) for _ in range(3))])
    assert (found.p50, found.p95) == (0.1, 0.1)
    assert measure([]).p50 is None
