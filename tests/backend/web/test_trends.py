"""A rate over time is cut into steps that say something, and never mixes versions."""

import pytest

from otel_evals_backend.storage.keys import DAY_NS
from otel_evals_backend.storage.sums import ResultSum
from otel_evals_backend.web.ranges import Range
from otel_evals_backend.web.trends import trend

DAY = 20_000
MONTH = Range(from_hour=DAY * 24, to_hour=(DAY + 28) * 24, name="")


def sums(bucket, n, *, evaluator=1, weight=1.0):
    passes = n - n // 10
    return ResultSum(
        bucket=bucket, evaluator=evaluator, passes=passes, fails=n - passes, weight_passes=weight * passes,
        weight=weight * n, weight_squared=weight * weight * n,
    )  # fmt: skip


@pytest.mark.parametrize(("a_day", "days"), [(400, 1), (40, 1), (18, 2), (5, 7), (3, 7)])
def test_the_step_is_the_shortest_that_gives_most_stretches_an_estimate(a_day, days):
    found = trend([sums(DAY + day, a_day) for day in range(28)], MONTH)
    assert found.step_ns == days * DAY_NS
    assert sum(one.rate.n for one in found.stretches) == 28 * a_day


def test_a_judge_whose_weights_differ_is_cut_by_its_effective_number():
    mixed = [sums(DAY + day, 30) for day in range(28)] + [sums(DAY + day, 3, weight=20.0) for day in range(28)]
    found = trend(mixed, MONTH)
    assert found.step_ns > DAY_NS
    assert any(one.rate.enough for one in found.stretches)
    assert all(one.rate.n_effective >= 30 for one in found.stretches if one.rate.enough)


def test_the_last_stretch_is_whole_and_none_begins_before_the_range():
    found = trend(
        [sums(DAY + day, 5) for day in range(28)], Range(from_hour=DAY * 24, to_hour=(DAY + 26) * 24, name="")
    )
    starts = [one.start_ns // DAY_NS for one in found.stretches]
    assert starts[0] == DAY
    assert starts[-1] + found.step_ns // DAY_NS == DAY + 26


def test_a_stretch_is_of_the_version_that_did_most_in_it():
    found = trend([*(sums(DAY + day, 40, evaluator=1) for day in range(14)),
                   *(sums(DAY + day, 50, evaluator=2) for day in range(12, 28))], MONTH)  # fmt: skip
    assert [one.evaluator for one in found.stretches] == [1] * 12 + [2] * 16
    assert {one.rate.n for one in found.stretches} == {40, 50}


def test_without_results_there_are_steps_without_a_rate():
    found = trend([], MONTH)
    assert len(found.stretches) == 28
    assert not any(one.rate.enough or one.evaluator for one in found.stretches)
