"""Keeps large bodies from holding up the loop, and from holding up each other.

A body of thousands of spans takes seconds. In between others get their turn on the loop. Among bodies that take long
only one is worked on at a time, else all of them would be finished late together: beyond what a worker can do, each
would miss its sender's deadline, be sent again, and nothing would ever get through. For the same reason a body that has
waited long before its work began is refused: what is begun has time to be finished.
"""

import asyncio
import heapq
from types import TracebackType
from typing import Final, Self

from otel_evals.records.clock import Clock
from otel_evals.records.errors import Unavailable

_SLICE: Final = 0.005
"""Seconds of work after which others get a turn."""
_SECONDS_PER_BYTE: Final = 0.5e-6
"""What a large body is expected to take. It only orders bodies: a small one goes before a large one that came a little
earlier, yet nothing that came later overtakes for ever."""
_PATIENCE: Final = 3.0
"""Seconds that a large body waits for its turn; most of the time until its sender's deadline is left then."""


class Turns:
    """Which of the bodies that take long is worked on; one for all bodies of a worker."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = 0

    def comes_first(self, due: float) -> bool:
        """Whether nobody waits who is due before `due`."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        return not self._waiting or due <= self._waiting[0][0]

    async def take(self, due: float) -> None:
        """Return when it is the turn of who is due at `due`; `give_back` must follow."""
        if not self._taken:
            self._taken = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number += 1
        heapq.heappush(self._waiting, (due, self._number, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()
            turn.cancel()
            raise

    def give_back(self) -> None:
        """The turn of whoever is due first among those that wait."""
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._taken = False


class Pace:
    """The work on one body of `size` bytes. An asynchronous context manager around it."""

    def __init__(self, clock: Clock, turns: Turns, size: int) -> None:
        self._clock = clock
        self._turns = turns
        self._since = clock.monotonic()
        self._worked = 0.0
        self._due = self._since + size * _SECONDS_PER_BYTE
        self._has_turn = self._has_begun = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turns.give_back()

    @property
    def worked(self) -> float:
        """Seconds that have gone into this body, the turns of others left out."""
        return self._worked + self._clock.monotonic() - self._since

    async def breathe(self) -> None:
        """Let others work, when it is time. Raises Unavailable when there is too much other work to begin with this."""
        now = self._clock.monotonic()
        if now - self._since <= _SLICE:
            return
        self._worked += now - self._since
        if self._has_turn and not self._turns.comes_first(self._due):
            self._has_turn = False
            self._turns.give_back()
        if not self._has_turn:
            await self._take_turn()
        await asyncio.sleep(0)
        self._since = self._clock.monotonic()

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(None if self._has_begun else _PATIENCE):
                await self._turns.take(self._due)
        except TimeoutError:
            raise Unavailable("too much work at one time", retry_after=1.0) from None
        self._has_turn = self._has_begun = True
