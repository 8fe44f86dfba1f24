"""How much an endpoint is asked at one time: bounded concurrency that gives way to 429, pauses, requests a minute.

Called by the client around each try. A 429 halves the bound, at most once for the calls that were under way; each
good answer raises it by a fraction, back to what the settings allow (additive increase, multiplicative decrease).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from otel_evals.records.clock import Clock

Sleep = Callable[[float], Awaitable[None]]
"""`asyncio.sleep`, or a test's."""

_MINUTE: Final = 60.0


class Paused(Exception):  # noqa: N818 - named for the condition
    """A turn would come only after the deadline, because of a rate limit."""


class Limiter:
    """The turns of one endpoint. `async with` is not offered: the bound follows from how the try ended."""

    def __init__(self, concurrency: int, per_minute: int | None, *, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._most = concurrency
        self._bound = float(concurrency)
        self._per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._starts: deque[float] = deque(maxlen=per_minute or 1)
        self._paused_until = 0.0
        self._started = 0
        self._decreased_at = 0
        self.under_way = 0

    @property
    def bound(self) -> int:
        """Calls that may be under way now."""
        return max(1, int(self._bound))

    async def acquire(self, deadline: float) -> int:
        """Wait for a turn; its ticket goes to `too_many`.

        Args:
            deadline: monotonic time after which a turn is useless.

        Raises:
            Paused: the endpoint's pause or the requests a minute allow none before `deadline`.
        """
        await self._slot()
        try:
            await self._until_allowed(deadline)
        except BaseException:
            self.release()
            raise
        if self._per_minute is not None:
            self._starts.append(self._clock.monotonic())
        self._started += 1
        return self._started

    async def _until_allowed(self, deadline: float) -> None:
        while (wait := self._wait()) > 0:
            if self._clock.monotonic() + wait > deadline:
                raise Paused
            await self._sleep(wait)

    async def _slot(self) -> None:
        if self.under_way < self.bound and not self._waiting:
            self.under_way += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            elif turn in self._waiting:
                # Else somebody gave a turn back meanwhile and found this one cancelled.
                self._waiting.remove(turn)
            raise

    def _wait(self) -> float:
        now = self._clock.monotonic()
        wait = self._paused_until - now
        if self._per_minute is not None and len(self._starts) == self._per_minute:
            wait = max(wait, self._starts[0] + _MINUTE - now)
        return wait

    def release(self) -> None:
        """Give a turn back."""
        self.under_way -= 1
        self._hand_on()

    def _hand_on(self) -> None:
        while self._waiting and self.under_way < self.bound:
            turn = self._waiting.popleft()
            if not turn.done():
                self.under_way += 1
                turn.set_result(None)

    def went_well(self) -> None:
        """A good answer: a little more may be under way."""
        self._bound = min(float(self._most), self._bound + 1 / self._bound)
        self._hand_on()

    def too_many(self, ticket: int) -> None:
        """The endpoint said 429 to the try with `ticket`: half as many, once for all that were under way then."""
        if ticket > self._decreased_at:
            self._bound = max(1.0, self._bound / 2)
            self._decreased_at = self._started

    def pause(self, seconds: float) -> None:
        """The endpoint asked for silence; further than before only."""
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)
