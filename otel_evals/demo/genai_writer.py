"""Writes a request down as spans of the newest standard GenAI conventions, its content on the spans or in log records.

The same form as OpenTelemetry's own instrumentations: an HTTP server span as root, an agent under it, and under that
one span a step. Where content goes to log records, the span of a call has none, and a details event carries it.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from opentelemetry._logs import Logger, LogRecord
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context

from otel_evals.demo.request import AppRequest, ModelCall, Retrieval, Timed, ToolRun, timeline
from otel_evals.records.exchange import Message, ToolDefinition
from otel_evals.semconv import applications, gen_ai

_CHARACTERS_A_TOKEN: Final = 4


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


class GenAiWriter:
    """Writes with `tracer`; content goes to `logger` when there is one, else on the spans."""

    def __init__(self, tracer: Tracer, logger: Logger | None = None) -> None:
        self._tracer = tracer
        self._logger = logger

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
        agent = self._tracer.start_span(
            f"invoke_agent {request.agent}",
            set_span_in_context(root, Context()),
            SpanKind.INTERNAL,
            {
                gen_ai.OPERATION_NAME: "invoke_agent",
                applications.AGENT_NAME: request.agent,
                gen_ai.PROVIDER_NAME: request.provider,
                gen_ai.CONVERSATION_ID: request.conversation,
            },
            start_time=start_ns + 1_000_000,
        )
        inside = set_span_in_context(agent, Context())
        answered = root
        for timed in steps:
            answered = self._step(request, timed, inside) or answered
        agent.end(end_ns - 1_000_000)
        root.end(end_ns)
        return answered

    def _step(self, request: AppRequest, timed: Timed, inside: Context) -> Span | None:
        """Write a step; its span when it is a call of a model."""
        match timed.step:
            case Retrieval() as step:
                attributes: dict[str, Any] = {
                    gen_ai.OPERATION_NAME: "retrieval",
                    applications.DATA_SOURCE_ID: "knowledge-base",
                    applications.RETRIEVAL_QUERY: step.query,
                    gen_ai.RETRIEVAL_DOCUMENTS: _json([
                        {"id": d.id, "content": d.text, "score": d.score} for d in step.documents
                    ]),
                }  # fmt: skip
                self._span("retrieval knowledge-base", SpanKind.CLIENT, attributes, timed, inside)
            case ToolRun() as step:
                attributes = {
                    gen_ai.OPERATION_NAME: "execute_tool",
                    gen_ai.TOOL_NAME: step.call.name,
                    gen_ai.TOOL_CALL_ID: step.call.id or "",
                    applications.TOOL_TYPE: "function",
                    applications.TOOL_CALL_ARGUMENTS: _json(step.call.arguments),
                    applications.TOOL_CALL_RESULT: step.result,
                }
                self._span(f"execute_tool {step.call.name}", SpanKind.INTERNAL, attributes, timed, inside)
            case ModelCall() as step:
                return self._call(request, step, timed, inside)
        return None

    def _call(self, request: AppRequest, call: ModelCall, timed: Timed, inside: Context) -> Span:
        facts, said = _facts(request, call), _said(call)
        attributes = facts if self._logger is not None else {**facts, **said}
        span = self._span(f"chat {request.model}", SpanKind.CLIENT, attributes, timed, inside)
        if self._logger is not None:
            self._logger.emit(
                LogRecord(
                    timestamp=timed.end_ns,
                    context=set_span_in_context(span, Context()),
                    event_name=gen_ai.DETAILS_EVENT,
                    attributes={**facts, **said},
                )
            )
        return span

    def _span(self, name: str, kind: SpanKind, attributes: dict[str, Any], timed: Timed, inside: Context) -> Span:
        span = self._tracer.start_span(name, inside, kind, attributes, start_time=timed.start_ns)
        span.end(timed.end_ns)
        return span


def _facts(request: AppRequest, call: ModelCall) -> dict[str, Any]:
    return {
        gen_ai.OPERATION_NAME: "chat",
        gen_ai.PROVIDER_NAME: request.provider,
        gen_ai.REQUEST_MODEL: request.model,
        gen_ai.RESPONSE_MODEL: request.answered_by,
        gen_ai.FINISH_REASONS: [call.choice.finish_reason or "stop"],
        gen_ai.CONVERSATION_ID: request.conversation,
        gen_ai.PROMPT_NAME: request.prompt_name,
        gen_ai.PROMPT_VERSION: request.prompt_version,
        applications.REQUEST_TEMPERATURE: 0.2,
        gen_ai.USAGE_INPUT_TOKENS: input_tokens(call),
        gen_ai.USAGE_OUTPUT_TOKENS: output_tokens(call),
    }


def _said(call: ModelCall) -> dict[str, Any]:
    system = [m for m in call.messages if m.role == "system"]
    others = [m for m in call.messages if m.role != "system"]
    answer = {**_message(call.choice.message), "finish_reason": call.choice.finish_reason}
    said: dict[str, Any] = {
        gen_ai.SYSTEM_INSTRUCTIONS: _json([{"type": "text", "content": m.text} for m in system]),
        gen_ai.INPUT_MESSAGES: _json([_message(m) for m in others]),
        gen_ai.OUTPUT_MESSAGES: _json([answer]),
    }
    if call.tools:
        said[gen_ai.TOOL_DEFINITIONS] = _json([_definition(tool) for tool in call.tools])
    return said


def _message(message: Message) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "text", "content": message.text}] if message.text else []
    parts += [{"type": "tool_call", "id": c.id, "name": c.name, "arguments": c.arguments} for c in message.tool_calls]
    parts += [{"type": "tool_call_response", "id": r.id, "response": r.text} for r in message.tool_results]
    return {"role": message.role, "parts": parts}


def _definition(tool: ToolDefinition) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }


def input_tokens(call: ModelCall) -> int:
    """What a provider would bill for the input, nearly."""
    return _tokens(m.text + "".join(r.text for r in m.tool_results) for m in call.messages)


def output_tokens(call: ModelCall) -> int:
    """What a provider would bill for the answer, nearly."""
    message = call.choice.message
    return _tokens([message.text, *(_json(c.arguments) for c in message.tool_calls)])


def _tokens(texts: Iterable[str]) -> int:
    return sum(len(text) for text in texts) // _CHARACTERS_A_TOKEN
