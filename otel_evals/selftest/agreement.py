"""Two raters' agreement beyond chance: Cohen's kappa and Gwet's AC1 of a table of counts, with their standard errors.

Both are shown, neither decides: kappa of one and the same judge falls from .75 to .09 as failures become rare. Where
nearly all cases are of one class, AC1 is the one that still says something. What judges a judge are TPR and TNR.
"""

import math
from collections.abc import Sequence

import msgspec

from otel_evals.statistics.proportion import Z

Table = Sequence[Sequence[int]]
"""Counts: one rater's categories down, the other's across, in the same order, all categories declared."""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """A coefficient and its standard error."""

    value: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of 95 %, within [-1, 1]."""
        return max(-1.0, self.value - Z * self.error), min(1.0, self.value + Z * self.error)


def cohen_kappa(table: Table) -> Agreement | None:
    """Cohen's kappa with the error of Fleiss, Cohen and Everitt (1969); None where one category holds every case."""
    shares, n = _shares(table)
    rows, columns = _margins(shares)
    observed = math.fsum(shares[k][k] for k in range(len(shares)))
    expected = math.fsum(row * column for row, column in zip(rows, columns, strict=True))
    if expected >= 1.0:
        return None
    kappa = (observed - expected) / (1 - expected)
    # The weight of a cell is 1 on the diagonal and 0 elsewhere; the mean weight of a category is the other's margin.
    spread = math.fsum(
        share * ((i == j) - (columns[i] + rows[j]) * (1 - kappa)) ** 2
        for i, row in enumerate(shares)
        for j, share in enumerate(row)
    )
    variance = (spread - (kappa - expected * (1 - kappa)) ** 2) / (n * (1 - expected) ** 2)
    return Agreement(value=kappa, error=math.sqrt(max(0.0, variance)))


def gwet_ac1(table: Table) -> Agreement | None:
    """Gwet's AC1 with his error for a table of counts (2008); None of an empty table."""
    shares, n = _shares(table)
    if not n:
        return None
    size = len(shares)
    means = [(row + column) / 2 for row, column in zip(*_margins(shares), strict=True)]
    observed = math.fsum(shares[k][k] for k in range(size))
    expected = math.fsum(mean * (1 - mean) for mean in means) / (size - 1)
    ac1 = (observed - expected) / (1 - expected)
    diagonal = math.fsum(shares[k][k] * (1 - means[k]) for k in range(size)) / (size - 1)
    cells = math.fsum(
        share * (1 - (means[i] + means[j]) / 2) ** 2 for i, row in enumerate(shares) for j, share in enumerate(row)
    ) / (size - 1) ** 2  # fmt: skip
    variance = (
        observed * (1 - observed)
        - 4 * (1 - ac1) * (diagonal - observed * expected)
        + 4 * (1 - ac1) ** 2 * (cells - expected**2)
    ) / (n * (1 - expected) ** 2)
    return Agreement(value=ac1, error=math.sqrt(max(0.0, variance)))


def _shares(table: Table) -> tuple[list[list[float]], int]:
    n = sum(map(sum, table))
    return [[count / n if n else 0.0 for count in row] for row in table], n


def _margins(shares: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    return [math.fsum(row) for row in shares], [math.fsum(column) for column in zip(*shares, strict=True)]
