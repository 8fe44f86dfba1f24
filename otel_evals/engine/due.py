"""Things that wait, each for the same time at most: what is due is let go, oldest first.

Used by the two places where spans wait, for what travels apart from them and for their judges.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from otel_evals.lifecycle.waiting import happens
from otel_evals.records.clock import Clock

T = TypeVar("T")


class DueQueue(Generic[T]):
    """What waits, in the order in which it came."""

    def __init__(self, clock: Clock, release: Callable[[T], None], is_gone: Callable[[T], bool]) -> None:
        """`release` lets a thing go whose time is over; `is_gone` says that it has been let go before."""
        self._clock = clock
        self._release = release
        self._is_gone = is_gone
        self._due: deque[tuple[float, T]] = deque()
        self._wake = asyncio.Event()

    def add(self, thing: T, seconds: float) -> None:
        """Let `thing` wait so many seconds at most, the same as every other."""
        self._due.append((self._clock.monotonic() + seconds, thing))
        self._wake.set()

    async def run(self) -> None:
        """Let go what is due, until cancelled."""
        while True:
            while self._due and (self._is_gone(self._due[0][1]) or self._left() == 0):
                _, thing = self._due.popleft()
                if not self._is_gone(thing):
                    self._release(thing)
            self._wake.clear()
            await happens(self._wake, self._left() if self._due else None)

    def _left(self) -> float:
        """Seconds until the oldest is due."""
        return max(0.0, self._due[0][0] - self._clock.monotonic())
