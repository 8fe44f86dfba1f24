"""Shares of a small number of trials: an interval, and whether chance explains what was seen."""

import math
from typing import Final

import msgspec

from otel_evals.statistics.proportion import wilson

FLOOR: Final = 20
"""Cases of a class below which a share of it is told as a count only: an interval of fewer covers less than it says."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """`hits` of `trials`."""

    hits: int = 0
    trials: int = 0
    distinct: int = 0
    """Different cases among the trials. To ask the same again teaches nothing about other cases, so intervals are as
    wide as those of so many trials."""

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.hits / self.trials if self.trials else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval of 95 %; None below the floor."""
        return wilson(self.hits / self.trials, self.distinct) if self.distinct >= FLOOR else None


def at_least(hits: int, n: int, probability: float) -> float:
    """The probability of `hits` or more in `n` independent trials of one `probability`."""
    return math.fsum(
        math.comb(n, k) * probability**k * (1 - probability) ** (n - k) for k in range(max(0, hits), n + 1)
    )
