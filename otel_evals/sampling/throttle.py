"""How much to lower the rates when a budget runs short, so that the last hours of its period are still sampled.

Whoever keeps the budgets asks before each decision, with what is spent and reserved by then. Nothing is remembered from
one question to the next, so workers that share a budget, and a process after its restart, have the same answer.

Let r be the share of the budget that is left, over the share of the period that is left. The factor is 1 while r is at
least `SLACK`, and falls with the power `STEEPNESS` below it. Traffic that would spend D times the budget then settles
where r stays as it is, SLACK * D^(-1/(STEEPNESS-1)), and so the budget lasts to the end of the period: at D = 5 the
hours after the beginning get 0.7 of an even share each, at D = 20 half of one. The factor is continuous in what is
spent and in time, and comes back by itself as time passes with less traffic, and when the next period begins.

It is no limit: a probability above 0 can be drawn even when nothing is left. The budget itself refuses then.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

SLACK: Final = 0.95
"""Spending may be ahead of an even pace by this much before rates are lowered: up to 5 % of the budget at the start."""
STEEPNESS: Final = 6.0
"""Higher spends more evenly under a steady overload; lower is gentler to a day whose busy hours come first."""
LASTING: Final = 1.01
"""The budget is made to last this many periods, so that one ends with a rest, not with refusals."""
LOWEST: Final = 1e-4
"""No factor is lower: a rate never becomes 0, so that every span keeps a probability."""


class Spending(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One budget in its present period: calls, tokens or USD, in any one unit."""

    spent: float
    """Spent and reserved since the period began."""
    budget: float
    """What the whole period may spend."""
    elapsed: float
    """Seconds since the period began."""
    period: float
    """Its length in seconds."""


def throttle(spendings: Iterable[Spending]) -> float:
    """The factor in [LOWEST, 1] for the budgets that there are: the tightest decides, and without any it is 1."""
    return min(map(_factor, spendings), default=1.0)


def _factor(spending: Spending) -> float:
    left = spending.budget - spending.spent
    if left <= 0.0:
        return LOWEST
    time_left = max(1.0 - spending.elapsed / (spending.period * LASTING), 0.0)
    even = SLACK * spending.budget * time_left
    if left >= even:
        return 1.0
    return max(LOWEST, (left / even) ** STEEPNESS)
