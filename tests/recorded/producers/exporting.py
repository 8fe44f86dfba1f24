"""How a producer exports, and how it tells the recorder which scenario the next request bodies belong to.

Used by every producer script, in an environment of its own; the addresses come from the environment.
"""

import json
import os
import sys
import traceback
import urllib.request
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress

from scenarios import EVERYTHING, SCENARIOS, Scenario

MODEL_URL = os.environ["MODEL_URL"]
"""Root of the scripted model server."""
OPENAI_URL = f"{MODEL_URL}/v1"
ENDPOINT = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
MODE = sys.argv[1] if len(sys.argv) > 1 else ""
"""Which variant of the producer is to be recorded."""


def tracer_provider(**options: object):
    """A tracer provider of the OpenTelemetry SDK that exports over HTTP; it is the global one from now on."""
    from opentelemetry import trace  # noqa: PLC0415 - only some environments have it
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - only some environments have it
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - only some environments have it
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - only some environments have it

    provider = TracerProvider(**options)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


def logger_provider():
    """The same for log records."""
    from opentelemetry._logs import set_logger_provider  # noqa: PLC0415 - only some environments have it
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter  # noqa: PLC0415 - only some environments have it
    from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415 - only some environments have it
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: PLC0415 - only some environments have it

    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    set_logger_provider(provider)
    return provider


def flush_globals() -> None:
    """Export what the global providers hold."""
    from opentelemetry import trace  # noqa: PLC0415 - only some environments have it
    from opentelemetry._logs import get_logger_provider  # noqa: PLC0415 - only some environments have it

    for provider in (trace.get_tracer_provider(), get_logger_provider()):
        with suppress(AttributeError):  # the API's own provider has nothing to flush
            provider.force_flush()


def recorded(can: AbstractSet[str] = EVERYTHING, *, flush: Callable[[], object] = flush_globals) -> Iterator[Scenario]:
    """The scenarios that this producer can run; each is flushed before the next begins."""
    for scenario in SCENARIOS:
        if scenario.kinds <= can:
            _tell(f"scenario/{scenario.name}")
            yield scenario
            flush()
    _tell("scenario/late")
    flush()


@contextmanager
def surviving(scenario: Scenario) -> Iterator[None]:
    """Lets the run go on after what an application would see as an exception, and notes it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever a framework makes of a refusal
        _tell("exception", {"type": type(error).__name__})
        if scenario.status == 200:
            traceback.print_exc()


def _tell(path: str, data: object = None) -> None:
    request = urllib.request.Request(f"{ENDPOINT}/{path}", data=json.dumps(data).encode(), method="POST")  # noqa: S310 - the recorder on the loopback address
    with urllib.request.urlopen(request):  # noqa: S310 - the recorder on the loopback address
        pass
