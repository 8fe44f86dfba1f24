"""What judges add to a span that has waited for them, as bytes to append to the span's message."""

from otel_evals.emit.annotations import coverage_annotation
from otel_evals.emit.results import ResultEvents
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult


class JudgedAdditions:
    """Encodes what goes onto a held span when it goes on."""

    def __init__(self) -> None:
        self._events = ResultEvents()

    def encode(
        self,
        results: tuple[EvaluationResult, ...],
        failures: tuple[EvaluationFailure, ...],
        *,
        coverage: CoverageOutcome,
        time_ns: int,
        response_id: str | None = None,
    ) -> bytes:
        """Attribute and event fields to append: the coverage, and what has come of each judge."""
        events = self._events.encode((*results, *failures), time_ns, response_id)
        return b"".join((coverage_annotation(coverage), *events))
