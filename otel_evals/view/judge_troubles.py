"""The latest judgement of each kind that could not be made, seen as judgements end in this process.

`JudgeTroubles.observe` runs where judgements are counted: it looks at the outcome and keeps the latest of each kind.
"""

import msgspec

from otel_evals.emit.evaluation_span import Judgement
from otel_evals.records.evaluation import EvaluationFailure
from otel_evals.view.legible import legible


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One judgement that could not be made. The reason never quotes content."""

    judge: str
    kind: str
    """Error type."""
    reason: str
    trace_id: str
    order: int
    """Counts troubles as they come."""


class JudgeTroubles:
    """One trouble a judge and kind, the latest."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Trouble] = {}
        self._seen = 0

    def observe(self, judgement: Judgement) -> None:
        """Keep it when it has no verdict."""
        outcome = judgement.outcome
        if not isinstance(outcome, EvaluationFailure):
            return
        self._seen += 1
        self._found[outcome.evaluator_id, outcome.error_type] = Trouble(
            judge=outcome.evaluator_id,
            kind=legible(outcome.error_type),
            reason=legible(outcome.message),
            trace_id=judgement.trace_id.hex(),
            order=self._seen,
        )

    def latest(self) -> list[Trouble]:
        """Newest first."""
        found = list(self._found.values())  # one step: the view asks from another thread
        return sorted(found, key=lambda trouble: -trouble.order)
