"""A clock that moves when the test says so."""


class ManualClock:
    """Starts at a fixed instant; `advance` moves both readings."""

    def __init__(self, *, monotonic: float = 1000.0, time_ns: int = 1_800_000_000_000_000_000) -> None:
        self._monotonic = monotonic
        self._time_ns = time_ns

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return self._monotonic

    def time_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return self._time_ns

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._monotonic += seconds
        self._time_ns += int(seconds * 1e9)
