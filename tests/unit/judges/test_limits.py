import asyncio

import pytest

from otel_evals.judges.limits import Limiter, Paused
from otel_evals.testing.clock import ManualClock

FAR = 1e9


class Sleeper:
    """Sleeping moves the clock."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)


def limiter(concurrency: int = 4, per_minute: int | None = None) -> tuple[Limiter, ManualClock, Sleeper]:
    clock = ManualClock()
    sleeper = Sleeper(clock)
    return Limiter(concurrency, per_minute, clock=clock, sleep=sleeper), clock, sleeper


async def test_no_more_than_the_bound_are_under_way_and_turns_come_in_order():
    limit, _, _ = limiter(2)
    order: list[int] = []

    async def call(number: int) -> None:
        await limit.acquire(FAR)
        order.append(number)
        assert limit.under_way <= 2
        await asyncio.sleep(0)
        limit.release()

    await asyncio.gather(*(call(number) for number in range(9)))
    assert order == list(range(9))
    assert limit.under_way == 0


async def test_a_429_halves_the_bound_once_for_all_calls_that_were_under_way():
    limit, _, _ = limiter(8)
    tickets = [await limit.acquire(FAR) for _ in range(8)]
    for ticket in tickets:
        limit.too_many(ticket)
    assert limit.bound == 4
    for _ in tickets:
        limit.release()
    limit.too_many(await limit.acquire(FAR))
    assert limit.bound == 2


async def test_good_answers_raise_the_bound_again_to_what_the_settings_allow():
    limit, _, _ = limiter(8)
    limit.too_many(await limit.acquire(FAR))
    assert limit.bound == 4
    for _ in range(200):
        limit.went_well()
    assert limit.bound == 8


async def test_the_bound_never_falls_below_one():
    limit, _, _ = limiter(2)
    for _ in range(10):
        limit.too_many(await limit.acquire(FAR))
        limit.release()
    assert limit.bound == 1


async def test_a_cancelled_wait_gives_its_turn_to_the_next():
    limit, _, _ = limiter(1)
    await limit.acquire(FAR)
    impatient = asyncio.ensure_future(limit.acquire(FAR))
    patient = asyncio.ensure_future(limit.acquire(FAR))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    limit.release()
    await patient
    assert limit.under_way == 1


async def test_a_turn_given_to_a_wait_that_is_cancelled_meanwhile_is_not_lost():
    limit, _, _ = limiter(1)
    await limit.acquire(FAR)
    impatient = asyncio.ensure_future(limit.acquire(FAR))
    await asyncio.sleep(0)
    limit.release()
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    assert limit.under_way == 0
    await limit.acquire(FAR)


async def test_a_turn_given_back_when_a_wait_was_just_cancelled_goes_to_the_next():
    limit, _, _ = limiter(1)
    await limit.acquire(FAR)
    waiting = [asyncio.ensure_future(limit.acquire(FAR)) for _ in range(3)]
    await asyncio.sleep(0)
    for call in waiting[:2]:
        call.cancel()
    limit.release()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(end, asyncio.CancelledError) for end in ended] == [True, True, False]
    assert limit.under_way == 1


async def test_a_pause_is_waited_for():
    limit, _, sleeper = limiter()
    limit.pause(7)
    await limit.acquire(FAR)
    assert sleeper.slept == [7]


async def test_a_pause_beyond_the_deadline_is_said_at_once_and_gives_the_turn_back():
    limit, clock, sleeper = limiter(1)
    limit.pause(100)
    with pytest.raises(Paused):
        await limit.acquire(clock.monotonic() + 60)
    assert sleeper.slept == []
    assert limit.under_way == 0


async def test_no_minute_has_more_requests_than_allowed():
    limit, clock, _ = limiter(4, per_minute=5)
    starts = []
    for _ in range(23):
        await limit.acquire(FAR)
        starts.append(clock.monotonic())
        limit.release()
        clock.advance(1)
    assert all(later - earlier >= 60 for earlier, later in zip(starts, starts[5:], strict=False))
    assert starts[4] - starts[0] == 4
