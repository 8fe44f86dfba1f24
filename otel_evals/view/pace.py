"""How fast it goes: a rate over the last seconds, and its recent course for a sparkline."""

from collections import deque
from collections.abc import Iterator
from typing import Final

_WINDOW: Final = 10.0
"""Seconds that a rate looks back: long enough to stand still, short enough to follow."""
_KEPT: Final = 240
_STEPS: Final = "▁▂▃▄▅▆▇█"


class Rate:
    """The rate of one counter."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, int]] = deque(maxlen=_KEPT)

    def read(self, now: float, count: int) -> None:
        """The counter stood at `count` at `now` (seconds, monotonic)."""
        self._readings.append((now, count))

    @property
    def per_second(self) -> float:
        """Over the last ten seconds, or since the first reading."""
        if len(self._readings) < 2:
            return 0.0
        now, count = self._readings[-1]
        then, before = next(r for r in self._readings if now - r[0] <= _WINDOW)
        return (count - before) / (now - then) if now > then else 0.0

    def course(self, width: int) -> str:
        """The latest readings as a sparkline of at most `width` characters."""
        speeds = list(self._speeds())[-width:]
        top = max(speeds, default=0.0)
        if top <= 0:
            return ""
        return "".join(_STEPS[round(speed / top * (len(_STEPS) - 1))] for speed in speeds)

    def _speeds(self) -> Iterator[float]:
        """Per second, each smoothed over its neighbours: traffic comes in batches."""
        readings = list(self._readings)
        for first, last in zip(readings, readings[4:], strict=False):
            yield (last[1] - first[1]) / (last[0] - first[0]) if last[0] > first[0] else 0.0
