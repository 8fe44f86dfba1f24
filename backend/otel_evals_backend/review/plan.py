"""With which probability a judged span comes to people: Neyman's allocation over (stratum, verdict of the judge).

Pure: `work` reads the sums of the last weeks and keeps the plan; `select` draws by it. Of all plans with as many labels
this one makes the estimate of a pass rate most certain: a cell is drawn from in proportion to how much one of its spans
stands for, times how unsure it is what a person says of it.

The estimate's variance from labelling is Σ_c Σ_i w_i² S_c² / π_c, so that π_c is proportional to S_c · √(mean of w²).
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Final

import msgspec

from otel_evals_backend.storage.tables import PASS

FLOOR: Final = 0.01
"""No judged span is without a chance: what is never drawn cannot be estimated."""
RATIO: Final = 50.0
"""Largest quotient of two spans' weights 1/(π1 π2): beyond it a handful of labels decides the whole estimate."""
_PRIOR_LABELS: Final = 4.0
"""Labels that the guess below counts as."""
_PRIOR_PASS: Final = 0.9
_PRIOR_FAIL: Final = 0.3
"""Share of answers that people pass, when the judge passed or failed them: until there are labels."""
_ROUNDS: Final = 60


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the judged spans of one metric, one stratum and one verdict, over some weeks."""

    stratum: str
    verdict: int
    """FAIL or PASS."""
    judged: float
    """Judged spans."""
    weight: float
    """Sum of 1/π1."""
    weight_squared: float
    """Sum of 1/π1²."""
    labelled: float = 0
    """Random, blind labels that pass or fail."""
    passed: float = 0
    """Of those, that pass."""

    @property
    def key(self) -> tuple[str, int]:
        """Stratum and verdict."""
        return self.stratum, self.verdict

    @property
    def spread(self) -> float:
        """Standard deviation of what a person says of a span of this cell: √(q(1-q)), with a guess worth 4 labels."""
        guess = _PRIOR_PASS if self.verdict == PASS else _PRIOR_FAIL
        share = (self.passed + _PRIOR_LABELS * guess) / (self.labelled + _PRIOR_LABELS)
        return sqrt(share * (1 - share))

    @property
    def mean_weight(self) -> float:
        """What a judged span stands for on average."""
        return self.weight / self.judged

    @property
    def demand(self) -> float:
        """What π is proportional to."""
        return self.spread * sqrt(self.weight_squared / self.judged)


def allocate(cells: Sequence[Cell], share: float) -> dict[tuple[str, int], float]:
    """π2 of each cell, so that `share` of all judged spans is drawn; cells without judged spans are left out.

    Every π2 lies in [FLOOR, 1], and no weight 1/(π1 π2) is more than RATIO times another. Where these bounds ask for
    more labels than the budget has, the bounds win.
    """
    known = [cell for cell in cells if cell.judged > 0]
    if not known:
        return {}
    budget = share * sum(cell.judged for cell in known)
    floors = {cell.key: FLOOR for cell in known}
    found = _fill(known, budget, floors)
    for _ in range(_ROUNDS):
        least = min(cell.mean_weight / found[cell.key] for cell in known)
        raised = {cell.key: min(1.0, max(floors[cell.key], cell.mean_weight / (RATIO * least))) for cell in known}
        if all(raised[key] <= found[key] * (1 + 1e-9) for key in raised):
            return found
        floors = raised
        found = _fill(known, budget, floors)
    return found


def _fill(
    cells: Sequence[Cell], budget: float, floors: Mapping[tuple[str, int], float]
) -> dict[tuple[str, int], float]:
    """π in proportion to demand, cut at the floors and at 1, with the factor that spends the budget."""

    def at(factor: float) -> dict[tuple[str, int], float]:
        return {cell.key: min(1.0, max(floors[cell.key], factor * cell.demand)) for cell in cells}

    def spent(plan: Mapping[tuple[str, int], float]) -> float:
        return sum(cell.judged * plan[cell.key] for cell in cells)

    low, high = 0.0, 1.0 / min(cell.demand for cell in cells)  # at `high` every cell is drawn whole
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if spent(at(middle)) < budget else (low, middle)
    return at(high)
