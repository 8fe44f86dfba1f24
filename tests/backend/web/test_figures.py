"""Numbers as text: the sentences of the pages are made of these."""

import pytest

from otel_evals_backend.web import figures
from otel_evals_backend.web.figures import rate_of


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2013", "-").replace("\u2212", "-")


def census(passes, n):
    return rate_of(passes, n, float(passes), float(n), float(n))


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (census(84, 100), "84 % (76-90), n 100"),
        (census(8400, 10_000), "84.0 % (83.3-84.7), n 10 000"),
        (census(3, 9), "3 of 9"),
        (census(0, 0), "no results"),
        (census(5000, 5000), "100 % (99.9-100), n 5 000"),
        (census(0, 5000), "0 % (0-0.1), n 5 000"),
        (census(9999, 10_000), ">99.9 % (99.9-100), n 10 000"),
        (census(1, 10_000), "<0.1 % (0-0.1), n 10 000"),
    ],
)
def test_a_share_is_never_without_interval_and_n_and_few_cases_are_counted(rate, text):
    assert plain(rate.text) == text


def test_a_weighted_share_counts_each_result_by_one_over_its_probability():
    # 40 fails judged with certainty, 60 passes judged one time in ten: 600 of 640 calls pass
    rate = rate_of(60, 100, 600.0, 640.0, 40 * 1 + 60 * 100.0)
    assert rate.share == pytest.approx(600 / 640)
    assert rate.n_effective == pytest.approx(640**2 / 6040)
    assert plain(rate.text) == "94 % (85-97), n 100, effective 68"


def test_a_weighted_share_below_the_floor_is_not_shown():
    rate = rate_of(25, 30, 500.0, 505.0, 10_005.0)
    assert rate.share is None
    assert plain(rate.text) == "not enough: effective n 25 of 30"


def test_twenty_unweighted_cases_are_enough():
    assert census(19, 20).enough
    assert not census(18, 19).enough


def test_differences_of_shares_are_points_with_a_real_minus():
    assert figures.points(-0.052, -0.081, -0.023) == "\u22125.2 points (\u22128.1 to \u22122.3)"
    assert figures.points(0.0004, -0.01, 0.011) == "0.0 points (\u22121.0 to +1.1)"


@pytest.mark.parametrize(
    ("dollars", "text"), [(0, "$0.00"), (0.004, "<$0.01"), (12.345, "$12.35"), (1234.5, "$1 234"), (None, "—")]
)
def test_money_has_two_digits_below_a_hundred_dollars(dollars, text):
    assert plain(figures.money(dollars)) == text


def test_times_are_relative_for_a_day_then_dates():
    now = 1_790_000_000 * 10**9
    assert plain(figures.ago(now - 30 * 10**9, now)) == "now"
    assert plain(figures.ago(now - 300 * 10**9, now)) == "5 min ago"
    assert plain(figures.ago(now - 7300 * 10**9, now)) == "2 h ago"
    assert figures.ago(now - 3 * 86_400 * 10**9, now) == "18 Sep"
    assert figures.utc(now) == "21 Sep 2026, 14:13 UTC"
    assert figures.iso(now) == "2026-09-21T14:13:20Z"


def test_a_part_of_few_has_no_percentage():
    assert plain(figures.part(3, 9)) == "3 of 9"
    assert plain(figures.part(1300, 10_000)) == "1 300 of 10 000 (13 %)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "250 ms"), (1.5, "1.5 s"), (150, "2 min"), (7200, "2 h"), (3 * 86400, "3 d"), (None, "—")],
)
def test_durations_have_the_unit_that_they_are_short_in(seconds, text):
    assert plain(figures.seconds(seconds)) == text
