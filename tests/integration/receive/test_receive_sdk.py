"""The standard OpenTelemetry exporters as senders."""

import asyncio

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from otel_evals.records.signal import Signal


def _send_span(exporter) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("a scope").start_as_current_span("chat") as span:
        span.set_attribute("gen_ai.operation.name", "chat")
    provider.shutdown()


def _send_count(exporter) -> None:
    provider = MeterProvider([PeriodicExportingMetricReader(exporter)])
    provider.get_meter("a scope").create_counter("calls").add(1)
    provider.shutdown()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
async def test_the_python_exporters_are_understood(open_house, protocol, compressed):
    house = await open_house()
    if protocol == "grpc":
        target = {"endpoint": f"http://127.0.0.1:{house.entrance.grpc_port}", "insecure": True}
        target["compression"] = grpc.Compression.Gzip if compressed else None
        spans, metrics = GrpcSpans(**target), GrpcMetrics(**target)
    else:
        url = f"http://127.0.0.1:{house.entrance.http_port}"
        compression = Compression.Gzip if compressed else Compression.NoCompression
        spans = HttpSpans(endpoint=f"{url}/v1/traces", compression=compression)
        metrics = HttpMetrics(endpoint=f"{url}/v1/metrics", compression=compression)
    await asyncio.to_thread(_send_span, spans)
    await asyncio.to_thread(_send_count, metrics)
    (signal, body), (other, _) = house.intake.bodies
    assert (signal, other) == (Signal.TRACES, Signal.METRICS)
    (span,) = ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans
    assert (span.name, span.attributes[0].key) == ("chat", "gen_ai.operation.name")
    assert house.refused == []
