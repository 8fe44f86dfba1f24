"""The AI SDK for TypeScript, versions 3 to 6 and 7 with its legacy telemetry: `ai.operationId` says what a span is.

A root (`ai.generateText`) has the application's prompt, schema and metadata; the calls below it (`….doGenerate`,
`….doStream`) have the messages as they went out and the answer. Version 7 writes standard keys instead.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from otel_evals.messages.failure import error_type
from otel_evals.messages.json_schema import read_wish
from otel_evals.messages.jsons import decoded, encode, structure
from otel_evals.messages.normal import finish_reason, model, provider, text, tokens, version
from otel_evals.messages.shapes import fields_of, items_of
from otel_evals.messages.vendor_message import read_vendor_message
from otel_evals.messages.vendor_request import Request, read_request
from otel_evals.messages.vendor_response import choice_of
from otel_evals.messages.vendor_tools import read_vendor_tools
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Choice, Usage
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, Attributes, LogView, SpanView
from otel_evals.semconv import gen_ai
from otel_evals.semconv.vendors import AiSdk as Key

_CALLS: Final = (".doGenerate", ".doStream")
_ROOTS: Final = ("ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject")
_RESPONSES: Final = ("ai.response.", "ai.result.")
"""Where the answer stands: now, and in version 3."""

_ANSWERS: Final = ("text", "object", "toolCalls", "files")
"""What an answer is made of; any of them is one."""

_SESSION: Final = ("sessionId", "session_id", "conversationId", "conversation_id", "chatId", "threadId")
_PROMPT_NAME: Final = ("promptName", "prompt_name", "promptId", "prompt.name")
_PROMPT_VERSION: Final = ("promptVersion", "prompt_version", "prompt.version")
_LINKED_PROMPT: Final = "langfusePrompt"
_INPUT: Final = ("ai.usage.inputTokens", "ai.usage.promptTokens", gen_ai.USAGE_INPUT_TOKENS)
_OUTPUT: Final = ("ai.usage.outputTokens", "ai.usage.completionTokens", gen_ai.USAGE_OUTPUT_TOKENS)
_CACHED: Final = ("ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens")
_REASONING: Final = ("ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens")


class AiSdk:
    """Reads spans that carry `ai.operationId`."""

    id: ClassVar[str] = "ai_sdk"
    markers: ClassVar[tuple[bytes, ...]] = (b"ai.operationId",)
    signs: ClassVar[Signs] = Signs(keys=frozenset((Key.OPERATION,)))

    def detect(self, span: SpanView) -> bool:
        """Whether the span states its AI SDK operation."""
        return Key.OPERATION in span.attributes

    def read(self, span: SpanView) -> Reading:
        """The call or root that the operation is; tools, embeddings and the rest give their role only."""
        operation = span.attributes.get(Key.OPERATION)
        role = _role(operation) if isinstance(operation, str) else SpanRole.WRAPPER
        if isinstance(operation, str) and role in (SpanRole.MODEL_CALL, SpanRole.AGENT):
            return _read_call(span, role, operation)
        return Reading(role=role, request_model=model(span.attributes.get(Key.MODEL_ID))[1])

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the protocol's signature
        """Nothing: the AI SDK writes no log records."""
        return None


def _role(operation: str) -> SpanRole:
    if "mbed" in operation:
        return SpanRole.EMBEDDING
    if operation == "ai.toolCall":
        return SpanRole.TOOL
    if operation.startswith(_ROOTS):
        return SpanRole.MODEL_CALL if operation.endswith(_CALLS) else SpanRole.AGENT
    return SpanRole.OTHER


def _read_call(span: SpanView, role: SpanRole, operation: str) -> Reading:
    attributes = span.attributes
    request = _request(attributes)
    said, asked = model(attributes.get(Key.MODEL_ID) or attributes.get(gen_ai.REQUEST_MODEL))
    choices, reason = (None, None) if span.status_code == STATUS_ERROR else _choices(attributes, request)
    output_type, output_schema = _format(attributes, operation)
    name, prompt_version = _prompt(attributes)
    return Reading(
        role=role,
        operation="chat" if role is SpanRole.MODEL_CALL else "invoke_agent",
        provider=provider(attributes.get(Key.MODEL_PROVIDER) or attributes.get(gen_ai.SYSTEM)) or said,
        request_model=asked,
        response_model=model(attributes.get(Key.RESPONSE_MODEL) or attributes.get(gen_ai.RESPONSE_MODEL))[1],
        response_id=text(attributes.get(Key.RESPONSE_ID)) or text(attributes.get(gen_ai.RESPONSE_ID)),
        conversation_id=text(_metadata(attributes, _SESSION)),
        prompt_name=name,
        prompt_version=prompt_version,
        system=request.system,
        messages=request.messages,
        choices=choices,
        finish_reasons=(reason,) if reason else None,
        tools=read_vendor_tools(attributes.get(Key.TOOLS)),
        output_type=output_type,
        output_schema=output_schema,
        usage=_usage(attributes) if role is SpanRole.MODEL_CALL else None,
        streaming=True if operation.endswith(".doStream") or Key.FIRST_CHUNK in attributes else None,
        error_type=error_type(span),
        content_off=request.off,
        truncated=request.truncated,
    )


def _request(attributes: Attributes) -> Request:
    messages = attributes.get(Key.MESSAGES)
    return read_request(attributes.get(Key.PROMPT) if messages is None else messages)


def _choices(attributes: Attributes, request: Request) -> tuple[tuple[Choice, ...] | None, str | None]:
    """The answer and its reason. Versions 5 and 6 leave out an empty answer: the reason says that there was one."""
    found = next((p for p in _RESPONSES if any(f"{p}{k}" in attributes for k in _ANSWERS)), None)
    word = attributes.get("ai.response.finishReason") or attributes.get("ai.finishReason")
    if word is None and isinstance(listed := attributes.get(gen_ai.FINISH_REASONS), list):
        word = next(iter(items_of(listed)), None)
    if found is None and (word is None or not request.messages):
        return None, finish_reason(word)
    prefix = found or _RESPONSES[0]
    said = attributes.get(f"{prefix}text")
    if said is None:
        said = encode(attributes.get(f"{prefix}object"))
    calls, _ = structure(attributes.get(f"{prefix}toolCalls"))
    parts: list[Any] = [{"type": "text", "text": said}] if said else []
    if thought := text(attributes.get(f"{prefix}reasoning")):
        parts.append({"type": "reasoning", "text": thought})
    parts.extend({**fields_of(decoded(call)), "type": "tool-call"} for call in items_of(calls))
    files, _ = structure(attributes.get(f"{prefix}files"))
    parts.extend(_file(file) for file in items_of(files))
    read = read_vendor_message({"role": "assistant", "content": parts}, "assistant")
    if read is None:
        return None, finish_reason(word)
    choice = choice_of(read[0], word)
    return (choice,), choice.finish_reason


def _file(raw: Any) -> dict[str, str]:
    """A generated file as a part of the answer, by the first half of its media type."""
    fields = fields_of(decoded(raw))
    kind = text(fields.get("mediaType")) or text(fields.get("mimeType")) or ""
    return {"type": "file", "modality": kind.partition("/")[0] or "file"}


def _format(attributes: Attributes, operation: str) -> tuple[str | None, Mapping[str, Any] | None]:
    """`generateObject` asks for JSON; the schema stands on the root only."""
    mode = attributes.get(Key.OUTPUT)
    if Key.SCHEMA in attributes:
        _, schema = read_wish({"type": "json_schema", "schema": attributes.get(Key.SCHEMA)})
        return "json", schema
    return ("json" if "Object" in operation or mode in ("object", "array") else None), None


def _prompt(attributes: Attributes) -> tuple[str | None, str | None]:
    """Name and version of the prompt, under the keys that applications usually give them."""
    linked = fields_of(decoded(attributes.get(f"{Key.METADATA}{_LINKED_PROMPT}")))
    name = text(_metadata(attributes, _PROMPT_NAME)) or text(linked.get("name"))
    said = version(_metadata(attributes, _PROMPT_VERSION))
    return name, said or version(linked.get("version"))


def _metadata(attributes: Attributes, names: tuple[str, ...]) -> Any:
    for name in names:
        if (value := attributes.get(f"{Key.METADATA}{name}")) is not None:
            return value
    return None


def _usage(attributes: Attributes) -> Usage | None:
    spent, made = _count(attributes, _INPUT), _count(attributes, _OUTPUT)
    if spent is None and made is None:
        return None
    return Usage(
        input_tokens=spent,
        output_tokens=made,
        cache_read_tokens=_count(attributes, _CACHED),
        reasoning_tokens=_count(attributes, _REASONING),
    )


def _count(attributes: Attributes, keys: tuple[str, ...]) -> int | None:
    return next((count for key in keys if (count := tokens(attributes.get(key))) is not None), None)
