"""Keeps one large body from holding up every other request on the loop."""

import asyncio
from typing import Final

from otel_evals.records.clock import Clock

_SLICE: Final = 0.005
"""Seconds of work after which others get a turn."""


class Pace:
    """Counts the time since the last turn of others."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.monotonic()

    async def breathe(self) -> None:
        """Let others work, when it is time."""
        if self._clock.monotonic() - self._since > _SLICE:
            await asyncio.sleep(0)
            self._since = self._clock.monotonic()
