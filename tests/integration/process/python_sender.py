"""Sends all three signals through the OpenTelemetry SDK: `python_sender.py TRANSPORT URL COMPRESSION`."""

import importlib
import json
import logging
import sys
import warnings

import grpc
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

warnings.simplefilter("ignore")  # the SDK's own deprecations; what its exporters complain of is logged

from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler  # noqa: E402 - its public place today
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: E402


def exporter(transport: str, module: str, name: str, *, url: str, signal: str, compression: str):
    found = getattr(importlib.import_module(f"opentelemetry.exporter.otlp.proto.{transport}.{module}"), name)
    if transport == "grpc":
        kind = grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression
        return found(endpoint=url, insecure=True, compression=kind)
    kind = Compression.Gzip if compression == "gzip" else Compression.NoCompression
    return found(endpoint=f"{url}/v1/{signal}", compression=kind)


def main(transport: str, url: str, compression: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    traces = TracerProvider()
    span_exporter = exporter(
        transport, "trace_exporter", "OTLPSpanExporter", url=url, signal="traces", compression=compression
    )
    traces.add_span_processor(BatchSpanProcessor(span_exporter, max_export_batch_size=16))
    reader = PeriodicExportingMetricReader(
        exporter(transport, "metric_exporter", "OTLPMetricExporter", url=url, signal="metrics", compression=compression)
    )
    meters = MeterProvider([reader])
    logs = LoggerProvider()
    logs.add_log_record_processor(
        BatchLogRecordProcessor(
            exporter(transport, "_log_exporter", "OTLPLogExporter", url=url, signal="logs", compression=compression)
        )
    )
    tracer, counter = traces.get_tracer("sender"), meters.get_meter("sender").create_counter(f"sent.{transport}")
    for number in range(40):
        with tracer.start_as_current_span(f"{transport}-{number}") as span:
            span.set_attribute("gen_ai.operation.name", "chat")
            span.set_attribute("gen_ai.provider.name", "openai")
            span.set_attribute("gen_ai.request.model", "gpt-4o-mini")
            for key, role, text in (("input", "user", "How long?"), ("output", "assistant", "Thirty days.")):
                message = {"role": role, "parts": [{"type": "text", "content": text}], "finish_reason": "stop"}
                span.set_attribute(f"gen_ai.{key}.messages", json.dumps([message]))
            counter.add(1)
    logger = logging.getLogger("sender")
    logger.addHandler(LoggingHandler(logger_provider=logs))
    logger.propagate = False
    logger.warning("hello over %s", transport)
    for provider in (traces, meters, logs):
        provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
