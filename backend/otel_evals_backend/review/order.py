"""Which item comes first: one stream, in which nobody can tell why an item is asked.

Pure. A chosen item is worth what its reasons say, more where the risk is high. A random one is worth less the later it
would have been drawn: Neyman's plan makes every random label worth the same to the estimate, so among them the drawn
number decides, and when people do not get to the end of them, those that they did label are still a random sample, as
if the plan had been smaller. Both lie in the same range and so mix. Everything grows in value with its age at the same
rate, which leaves an order that never changes: value at birth less the time of birth.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

_WEEK_NS: Final = 7 * 86_400e9
_GROWTH: Final = 0.5
"""Worth that an item gains in a week of waiting."""
_LEAST_RANDOM: Final = 0.35


class Reason(StrEnum):
    """Why an item is asked. Never shown before its label."""

    RANDOM = "random_audit"
    HIGH_RISK = "failing_high_risk"
    CHECKS = "judge_checks_disagree"
    JUDGES = "judges_disagree"
    CONFIDENCE = "low_confidence"
    NEAR = "near_the_line"
    FEEDBACK = "negative_feedback"
    PICKED = "picked_by_hand"


_WORTH: Final = {
    Reason.FEEDBACK: 0.7,
    Reason.HIGH_RISK: 0.6,
    Reason.JUDGES: 0.5,
    Reason.CHECKS: 0.45,
    Reason.CONFIDENCE: 0.4,
    Reason.NEAR: 0.35,
    Reason.PICKED: 0.9,
    Reason.RANDOM: 0.0,
}
_BANDS: Final = (0.0, 0.05, 0.15)
"""Added worth by risk band, low to high."""
_MORE: Final = 0.05
"""Added by each further reason."""


def chosen_worth(reasons: Iterable[Reason], band: int | None) -> float:
    """Worth of an item that was chosen for `reasons`, of a span in `band` (position in BANDS), at most 1."""
    worths = sorted((_WORTH[reason] for reason in set(reasons)), reverse=True)
    if not worths:
        return 0.0
    return min(1.0, worths[0] + _MORE * (len(worths) - 1) + (0.0 if band is None else _BANDS[band]))


def random_worth(drawn: float, probability: float) -> float:
    """Worth of a random item whose number `drawn` lies below its `probability`: from 1, first drawn, downwards."""
    return _LEAST_RANDOM + (1 - _LEAST_RANDOM) * (1 - drawn / probability)


def priority(worth: float, created_ns: int) -> float:
    """Where an item stands in the queue: the highest comes first, whatever the time."""
    return worth - _GROWTH * created_ns / _WEEK_NS
