"""Trying again until the next hop has something or has refused it for good."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from otel_evals.records.errors import Unavailable

BACKOFF: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between tries, when the answer names none."""


async def persist(attempt: Callable[[], Awaitable[None]]) -> None:
    """Call `attempt` until it raises no Unavailable; every other error is its caller's."""
    tries = 0
    while True:
        try:
            await attempt()
        except Unavailable as error:
            pause = error.retry_after or BACKOFF[min(tries, len(BACKOFF) - 1)]
            tries += 1
            await asyncio.sleep(min(pause, BACKOFF[-1]))
        else:
            return
