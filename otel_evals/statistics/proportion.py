"""Intervals of a share."""

from math import sqrt
from typing import Final

Z: Final = 1.959963984540054
"""Of a two-sided interval of 95 %."""


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's interval of 95 % for a `share` of `n` cases, or of an effective number of them.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n); Wilson 1927, Newcombe 1998. Raises ZeroDivisionError for none.
    """
    square = Z * Z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, centre - half), min(1.0, centre + half)
