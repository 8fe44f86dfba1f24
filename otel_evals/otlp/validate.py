"""Says whether a request body is valid, everywhere, and how many items it holds.

A body that is spliced is never decoded as a whole, yet what cannot be decoded must be answered with 400: so the
protobuf runtime parses it once, in C, and only the counts are kept.
"""

from typing import Any, Final

from google.protobuf.message import DecodeError as ProtobufDecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.records.errors import DecodeError
from otel_evals.records.signal import Signal

_REQUESTS: Final[dict[Signal, Any]] = {
    Signal.TRACES: ExportTraceServiceRequest,
    Signal.LOGS: ExportLogsServiceRequest,
    Signal.METRICS: ExportMetricsServiceRequest,
}


def count_items(signal: Signal, body: bytes) -> int:
    """The number of spans, log records or metrics in a valid body. Raises DecodeError on an invalid one."""
    try:
        request = _REQUESTS[signal].FromString(body)
    except ProtobufDecodeError as error:
        raise DecodeError(f"not an OTLP {signal.value} request in protobuf") from error
    if signal is Signal.TRACES:
        return sum(len(s.spans) for r in request.resource_spans for s in r.scope_spans)
    if signal is Signal.LOGS:
        return sum(len(s.log_records) for r in request.resource_logs for s in r.scope_logs)
    return sum(len(s.metrics) for r in request.resource_metrics for s in r.scope_metrics)
