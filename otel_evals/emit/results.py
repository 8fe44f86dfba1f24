"""Results and failures as `gen_ai.evaluation.result` events.

Most results repeat (a check that passes says the same of thousands of spans), so everything but the time and the
response id is encoded once and kept: the attributes of the event, and the two span attributes that repeat the result.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from otel_evals.emit.annotations import result_annotation
from otel_evals.otlp.encode import AttributeValue, attributes, span_events
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult, EvaluatorType
from otel_evals.semconv import gen_ai, otel_evals

_EVENT_ATTRIBUTES: Final = 3
_CACHE: Final = 4096
EXPLANATION_CAP: Final = 1000
"""Characters of an explanation that go on the wire."""

Outcome = EvaluationResult | EvaluationFailure


def result_attributes(outcome: Outcome) -> Iterator[tuple[str, AttributeValue]]:
    """The attributes of one result (on an event or a span of its own), in the contract's order."""
    yield gen_ai.EVALUATION_NAME, outcome.name
    if isinstance(outcome, EvaluationResult):
        yield gen_ai.EVALUATION_SCORE, float(outcome.score)
        yield gen_ai.EVALUATION_LABEL, outcome.label.value
        if outcome.explanation:
            yield gen_ai.EVALUATION_EXPLANATION, outcome.explanation[:EXPLANATION_CAP]
    else:
        yield gen_ai.ERROR_TYPE, outcome.error_type
        yield gen_ai.EVALUATION_EXPLANATION, outcome.message[:EXPLANATION_CAP]
    yield otel_evals.EVALUATOR_TYPE, outcome.evaluator_type.value
    yield otel_evals.EVALUATOR_ID, outcome.evaluator_id
    yield otel_evals.EVALUATOR_VERSION, outcome.evaluator_version
    if outcome.evaluator_model is not None:
        yield otel_evals.EVALUATOR_MODEL, outcome.evaluator_model
    if isinstance(outcome, EvaluationResult):
        yield from _verdict(outcome)
    if isinstance(outcome, EvaluationResult) or outcome.evaluator_type is not EvaluatorType.CODE:
        yield otel_evals.SAMPLING_PROBABILITY, float(outcome.sampling_probability)
        if outcome.sampling_stratum is not None:
            yield otel_evals.SAMPLING_STRATUM, outcome.sampling_stratum
    if isinstance(outcome, EvaluationResult):
        if outcome.label_probability is not None:
            yield otel_evals.LABEL_PROBABILITY, float(outcome.label_probability)
        if outcome.label_purposive:
            yield otel_evals.LABEL_PURPOSIVE, True
    if outcome.shadow:
        yield otel_evals.SHADOW, True
    yield otel_evals.SOURCE, outcome.source.value


def _verdict(result: EvaluationResult) -> Iterator[tuple[str, AttributeValue]]:
    if result.verdict is not None:
        yield otel_evals.VERDICT, result.verdict
    if result.confidence is not None:
        yield otel_evals.VERDICT_CONFIDENCE, float(result.confidence)
    if result.cached:
        yield otel_evals.VERDICT_CACHED, True


class ResultEvents:
    """Encodes results as span events."""

    def __init__(self) -> None:
        self._known: dict[Outcome, tuple[bytes, bytes]] = {}

    def encode(self, outcomes: Sequence[Outcome], time_ns: int, response_id: str | None) -> list[bytes]:
        """Fields to append to a span: two attributes of each result, then one event of each outcome."""
        encoded = [self._known.get(outcome) or self._learn(outcome) for outcome in outcomes]
        tail = b"" if response_id is None else attributes(_EVENT_ATTRIBUTES, ((gen_ai.RESPONSE_ID, response_id),))
        annotations = [annotation for annotation, _ in encoded]
        return annotations + span_events(gen_ai.EVALUATION_RESULT, time_ns, [event for _, event in encoded], tail)

    def _learn(self, outcome: Outcome) -> tuple[bytes, bytes]:
        annotation = b""
        # A shadow's result must not be found where dashboards look for the active judge's.
        if isinstance(outcome, EvaluationResult) and not outcome.shadow:
            annotation = result_annotation(outcome)
        encoded = (annotation, attributes(_EVENT_ATTRIBUTES, result_attributes(outcome)))
        if len(self._known) >= _CACHE:
            self._known.clear()
        self._known[outcome] = encoded
        return encoded
