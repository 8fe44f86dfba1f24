"""The three applications of the shop: what each does and how it tells about it.

`support-assistant` follows the newest standard conventions, `product-adviser` OpenInference, and `order-desk` leaves
the content of its calls to log records. Each has tracers of its own, as separate programs would.
"""

import random
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from opentelemetry._logs import Logger
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span

from otel_evals.demo.customers import Customers, Give, Reaction
from otel_evals.demo.genai_writer import GenAiWriter
from otel_evals.demo.openinference_writer import OpenInferenceWriter
from otel_evals.demo.request import AppRequest
from otel_evals.demo.requests import Requests
from otel_evals.demo.scenarios import scenarios
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.semconv import gen_ai

_VERSIONS: Final = {"support-assistant": "3.8.1", "product-adviser": "1.4.0", "order-desk": "0.9.2"}
_SCOPE: Final = "larkfield.demo"
_OPENINFERENCE_SCOPE: Final = "openinference.instrumentation.langchain"

MakeSpans = Callable[[], SpanProcessor]
MakeLogs = Callable[[], LogRecordProcessor]


class Writer(Protocol):
    """Writes a request down."""

    def write(self, request: AppRequest, end_ns: int) -> Span:
        """Write the whole trace; its last span ends at `end_ns`, ns since the epoch. The span that answered."""
        ...


class Shop:
    """All applications. `serve` lets one of them work on a request; `close` sends what is left.

    Args:
        seed: of the requests and of which application gets the next one.
        spans: makes the way of one application's spans.
        logs: makes the way of one application's log records.
        give: the way of what customers think to a backend; None = all of it goes in log records.
    """

    def __init__(self, seed: int, *, spans: MakeSpans, logs: MakeLogs, give: Give | None = None) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - scenes of a demo, no secret
        self._requests = Requests(scenarios(), self._rng)
        self._tracing = {name: _tracing(name, spans()) for name in _VERSIONS}
        self._logging = {name: _logging(name, logs()) for name in _VERSIONS}
        loggers = {name: provider.get_logger(_SCOPE) for name, provider in self._logging.items()}
        support = GenAiWriter(self._tracing["support-assistant"].get_tracer(_SCOPE))
        adviser = OpenInferenceWriter(self._tracing["product-adviser"].get_tracer(_OPENINFERENCE_SCOPE))
        orders = GenAiWriter(self._tracing["order-desk"].get_tracer(_SCOPE), loggers["order-desk"])
        self._kinds: tuple[tuple[Callable[[], AppRequest], Writer, Logger], ...] = (
            (self._requests.support, support, loggers["support-assistant"]),
            (self._requests.advice, adviser, loggers["product-adviser"]),
            (self._requests.triage, adviser, loggers["product-adviser"]),
            (self._requests.order, orders, loggers["order-desk"]),
        )
        self._customers = Customers(random.Random(f"customers {seed}"), give)  # noqa: S311 - as above
        self._tries: deque[tuple[AppRequest, Writer, Logger]] = deque()

    def serve(self, end_ns: int) -> AppRequest:
        """Serve one customer, whose request ends at `end_ns`; what it was."""
        self._customers.report(end_ns)
        if self._tries:
            request, writer, logger = self._tries.popleft()
        else:
            make, writer, logger = self._rng.choices(self._kinds, weights=(9, 4, 2, 2))[0]
            request = make()
        answered = writer.write(request, end_ns)
        if (reaction := self._customers.react(request)) is not None:
            self._customers.plan(logger, reaction, request, answered, end_ns)
            self._try_again(request, reaction, writer, logger)
        return request

    def _try_again(self, request: AppRequest, reaction: Reaction, writer: Writer, logger: Logger) -> None:
        if reaction.signal not in (FeedbackSignal.REGENERATE, FeedbackSignal.REPHRASE):
            return
        again = self._requests.again(request, rephrased=reaction.signal is FeedbackSignal.REPHRASE)
        if again is not None:
            self._tries.append((again, writer, logger))

    def pause(self, calls: int, rate: float) -> float:
        """Seconds until the next customer, so that `rate` model calls a second come of requests with `calls` each."""
        return self._rng.expovariate(rate / max(1, calls))

    def close(self) -> None:
        """Send what has not been sent yet, and end the SDK's threads."""
        for provider in self._tracing.values():
            provider.shutdown()
        for provider in self._logging.values():
            provider.shutdown()


def _tracing(name: str, processor: SpanProcessor) -> TracerProvider:
    provider = TracerProvider(sampler=ALWAYS_ON, resource=_resource(name), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider


def _logging(name: str, processor: LogRecordProcessor) -> LoggerProvider:
    provider = LoggerProvider(resource=_resource(name), shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    return provider


def _resource(name: str) -> Resource:
    facts: dict[str, Any] = {
        gen_ai.SERVICE_NAME: name,
        gen_ai.SERVICE_VERSION: _VERSIONS[name],
        gen_ai.DEPLOYMENT_ENVIRONMENT: "demo",
    }
    return Resource(facts)
