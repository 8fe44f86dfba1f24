"""Results as log-based events, for backends that read those: OpenTelemetry is moving from span events to them."""

from collections.abc import Sequence
from typing import Final

from otel_evals.emit.results import Outcome, result_attributes
from otel_evals.otlp.encode import attributes, fixed64, length_delimited
from otel_evals.semconv import gen_ai, otel_evals

_ATTRIBUTES: Final = 6
_SCOPE: Final = length_delimited(1, length_delimited(1, otel_evals.SCOPE.encode()))
_NAME: Final = length_delimited(12, gen_ai.EVALUATION_RESULT.encode())


def log_events(
    resource: bytes,
    outcomes: Sequence[Outcome],
    *,
    trace_id: bytes,
    span_id: bytes,
    response_id: str | None,
    time_ns: int,
) -> bytes:
    """One ResourceLogs field of an export request, a log record for each outcome; requests of several concatenate.

    Args:
        resource: the encoded Resource of the evaluated span.
        outcomes: results and failures.
        trace_id: of the evaluated span.
        span_id: of the evaluated span.
        response_id: of the evaluated call, when known.
        time_ns: time of the events, ns since the epoch.
    """
    more = attributes(_ATTRIBUTES, ((gen_ai.RESPONSE_ID, response_id),)) if response_id is not None else b""
    place = length_delimited(9, trace_id) + length_delimited(10, span_id) + _NAME
    times = fixed64(1, time_ns) + fixed64(11, time_ns)
    records = b"".join(
        length_delimited(2, times + attributes(_ATTRIBUTES, result_attributes(outcome)) + more + place)
        for outcome in outcomes
    )
    return length_delimited(1, length_delimited(1, resource) + length_delimited(2, _SCOPE + records))
