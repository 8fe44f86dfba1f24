"""Large bodies take turns, and small ones do not wait for them."""

import asyncio

import pytest

from otel_evals.engine.pace import Pace, Turns
from otel_evals.records.errors import Unavailable
from otel_evals.testing.clock import ManualClock


class Work:
    """Bodies that are worked on, step by step, and the order in which the steps were taken."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.turns = Turns()
        self.steps: list[str] = []

    async def do(self, name: str, *, steps: int, size: int = 1000, seconds: float = 0.01) -> None:
        async with Pace(self.clock, self.turns, size) as pace:
            for _ in range(steps):
                self.steps.append(name)
                self.clock.advance(seconds)
                await pace.breathe()

    def finished(self) -> list[str]:
        """The names in the order of their last steps."""
        return sorted(set(self.steps), key=lambda name: len(self.steps) - self.steps[::-1].index(name))


async def test_bodies_that_take_long_are_worked_on_one_after_the_other() -> None:
    work = Work()
    await asyncio.gather(*[work.do(name, steps=5) for name in "abc"])
    # Each may begin; from then on the first goes on alone until it is done.
    assert work.steps == [*"abc", *"aaaa", *"bbbb", *"cccc"]


async def test_a_body_that_is_quick_does_not_wait_for_one_that_takes_long() -> None:
    work = Work()
    await asyncio.gather(work.do("long", steps=20), work.do("quick", steps=1, seconds=0.001))
    assert work.finished() == ["quick", "long"]


async def test_a_small_body_overtakes_one_that_is_much_larger() -> None:
    work = Work()
    await asyncio.gather(work.do("large", steps=20, size=20 << 20), work.do("small", steps=5, size=10_000))
    assert work.finished() == ["small", "large"]


async def test_a_body_that_ends_with_an_error_gives_its_turn_back() -> None:
    work = Work()

    async def fails() -> None:
        async with Pace(work.clock, work.turns, 1) as pace:
            work.clock.advance(1)
            await pace.breathe()
            raise LookupError

    with pytest.raises(LookupError):
        await fails()
    await work.do("next", steps=3)
    assert work.steps == ["next"] * 3


async def test_a_sender_that_goes_away_takes_nobodys_turn_with_it() -> None:
    turns = Turns()
    await turns.take(0)
    second, third = asyncio.create_task(turns.take(1)), asyncio.create_task(turns.take(2))
    await asyncio.sleep(0)
    turns.give_back()  # to the second, which is cancelled before it knows
    second.cancel()
    await asyncio.wait([second, third])
    assert second.cancelled()
    assert not third.cancelled()


async def test_a_body_whose_turn_does_not_come_is_refused_before_it_costs_much(monkeypatch) -> None:
    monkeypatch.setattr("otel_evals.engine.pace._PATIENCE", 0.0)
    work = Work()
    await work.turns.take(0)
    with pytest.raises(Unavailable, match="too much work"):
        await work.do("late", steps=5)
    assert work.steps == ["late"]
    work.turns.give_back()
    await work.do("again", steps=2)
    assert work.steps[1:] == ["again", "again"]


async def test_the_time_of_others_is_not_counted_as_work() -> None:
    work, seen = Work(), 0.0
    async with Pace(work.clock, work.turns, 1) as pace:
        work.clock.advance(1)
        await work.turns.take(0)
        asyncio.get_running_loop().call_soon(lambda: (work.clock.advance(7), work.turns.give_back()))
        await pace.breathe()
        work.clock.advance(2)
        seen = pace.worked
    assert seen == pytest.approx(3)
