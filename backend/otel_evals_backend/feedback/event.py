"""A signal as the log event that goes on to the processor, whose judges are brought to answers by it.

It carries the id that the signal has here: when the processor sends it back with all else, it changes nothing.
"""

from collections.abc import Iterator
from typing import Final

from otel_evals.otlp.encode import AttributeValue, attributes, fixed64, length_delimited
from otel_evals.records.evaluation import EvaluatorType, Label
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals_backend.keeping.arrivals import FeedbackArrival
from otel_evals_backend.keeping.polarity import polarity

_ATTRIBUTES: Final = 6
_RESOURCE_ATTRIBUTES: Final = 1
_SCOPE: Final = length_delimited(1, length_delimited(1, otel_evals.SCOPE.encode()))
_NAME: Final = length_delimited(12, gen_ai.EVALUATION_RESULT.encode())
_LABELS: Final = {1: Label.PASS.value, -1: Label.FAIL.value}


def log_event(signal: FeedbackArrival, span: bytes | None, service: str) -> bytes:
    """An OTLP request with one log record. `span` is the key of the span that it was joined to, when it was."""
    trace_id = signal.trace_id or b""
    span_id = signal.span_id or b""
    if span is not None:
        trace_id, span_id = span[:16], span[16:]
    place = (length_delimited(9, trace_id) if trace_id else b"") + (length_delimited(10, span_id) if span_id else b"")
    record = b"".join(
        (fixed64(1, signal.at_ns), fixed64(11, signal.at_ns), attributes(_ATTRIBUTES, _says(signal)), place, _NAME)
    )
    resource = attributes(_RESOURCE_ATTRIBUTES, ((gen_ai.SERVICE_NAME, service),) if service else ())
    return length_delimited(
        1, length_delimited(1, resource) + length_delimited(2, _SCOPE + length_delimited(2, record))
    )


def _says(signal: FeedbackArrival) -> Iterator[tuple[str, AttributeValue]]:
    yield gen_ai.EVALUATION_NAME, "user_feedback"
    yield otel_evals.EVALUATOR_TYPE, EvaluatorType.USER.value
    yield otel_evals.FEEDBACK_SIGNAL, signal.signal
    yield otel_evals.FEEDBACK_ID, signal.id.hex()
    if (label := _LABELS.get(polarity(signal.signal, signal.value))) is not None:
        yield gen_ai.EVALUATION_LABEL, label
    if signal.value is not None:
        yield gen_ai.EVALUATION_SCORE, float(signal.value)
    if signal.comment:
        yield gen_ai.EVALUATION_EXPLANATION, signal.comment
    if signal.response_id is not None:
        yield gen_ai.RESPONSE_ID, signal.response_id
    if signal.conversation_id is not None:
        yield gen_ai.CONVERSATION_ID, signal.conversation_id
