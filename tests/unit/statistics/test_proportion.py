import pytest

from otel_evals.statistics.proportion import wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_that_of_newcombes_examples(hits, n, low, high):
    assert wilson(hits / n, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_it_ends_where_shares_end():
    assert wilson(0.0, 10)[0] == pytest.approx(0.0, abs=1e-15)
    assert wilson(1.0, 10)[1] == pytest.approx(1.0, abs=1e-15)
    assert all(0.0 <= end <= 1.0 for n in range(1, 200) for share in (0.0, 1.0) for end in wilson(share, n))


def test_an_effective_number_of_cases_need_not_be_whole():
    low, high = wilson(0.9, 49.5)
    assert wilson(0.9, 49)[0] < low < wilson(0.9, 50)[0] < 0.9 < wilson(0.9, 50)[1] < high < wilson(0.9, 49)[1]
