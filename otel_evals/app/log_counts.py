"""Counts own log lines that the rate limit leaves out, in the meters of the process that wrote them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters


def count_suppressed(meters: Meters) -> Callable[[str, int], None]:
    """What `telemetry.logs.configure` calls for each such line. Made on the event loop, called from any thread."""
    loop = asyncio.get_running_loop()

    def count(logger: str, lines: int) -> None:
        with suppress(RuntimeError):  # a line from a thread that outlives the loop
            loop.call_soon_threadsafe(meters.add, catalogue.LOG_SUPPRESSED, lines, logger)

    return count
