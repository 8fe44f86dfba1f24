"""MLflow tracing: a span type, and the whole inputs and outputs of what was called.

Every attribute value is JSON in a string, texts and numbers too. Inputs and outputs of a model call are the request and
the response in the vendor's own words (autologging of OpenAI, Anthropic, LangChain, …) or the arguments and result of a
traced function.
"""

from typing import Any, ClassVar, Final

from otel_evals.messages.documents import read_documents
from otel_evals.messages.failure import error_type
from otel_evals.messages.json_schema import read_format
from otel_evals.messages.jsons import decoded
from otel_evals.messages.normal import UNKNOWN_FINISH, flag, model, provider, text, tokens
from otel_evals.messages.shapes import fields_of, items_of
from otel_evals.messages.vendor_message import read_vendor_message, read_vendor_messages
from otel_evals.messages.vendor_request import read_request
from otel_evals.messages.vendor_response import Response, choice_of, read_response
from otel_evals.messages.vendor_tools import read_vendor_tools
from otel_evals.messages.vendor_usage import read_usage
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Choice
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, Attributes, LogView, SpanView
from otel_evals.semconv.vendors import MLflow as Key

_CHUNK: Final = "mlflow.chunk.item."
_CHUNK_VALUE: Final = "mlflow.chunk.value"
_ROLES: Final = {
    "CHAT_MODEL": SpanRole.MODEL_CALL, "LLM": SpanRole.MODEL_CALL, "AGENT": SpanRole.AGENT, "TOOL": SpanRole.TOOL,
    "RETRIEVER": SpanRole.RETRIEVAL, "RERANKER": SpanRole.RETRIEVAL, "EMBEDDING": SpanRole.EMBEDDING,
    "CHAIN": SpanRole.WRAPPER, "WORKFLOW": SpanRole.WRAPPER, "TASK": SpanRole.WRAPPER, "PARSER": SpanRole.WRAPPER,
    "MEMORY": SpanRole.WRAPPER, "UNKNOWN": SpanRole.WRAPPER, "GUARDRAIL": SpanRole.OTHER,
    "EVALUATOR": SpanRole.OTHER,
}  # fmt: skip


class MLflow:
    """Reads spans that carry `mlflow.spanType`."""

    id: ClassVar[str] = "mlflow"
    markers: ClassVar[tuple[bytes, ...]] = (b"mlflow.",)
    signs: ClassVar[Signs] = Signs(keys=frozenset((Key.TYPE,)))

    def detect(self, span: SpanView) -> bool:
        """Whether the span states its MLflow type."""
        return Key.TYPE in span.attributes

    def read(self, span: SpanView) -> Reading:
        """The model call, agent or retrieval that the span is; other types give their role only."""
        kind = decoded(span.attributes.get(Key.TYPE))
        role = _ROLES.get(kind.upper(), SpanRole.WRAPPER) if isinstance(kind, str) else SpanRole.WRAPPER
        session = text(decoded(span.attributes.get(Key.SESSION)))
        if role is SpanRole.MODEL_CALL or role is SpanRole.AGENT:
            return _read_call(span, role, session)
        documents = read_documents(span.attributes.get(Key.OUTPUTS)) if role is SpanRole.RETRIEVAL else None
        return Reading(role=role, documents=documents, conversation_id=session)

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the protocol's signature
        """Nothing: MLflow writes no log records."""
        return None


def _read_call(span: SpanView, role: SpanRole, session: str | None) -> Reading:
    attributes = span.attributes
    request = read_request(attributes.get(Key.INPUTS))
    messages, system = request.messages, request.system
    if not messages and isinstance(listed := _value(attributes, Key.MESSAGES), list):
        turns, _ = read_vendor_messages(listed)
        messages = turns[:-1] if len(turns) > 1 and turns[-1].role == "assistant" else turns
    response = Response() if span.status_code == STATUS_ERROR else read_response(attributes.get(Key.OUTPUTS))
    choices = response.choices
    if choices and len(choices) == 1 and not choices[0].message.text and not choices[0].message.tool_calls:
        choices = _streamed(span) or choices
    reasons = tuple(choice.finish_reason or UNKNOWN_FINISH for choice in choices or ())
    named = text(_value(attributes, Key.MODEL))
    asked = request.model or text(_value(attributes, "model")) or named
    answered = response.model or (named if named != asked else None)
    tools = request.tools
    if tools is None:
        tools = read_vendor_tools(_value(attributes, Key.TOOLS)) or read_vendor_tools(_value(attributes, "tools"))
    output_type, output_schema = request.output_type, request.output_schema
    if output_type is None and "response_format" in attributes:
        output_type, output_schema = read_format({"response_format": _value(attributes, "response_format")})
    return Reading(
        role=role,
        operation="chat" if role is SpanRole.MODEL_CALL else "invoke_agent",
        provider=provider(_value(attributes, Key.PROVIDER)) or model(asked)[0],
        request_model=model(asked)[1],
        response_model=model(answered)[1],
        response_id=response.id,
        conversation_id=session,
        system=system,
        messages=messages,
        choices=choices,
        finish_reasons=reasons if any(reasons) else None,
        tools=tools,
        output_type=output_type,
        output_schema=output_schema,
        usage=response.usage or read_usage(attributes.get(Key.USAGE)),
        streaming=True if request.streaming or flag(_value(attributes, "stream")) else None,
        error_type=error_type(span),
        content_off=request.off or response.off,
        truncated=request.truncated or response.truncated,
    )


def _streamed(span: SpanView) -> tuple[Choice, ...] | None:
    """The tool calls of a stream, from its chunks: MLflow's summary of a stream keeps only the text."""
    calls: dict[int, dict[str, Any]] = {}
    word = None
    for event in span.events:
        if not event.name.startswith(_CHUNK):
            continue
        for choice in items_of(fields_of(decoded(event.attributes.get(_CHUNK_VALUE))).get("choices")):
            word = fields_of(choice).get("finish_reason") or word
            for piece in items_of(fields_of(fields_of(choice).get("delta")).get("tool_calls")):
                _add_piece(calls, fields_of(piece))
    if not calls:
        return None
    read = read_vendor_message({"role": "assistant", "content": "", "tool_calls": list(calls.values())}, "assistant")
    return (choice_of(read[0], word),) if read is not None else None


def _add_piece(calls: dict[int, dict[str, Any]], piece: dict[str, Any]) -> None:
    said = fields_of(piece.get("function"))
    call = calls.setdefault(tokens(piece.get("index")) or 0, {"id": None, "name": "", "arguments": ""})
    call["id"] = call["id"] or piece.get("id")
    for key in ("name", "arguments"):
        call[key] += text(said.get(key)) or ""


def _value(attributes: Attributes, key: str) -> Any:
    return decoded(attributes.get(key))
