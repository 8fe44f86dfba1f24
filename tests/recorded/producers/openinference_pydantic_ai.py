"""openinference-instrumentation-pydantic-ai: a span processor that adds its keys to Pydantic AI's spans."""

import exporting
from openinference.instrumentation.pydantic_ai import OpenInferenceSpanProcessor
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def enriched_provider() -> TracerProvider:
    """A provider whose spans are enriched before they are exported."""
    provider = TracerProvider()
    provider.add_span_processor(OpenInferenceSpanProcessor())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


exporting.tracer_provider = enriched_provider
import pydantic_ai_agents  # noqa: E402, F401 - after the instrumentation, as in an application
