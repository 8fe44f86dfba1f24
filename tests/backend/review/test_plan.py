"""The plan of the random share: against figures computed by hand, and against a simulated year of labels."""

import random
from math import sqrt

import pytest

from otel_evals_backend.review.plan import FLOOR, RATIO, Cell, allocate
from otel_evals_backend.storage.tables import FAIL, PASS


def cell(stratum, verdict, judged, pi1, *, labelled=0.0, passed=0.0):
    return Cell(
        stratum=stratum,
        verdict=verdict,
        judged=judged,
        weight=judged / pi1,
        weight_squared=judged / pi1**2,
        labelled=labelled,
        passed=passed,
    )


def test_two_cells_are_drawn_in_proportion_to_weight_times_spread():
    # With many labels the guess hardly counts: spreads √(.9·.1)=.3 and √(.5·.5)=.5; weights 20 and 4.
    cells = [
        cell("baseline", PASS, 1000, 0.05, labelled=1e9, passed=0.9e9),
        cell("high_risk", FAIL, 500, 0.25, labelled=1e9, passed=0.5e9),
    ]
    plan = allocate(cells, 0.06)
    # λ(1000·20·.3 + 500·4·.5) = 90 labels, so λ = 90/7000.
    assert plan["baseline", PASS] == pytest.approx(90 / 7000 * 6, rel=1e-6)
    assert plan["high_risk", FAIL] == pytest.approx(90 / 7000 * 2, rel=1e-6)


def test_without_labels_a_failed_verdict_is_less_certain_than_a_passed_one():
    plan = allocate([cell("baseline", PASS, 900, 0.05), cell("baseline", FAIL, 100, 0.05)], 0.06)
    # √(.3·.7) / √(.9·.1), the guesses of the plan.
    assert plan["baseline", FAIL] / plan["baseline", PASS] == pytest.approx(sqrt(0.21 / 0.09), rel=1e-6)


def test_the_budget_is_spent_when_no_bound_stands_against_it():
    cells = [cell("baseline", PASS, 900, 0.05), cell("medium_risk", FAIL, 300, 0.5), cell("new", PASS, 50, 0.3)]
    plan = allocate(cells, 0.06)
    assert sum(one.judged * plan[one.key] for one in cells) == pytest.approx(0.06 * 1250, rel=1e-6)


def test_a_small_cell_that_matters_most_is_drawn_whole_and_the_rest_goes_to_the_others():
    cells = [
        cell("baseline", FAIL, 10, 0.01, labelled=1e9, passed=0.5e9),
        cell("high_risk", PASS, 1000, 1.0, labelled=1e9, passed=0.5e9),
    ]
    plan = allocate(cells, 0.05)
    assert plan["baseline", FAIL] == 1.0
    assert plan["high_risk", PASS] == pytest.approx((0.05 * 1010 - 10) / 1000, rel=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_the_bounds_hold_whatever_the_cells(seed):
    rng = random.Random(seed)  # noqa: S311 - repeats
    cells = [
        cell(
            f"s{number}",
            verdict,
            rng.choice((1, 7, 400, 20_000)),
            rng.choice((0.01, 0.05, 0.3, 1.0)),
            labelled=10,
            passed=rng.randint(0, 10),
        )
        for number in range(rng.randint(1, 6))
        for verdict in (FAIL, PASS)
    ]
    plan = allocate(cells, rng.choice((0.01, 0.06, 0.5)))
    weights = [one.mean_weight / plan[one.key] for one in cells]
    assert all(FLOOR <= probability <= 1 for probability in plan.values())
    # A span that stands for 100 others and is drawn whole cannot come closer to one that stands for itself.
    limit = max(RATIO, *(one.mean_weight for one in cells))
    assert max(weights) <= limit * min(weights) * 1.01


def test_cells_without_judged_spans_are_left_out():
    assert allocate([cell("baseline", PASS, 0, 0.05)], 0.06) == {}
    assert set(allocate([cell("baseline", PASS, 0, 0.05), cell("baseline", FAIL, 3, 0.05)], 0.06)) == {
        ("baseline", FAIL)
    }


def test_labels_drawn_by_the_plan_estimate_better_than_as_many_drawn_evenly():
    rng = random.Random(11)  # noqa: S311 - repeats
    truth = {("baseline", PASS): 0.95, ("baseline", FAIL): 0.4, ("high_risk", PASS): 0.7, ("high_risk", FAIL): 0.2}
    cells = [
        cell("baseline", PASS, 900, 0.05, labelled=200, passed=190),
        cell("baseline", FAIL, 60, 0.05, labelled=60, passed=24),
        cell("high_risk", PASS, 500, 1.0, labelled=100, passed=70),
        cell("high_risk", FAIL, 700, 1.0, labelled=100, passed=20),
    ]
    spans = [(one.key, one.mean_weight) for one in cells for _ in range(int(one.judged))]
    total = sum(weight for _, weight in spans)
    good = [rng.random() < truth[key] for key, _ in spans]
    exact = sum(weight for (_, weight), passes in zip(spans, good, strict=True) if passes) / total
    errors = {}
    for name, plan in (("neyman", allocate(cells, 0.06)), ("even", dict.fromkeys(truth, 0.06))):
        squares = bias = 0.0
        for _ in range(300):
            found = 0.0
            for (key, weight), passes in zip(spans, good, strict=True):
                if rng.random() < plan[key]:
                    residual = passes - truth[key]
                    found += weight / plan[key] * residual
                found += weight * truth[key]
            error = found / total - exact
            squares += error * error
            bias += error
        errors[name] = sqrt(squares / 300)
        assert abs(bias / 300) < 4 * errors[name] / sqrt(300)
    assert errors["neyman"] < 0.85 * errors["even"]
