"""Writes a request down as OpenInference spans, the form of the instrumentors for LangChain and its kin.

A chain as root of the GenAI part, a retriever, and one LLM span a call with flat, numbered message keys.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context

from otel_evals.demo.genai_writer import input_tokens, output_tokens
from otel_evals.demo.request import AppRequest, ModelCall, Retrieval, Timed, timeline
from otel_evals.records.exchange import Message
from otel_evals.semconv import applications, gen_ai
from otel_evals.semconv.vendors import OpenInference as Key


class OpenInferenceWriter:
    """Writes retrievals and calls with `tracer`; tools are none of this application's business."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def write(self, request: AppRequest, end_ns: int) -> Span:
        """Write the whole trace; its last span ends at `end_ns`. The span that answered the customer."""
        start_ns, steps = timeline(request, end_ns)
        root = self._tracer.start_span(
            f"POST {request.route}",
            Context(),
            SpanKind.SERVER,
            {
                applications.HTTP_METHOD: "POST",
                applications.HTTP_ROUTE: request.route,
                applications.URL_PATH: request.route,
                applications.HTTP_STATUS: 200,
            },
            start_time=start_ns,
        )
        chain = self._tracer.start_span(
            "RunnableSequence",
            set_span_in_context(root, Context()),
            SpanKind.INTERNAL,
            {Key.SPAN_KIND: "CHAIN", gen_ai.SESSION_ID: request.conversation},
            start_time=start_ns + 1_000_000,
        )
        inside = set_span_in_context(chain, Context())
        answered = root
        for timed in steps:
            answered = self._step(request, timed, inside) or answered
        chain.end(end_ns - 1_000_000)
        root.end(end_ns)
        return answered

    def _step(self, request: AppRequest, timed: Timed, inside: Context) -> Span | None:
        """Write a step; its span when it is a call of a model."""
        match timed.step:
            case Retrieval() as step:
                name, attributes = "VectorStoreRetriever", dict(_retrieval(step))
            case ModelCall() as step:
                name, attributes = "ChatModel", dict(_call(request, step))
            case _:
                return None
        span = self._tracer.start_span(name, inside, SpanKind.INTERNAL, attributes, start_time=timed.start_ns)
        span.end(timed.end_ns)
        return span if isinstance(timed.step, ModelCall) else None


def _retrieval(step: Retrieval) -> Iterator[tuple[str, Any]]:
    yield Key.SPAN_KIND, "RETRIEVER"
    yield Key.INPUT_VALUE, step.query
    for number, document in enumerate(step.documents):
        key = f"{Key.DOCUMENTS}{number}.document"
        yield f"{key}.id", document.id
        yield f"{key}.content", document.text
        yield f"{key}.score", document.score


def _call(request: AppRequest, call: ModelCall) -> Iterator[tuple[str, Any]]:
    parameters: dict[str, Any] = {"model": request.model, "temperature": 0.2}
    if call.output_schema is not None:
        wish = {"name": request.prompt_name, "schema": call.output_schema}
        parameters["response_format"] = {"type": "json_schema", "json_schema": wish}
    yield Key.SPAN_KIND, "LLM"
    yield Key.MODEL_NAME, request.answered_by
    yield Key.PROVIDER, request.provider
    yield Key.PARAMETERS, msgspec.json.encode(parameters).decode()
    yield Key.PROMPT_ID, request.prompt_name
    yield Key.TEMPLATE_VERSION, request.prompt_version
    yield gen_ai.SESSION_ID, request.conversation
    for number, message in enumerate(call.messages):
        yield from _message(f"{Key.INPUT_MESSAGES}{number}", message)
    yield from _message(f"{Key.OUTPUT_MESSAGES}0", call.choice.message)
    yield Key.FINISH_REASON, call.choice.finish_reason
    yield Key.TOKENS_IN, input_tokens(call)
    yield Key.TOKENS_OUT, output_tokens(call)


def _message(key: str, message: Message) -> Iterator[tuple[str, Any]]:
    yield f"{key}.message.role", message.role
    yield f"{key}.message.content", message.text
