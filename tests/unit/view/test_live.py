import asyncio
import os
import sys

from otel_evals.view.held_stderr import HeldStderr
from otel_evals.view.live import watch
from otel_evals.view.pace import Rate


class Counting:
    every = 0.001

    def __init__(self, until: int, stopping: asyncio.Event) -> None:
        self.drawn = 0
        self._until = until
        self._stopping = stopping
        self._loop = asyncio.get_running_loop()

    def draw(self) -> None:
        self.drawn += 1
        if self.drawn == self._until:
            self._loop.call_soon_threadsafe(self._stopping.set)


async def test_the_view_is_drawn_again_and_again_until_it_is_told_to_stop(desk):
    stopping = asyncio.Event()
    view = Counting(3, stopping)

    async def read():
        return desk.meters.snapshot()

    desk.see(7)
    async with asyncio.timeout(20):
        await watch(desk.board, view, read, stopping=stopping, clock=desk.clock)
    assert view.drawn == 3
    assert desk.board.figures.calls == 7


def test_a_rate_looks_back_ten_seconds():
    rate = Rate()
    assert rate.per_second == 0
    for second in range(60):
        rate.read(float(second), 0 if second < 30 else (second - 29) * 5)
    assert rate.per_second == 5.0
    assert rate.course(20).endswith("███")
    assert rate.course(60)[0] == "▁"


def test_nothing_is_drawn_of_a_counter_that_stands():
    rate = Rate()
    for second in range(10):
        rate.read(float(second), 4)
    assert rate.per_second == 0
    assert rate.course(10) == ""


def test_standard_error_is_held_back_from_a_terminal_and_kept(monkeypatch, capfd):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    held = HeldStderr()
    with held:
        os.write(2, b"one\ntwo \x1b[2J\n")
        assert held.lines() == ["one", "two \ufffd[2J"]
        os.write(2, b"three")
    assert held.lines()[-1] == "three"
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_standard_error_that_goes_to_a_file_is_left_alone(monkeypatch, capfd):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    with HeldStderr() as held:
        os.write(2, b"straight on\n")
        assert held.lines() == []
    assert capfd.readouterr().err == "straight on\n"
