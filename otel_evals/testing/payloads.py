"""Reads whole OTLP request bodies into views, slowly and plainly: for tests and tools, never for the data path."""

from collections.abc import Iterator

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.otlp.decode import decode_log, decode_resource, decode_span
from otel_evals.records.span import LogView, SpanView


def spans_of(body: bytes) -> Iterator[SpanView]:
    """Every span of an encoded ExportTraceServiceRequest."""
    for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
        resource = decode_resource(resource_spans.resource.SerializeToString())
        for scope_spans in resource_spans.scope_spans:
            scope = (scope_spans.scope.name, scope_spans.scope.version)
            for span in scope_spans.spans:
                yield decode_span(span.SerializeToString(), resource, scope)


def logs_of(body: bytes) -> Iterator[LogView]:
    """Every log record of an encoded ExportLogsServiceRequest."""
    for resource_logs in ExportLogsServiceRequest.FromString(body).resource_logs:
        resource = decode_resource(resource_logs.resource.SerializeToString())
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                yield decode_log(record.SerializeToString(), resource, scope_logs.scope.name)
