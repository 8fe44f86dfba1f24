"""Time, handed in: nothing below the roof reads a clock of its own."""

import time
from typing import Protocol


class Clock(Protocol):
    """What code that needs time asks for."""

    def monotonic(self) -> float:
        """Seconds that never step back: for timers, deadlines, rates."""
        ...

    def time_ns(self) -> int:
        """Wall time, ns since the epoch: for what goes on the wire or must survive a restart."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Seconds of `time.monotonic`."""
        return time.monotonic()

    def time_ns(self) -> int:
        """Nanoseconds of `time.time_ns`."""
        return time.time_ns()
