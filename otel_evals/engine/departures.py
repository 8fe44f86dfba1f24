"""Things on their way to the next hop: each is tried again until it is through, a bounded number at a time.

Used by everything that is on disk already when it leaves, so that nobody waits for it but the end of the process.
"""

import asyncio
from collections.abc import Awaitable, Callable

from otel_evals.engine.persistence import persist
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.lifecycle.waiting import happens


class Departures:
    """What is on its way out."""

    def __init__(self, tasks: Tasks, at_once: int) -> None:
        """`at_once`: how many are tried at one time."""
        self._tasks = tasks
        self._slots = asyncio.Semaphore(at_once)
        self._number = 0
        self._empty = asyncio.Event()

    def __len__(self) -> int:
        """How many are on their way or wait for their turn."""
        return self._number

    def send(self, attempt: Callable[[], Awaitable[None]], name: str) -> None:
        """Call `attempt` until it raises no Unavailable, in a task called `name`."""
        self._number += 1
        self._tasks.spawn(self._send(attempt), name)

    async def _send(self, attempt: Callable[[], Awaitable[None]]) -> None:
        async def in_turn() -> None:
            async with self._slots:
                await attempt()

        try:
            await persist(in_turn)
        finally:
            self._number -= 1
            if not self._number:
                self._empty.set()

    async def drain(self, grace: float) -> None:
        """Wait until everything has left, at most `grace` seconds; the rest stays where it is."""
        if self._number:
            self._empty.clear()
            await happens(self._empty, grace)
