"""Whether a user's signal speaks for the answer or against it."""

from typing import Final

from otel_evals.records.feedback import FeedbackSignal

_PLAIN: Final = {
    FeedbackSignal.THUMBS_UP: 1, FeedbackSignal.COPY: 1,
    FeedbackSignal.THUMBS_DOWN: -1, FeedbackSignal.REGENERATE: -1, FeedbackSignal.REPHRASE: -1,
    FeedbackSignal.ABANDON: -1, FeedbackSignal.CORRECTION: -1,
}  # fmt: skip
_MUCH: Final = 0.3
"""Share of an answer that was changed, from which on it was not good enough."""


def polarity(signal: str, value: float | None) -> int:
    """1 for the answer, -1 against it, 0 neither.

    A rating is 0 … 1, 1 best, as scores are; the value of an edit is the share of the answer that was changed.
    """
    if signal == FeedbackSignal.RATING:
        return 0 if value is None or value == 0.5 else 1 if value > 0.5 else -1
    if signal == FeedbackSignal.EDIT:
        return -1 if value is None or value > _MUCH else 0
    return _PLAIN.get(FeedbackSignal(signal), 0)


def worst(polarities: "list[int]") -> int:
    """What stands on a span with several: one that is against it counts more than any for it."""
    return -1 if -1 in polarities else max(polarities, default=0)
