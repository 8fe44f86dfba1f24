"""Budgets that run short: rates fall smoothly, the end of the period is still sampled, nothing is overspent."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import SamplingRule, SamplingSettings
from otel_evals.sampling.throttle import LOWEST, Spending, throttle

DAY = 86400.0
SHARES = st.floats(0, 1)


def at(spent: float, elapsed: float) -> float:
    return throttle([Spending(spent=spent, budget=1.0, elapsed=elapsed, period=1.0)])


def test_without_budgets_and_at_the_start_of_a_period_nothing_is_lowered() -> None:
    assert throttle([]) == 1.0
    assert at(0.0, 0.0) == 1.0
    assert at(0.05, 0.0) == 1.0
    assert at(0.051, 0.0) < 1.0


@pytest.mark.parametrize("moment", [0.0, 0.25, 0.5, 0.8])
def test_an_even_pace_is_never_lowered(moment: float) -> None:
    assert at(moment, moment) == 1.0


def test_the_tightest_budget_decides() -> None:
    calls = Spending(spent=600, budget=1000, elapsed=0.5 * DAY, period=DAY)
    money = Spending(spent=0.9, budget=1.0, elapsed=1800, period=3600)
    assert throttle([money]) < throttle([calls]) < 1.0
    assert throttle([calls, money]) == throttle([money, calls]) == throttle([money])


@given(SHARES, SHARES, SHARES)
def test_more_spent_never_raises_and_more_time_never_lowers_the_factor(one: float, other: float, fixed: float) -> None:
    less, more = sorted((one, other))
    assert LOWEST <= at(more, fixed) <= at(less, fixed) <= 1.0
    assert at(fixed, less) <= at(fixed, more)


@given(st.floats(0, 1), st.floats(0, 0.9))
def test_the_factor_makes_no_jumps(spent: float, elapsed: float) -> None:
    assert abs(at(spent, elapsed) - at(spent + 1e-6, elapsed)) < 1e-4
    assert abs(at(spent, elapsed) - at(spent, elapsed + 1e-6)) < 1e-3


@pytest.mark.parametrize("spent", [1.0, 1.5, math.inf])
def test_a_budget_that_is_gone_leaves_a_small_probability_until_the_next_period(spent: float) -> None:
    assert at(spent, 0.5) == at(spent, 1.0) == LOWEST > 0


def test_a_budget_of_nothing_is_gone_from_the_start() -> None:
    assert throttle([Spending(spent=0, budget=0, elapsed=0, period=DAY)]) == LOWEST


def test_what_is_left_at_the_end_may_be_spent() -> None:
    assert at(0.99, 1.0) == at(0.99, 1.2) == 1.0


def one_day(per_hour: Callable[[int], int], budget: int, *, rule: str = "mine", rate: float = 1.0, seed: int = 1):
    """Selected spans of each hour, and what their weights add up to, of a day with so many spans an hour."""
    sampler = Sampler(SamplingSettings(rules=(SamplingRule(name=rule, rate=rate),)))
    rng = random.Random(seed)  # noqa: S311 - a simulation
    hours, total, variance = [0] * 24, 0.0, 0.0
    for hour in range(24):
        traffic = per_hour(hour)
        for i in range(traffic):
            spending = Spending(spent=sum(hours), budget=budget, elapsed=(hour + i / traffic) * 3600, period=DAY)
            decision = sampler.decide(SamplingFacts(trace_id=rng.randbytes(16)), throttle=throttle([spending]))
            if decision.selected:
                hours[hour] += 1
                total += 1 / decision.probability
                variance += (1 - decision.probability) / decision.probability**2
    return hours, total, math.sqrt(variance)


@pytest.mark.parametrize("rule", ["high_risk", "mine", "baseline"])
@pytest.mark.parametrize("overload", [2, 5])
def test_a_steady_overload_is_sampled_to_the_last_hour_and_never_over_budget(rule: str, overload: int) -> None:
    budget = 6000
    hours, total, error = one_day(lambda _: overload * budget // 24, budget, rule=rule)
    average = sum(hours) / 24
    assert 0.9 * budget <= sum(hours) <= budget
    assert min(hours) >= 0.3 * average
    assert hours[-1] >= 0.3 * average
    assert abs(total - overload * budget) < 3 * error


def test_twenty_times_too_much_still_reaches_the_last_hour() -> None:
    hours, total, error = one_day(lambda _: 2000, 2400)
    assert sum(hours) <= 2400
    assert hours[-1] >= 0.3 * sum(hours) / 24
    assert abs(total - 48_000) < 3 * error


def test_traffic_within_its_budget_is_not_lowered_at_all() -> None:
    hours, total, _ = one_day(lambda _: 200, 5000)
    assert hours == [200] * 24
    assert total == 4800


def test_a_burst_is_survived_and_forgotten() -> None:
    hours, total, error = one_day(lambda hour: 4000 if hour == 3 else 150, 6000)
    assert hours[:3] == [150] * 3
    assert hours[3] < 4000
    assert min(hours[4:]) >= 20
    assert hours[-12:] == [150] * 12
    assert sum(hours) <= 6000
    assert abs(total - 7450) < 3 * error


def test_a_day_whose_busy_hours_come_first_keeps_its_evening() -> None:
    hours, _, _ = one_day(lambda hour: 900 if hour < 8 else 100, 6000)
    assert sum(hours) <= 6000
    assert min(hours) >= 20
    assert hours[-8:] == [100] * 8


def test_a_day_whose_busy_hours_come_last_is_sampled_to_its_end() -> None:
    hours, total, error = one_day(lambda hour: 100 if hour < 16 else 1500, 6000)
    assert hours[:16] == [100] * 16
    assert min(hours[16:]) >= 100
    assert sum(hours) <= 6000
    assert abs(total - 13_600) < 3 * error
