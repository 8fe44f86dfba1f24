import pytest

from otel_evals.selftest.proportion import Share, at_least
from otel_evals.statistics.proportion import wilson


def test_a_share_of_few_cases_has_no_interval_and_one_of_nothing_no_value():
    assert Share(hits=19, trials=19, distinct=19).interval is None
    assert Share(hits=20, trials=20, distinct=20).interval == wilson(1.0, 20)
    assert Share().value is None


def test_to_ask_the_same_again_does_not_make_an_interval_narrower():
    assert Share(hits=60, trials=75, distinct=25).interval == Share(hits=20, trials=25, distinct=25).interval
    assert Share(hits=60, trials=60, distinct=6).interval is None


def test_the_tail_of_the_binomial_distribution_is_exact():
    assert at_least(0, 6, 0.1) == pytest.approx(1.0)
    assert at_least(2, 2, 0.5) == pytest.approx(0.25)
    assert at_least(3, 6, 0.1) == pytest.approx(0.01585)
    assert at_least(7, 6, 0.1) == 0.0
