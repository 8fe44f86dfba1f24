"""The budget: hard, charged by what was reported, and by what was set aside where nothing was."""

import pytest

from otel_evals.engine.budget import Budget, Limits, Refusal, Reservation
from otel_evals.records.exchange import Usage
from otel_evals.records.judging import Estimate
from otel_evals.spool.judge_books import Spent
from otel_evals.testing.clock import ManualClock
from tests.unit.engine.judge_rig import open_store

MOST = Estimate(calls=1, tokens=100, cost=1.0)
DAY = ("", 86400, 1_799_971_200, Spent())


@pytest.fixture
async def store(tmp_path):
    store = await open_store(tmp_path)
    yield store
    await store.close()


def budget(store, limits: Limits, clock=None, **own: Limits) -> Budget:
    return Budget(store, limits, own, clock or ManualClock())


@pytest.mark.parametrize(
    ("usage", "cost", "tokens", "spent"),
    [
        (Usage(input_tokens=30, output_tokens=5), 0.25, 35, 0.25),
        (Usage(input_tokens=30, output_tokens=5), None, 35, 1.0),
        (Usage(), None, 100, 1.0),
        (Usage(), 0.0, 0, 0.0),
        (Usage(input_tokens=500), 9.0, 500, 9.0),
    ],
    ids=["reported", "no price", "nothing reported", "a failure that cost nothing", "more than was set aside"],
)
async def test_what_is_charged(store, usage, cost, tokens, spent):
    limited = budget(store, Limits(tokens_per_day=1000, usd_per_day=10.0))
    reservation = await limited.reserve("tone", MOST)
    assert isinstance(reservation, Reservation)
    await limited.settle(reservation, usage, cost)
    assert await store.spent([DAY[:3]]) == [Spent(1, tokens, spent)]


async def test_a_limit_of_one_judge_leaves_the_others_alone(store):
    limited = budget(store, Limits(), tone=Limits(usd_per_day=1.0))
    assert isinstance(await limited.reserve("tone", MOST), Reservation)
    assert isinstance(await limited.reserve("tone", MOST), Refusal)
    assert isinstance(await limited.reserve("other", MOST), Reservation)


async def test_a_minutes_limit_asks_for_patience_and_a_days_limit_does_not(store):
    clock = ManualClock()
    limited = budget(store, Limits(calls_per_minute=1, usd_per_day=2.0), clock)
    assert isinstance(await limited.reserve("tone", MOST), Reservation)
    refusal = await limited.reserve("tone", MOST)
    assert isinstance(refusal, Refusal)
    assert refusal.is_pace
    assert 0 < refusal.again <= 60
    clock.advance(refusal.again)
    assert isinstance(await limited.reserve("tone", MOST), Reservation)
    clock.advance(60)
    last = await limited.reserve("tone", MOST)
    assert isinstance(last, Refusal)
    assert not last.is_pace


async def test_a_clock_that_is_set_back_finds_its_day_as_it_left_it(store):
    clock = ManualClock()
    limited = budget(store, Limits(usd_per_day=1.0), clock)
    assert isinstance(await limited.reserve("tone", MOST), Reservation)
    clock.advance(86400)
    assert isinstance(await limited.reserve("tone", MOST), Reservation)
    clock.advance(-86400)
    assert isinstance(await limited.reserve("tone", MOST), Refusal)


async def test_rates_fall_when_the_budget_runs_short_and_never_to_nothing(store):
    limited = budget(store, Limits(usd_per_day=2.0))
    assert await limited.factor() == 1.0
    await limited.reserve("tone", MOST)
    short = await limited.factor()
    await limited.reserve("tone", MOST)
    assert 0 < await limited.factor() < short <= 1


async def test_without_limits_nothing_is_written(store):
    free = budget(store, Limits())
    reservation = await free.reserve("tone", MOST)
    assert isinstance(reservation, Reservation)
    await free.settle(reservation, Usage(), 1.0)
    assert await free.factor() == 1.0
    assert await store.spent([DAY[:3]]) == [Spent()]
