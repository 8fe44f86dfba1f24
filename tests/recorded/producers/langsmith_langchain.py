"""LangChain traced by LangSmith's client in its OpenTelemetry mode."""

import os

os.environ |= {"LANGSMITH_TRACING": "true", "LANGSMITH_OTEL_ENABLED": "true", "LANGSMITH_OTEL_ONLY": "true"}
os.environ |= {"LANGSMITH_API_KEY": "scripted", "LANGSMITH_ENDPOINT": os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]}

from exporting import flush_globals, recorded, tracer_provider

tracer_provider()
import chain  # noqa: E402 - after the instrumentation, as in an application
from langchain_core.tracers.langchain import get_client, wait_for_all_tracers  # noqa: E402 - after the instrumentation, as in an application


def flush() -> None:
    """First LangSmith's own queue, then the exporter."""
    wait_for_all_tracers()
    get_client().flush()
    flush_globals()


for scenario in recorded(chain.CAN, flush=flush):
    chain.converse(scenario)
