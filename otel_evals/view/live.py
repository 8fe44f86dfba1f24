"""Runs a view beside the work: reads the sums, lets the view draw, waits, until it is told to stop.

Drawing happens in a thread: a terminal that is held (Ctrl-S, a slow line) holds the view, never the data path.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, Self

from rich.console import Console
from rich.live import Live

from otel_evals.lifecycle.waiting import happens
from otel_evals.records.clock import Clock
from otel_evals.telemetry.snapshot import Snapshot
from otel_evals.view.board import Board
from otel_evals.view.held_stderr import HeldStderr
from otel_evals.view.screen import picture

_SHARE: Final = 4
_LONGEST: Final = 2.0
"""The view waits this many times as long as drawing took, at most two seconds: a busy machine has better things to do,
and a terminal that was held for a while is alive again at once."""

ReadSums = Callable[[], Awaitable[Snapshot]]


class View(Protocol):
    """Something that shows the board."""

    every: float
    """Seconds between two looks."""

    def draw(self) -> None:
        """Show the board as it stands. Called in a thread."""
        ...


async def watch(board: Board, view: View, read: ReadSums, *, stopping: asyncio.Event, clock: Clock) -> None:
    """Keep `view` going until `stopping` is set."""
    while not stopping.is_set():
        started = clock.monotonic()
        board.refresh(await read())
        await asyncio.to_thread(view.draw)
        pause = max(view.every, min(_LONGEST, _SHARE * (clock.monotonic() - started)))
        await happens(stopping, pause)


class LiveScreen:
    """The live view on the whole terminal; a context that gives the terminal back as it was."""

    every = 0.5

    def __init__(self, board: Board, console: Console) -> None:
        self._board = board
        self._console = console
        self._stderr = HeldStderr()
        self._live = Live(
            console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )

    def __enter__(self) -> Self:
        self._stderr.__enter__()
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(None, None, None)
        self._stderr.__exit__(None, None, None)
        self._board.log_lines = self._stderr.lines()

    def draw(self) -> None:
        """Draw one picture in the size that the terminal has now."""
        self._board.log_lines = self._stderr.lines()
        width, height = self._console.size
        self._live.update(picture(self._board, width, height), refresh=True)
