"""OpenLLMetry up to 0.47 and its JavaScript sibling: one attribute per message field, `gen_ai.prompt.N.content`.

Also written by LiteLLM and Laminar. Content may be a text, JSON for a list of parts, or (LangChain) JSON for a text. A
filtered answer is replaced by the word FILTERED.
"""

from typing import Any, ClassVar, Final

from otel_evals.messages.failure import error_type
from otel_evals.messages.json_schema import read_wish
from otel_evals.messages.jsons import decoded
from otel_evals.messages.normal import flag, model, operation, provider, text, tokens
from otel_evals.messages.rows import Row, below, read_rows
from otel_evals.messages.shapes import fields_of, items_of
from otel_evals.messages.vendor_message import read_vendor_message
from otel_evals.messages.vendor_response import choice_of
from otel_evals.messages.vendor_tools import read_vendor_tools
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Choice, Message, ToolDefinition, Usage
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, Attributes, LogView, SpanView
from otel_evals.semconv import gen_ai
from otel_evals.semconv.vendors import Traceloop as Key

_ASKED: Final = tuple(f"{Key.PROMPTS}{n}.{field}" for n in (0, 1) for field in ("role", "content"))
_ANSWERED: Final = (f"{Key.COMPLETIONS}0.content", f"{Key.COMPLETIONS}0.role")
_KEYS: Final = (Key.REQUEST_TYPE, *_ASKED, *_ANSWERED)
_PREFIXES: Final = (Key.PROMPTS, Key.COMPLETIONS, Key.FUNCTIONS)
_TYPES: Final = {
    "chat": SpanRole.MODEL_CALL, "completion": SpanRole.MODEL_CALL, "embedding": SpanRole.EMBEDDING,
    "rerank": SpanRole.OTHER,
}  # fmt: skip
_FILTERED: Final = "FILTERED"
_UNKNOWN_ROLES: Final = ("", "unknown")
_SPOKEN: Final = ("system", "user", "assistant")
_PLAIN: Final = {"role", "content", "finish_reason"}


class OpenLLMetryIndexed:
    """Reads spans whose messages are flat indexed `gen_ai.prompt.N` and `gen_ai.completion.N` keys."""

    id: ClassVar[str] = "openllmetry_indexed"
    markers: ClassVar[tuple[bytes, ...]] = (b"gen_ai.prompt.", b"gen_ai.completion.", b"llm.request.type")
    signs: ClassVar[Signs] = Signs(keys=frozenset(_KEYS))

    def detect(self, span: SpanView) -> bool:
        """Whether the span has a request type or a first indexed message."""
        return not self.signs.keys.isdisjoint(span.attributes)

    def read(self, span: SpanView) -> Reading:
        """The call with its messages, offered functions and counts."""
        attributes = span.attributes
        kind = attributes.get(Key.REQUEST_TYPE)
        role = _TYPES.get(kind.lower(), SpanRole.OTHER) if isinstance(kind, str) else _role(attributes)
        if role is not SpanRole.MODEL_CALL:
            return Reading(role=role)
        prompts, completions, functions = read_rows(attributes, _PREFIXES)
        asked, off = _messages(prompts)
        failed = span.status_code == STATUS_ERROR
        choices, answer_off = (None, False) if failed else _choices(completions, attributes)
        reasons = tuple([choice.finish_reason or "" for choice in choices or ()])
        said, request_model = model(attributes.get(gen_ai.REQUEST_MODEL))
        output_type, output_schema = read_wish(attributes.get(Key.SCHEMA))
        return Reading(
            role=role,
            operation=operation(kind) or "chat",
            provider=provider(attributes.get(gen_ai.SYSTEM)) or provider(attributes.get(gen_ai.PROVIDER_NAME)) or said,
            request_model=request_model,
            response_model=model(attributes.get(gen_ai.RESPONSE_MODEL))[1],
            response_id=text(attributes.get(gen_ai.RESPONSE_ID)),
            messages=asked or None,
            choices=choices,
            finish_reasons=reasons if any(reasons) else None,
            tools=_tools(functions),
            output_type=output_type,
            output_schema=output_schema,
            usage=_usage(attributes),
            streaming=flag(attributes.get(Key.STREAMING_OLD)) or flag(attributes.get(Key.STREAMING)),
            error_type=error_type(span),
            content_off=off or answer_off,
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the protocol's signature
        """Nothing: messages of this shape stand on spans only."""
        return None


def _role(attributes: Attributes) -> SpanRole | None:
    """Spans without a request type are calls by their messages, unless another convention says what they are."""
    if Key.SPAN_KIND in attributes:
        return None
    said = attributes.get(gen_ai.OPERATION_NAME)
    if isinstance(said, str) and operation(said) not in ("chat", "text_completion", "generate_content"):
        return None
    return SpanRole.MODEL_CALL


def _messages(rows: list[Row]) -> tuple[tuple[Message, ...], bool]:
    found = [_message(row, "user") for row in rows]
    return tuple([message for message, _ in found]), any(off for _, off in found)


def _message(row: Row, default_role: str) -> tuple[Message, bool]:
    content, role = _content(row.get("content")), row.get("role")
    if role in _SPOKEN and isinstance(content, str) and row.keys() <= _PLAIN and content[:1] not in ("_", "["):
        return Message(role=role, text=content), False
    raw = {field: value for field, value in row.items() if "." not in field}
    raw.update(content=content, role=default_role if role in _UNKNOWN_ROLES else role)
    if calls := below(row, "tool_calls."):
        raw["tool_calls"] = calls
    elif "function_call.name" in row:
        raw["tool_calls"] = [{"name": row["function_call.name"], "arguments": row.get("function_call.arguments")}]
    return read_vendor_message(raw, default_role) or (Message(role=default_role), False)


def _content(value: Any) -> Any:
    """A text, the parts that it encodes, or (LangChain) the text that it encodes."""
    if isinstance(value, str):
        if value == '""':
            return ""
        if value[:2] in ("[{", '["'):
            parts = items_of(decoded(value))
            return parts if parts and _are_parts(parts) else value
    return value


def _are_parts(parts: list[Any]) -> bool:
    """Whether a list is content parts, not a text that happens to be JSON."""
    return all(isinstance(part, str) or isinstance(fields_of(part).get("type"), str) for part in parts)


def _choices(rows: list[Row], attributes: Attributes) -> tuple[tuple[Choice, ...] | None, bool]:
    choices: list[Choice] = []
    off = False
    said = items_of(attributes.get(gen_ai.FINISH_REASONS))
    for index, row in enumerate(rows):
        message, left_out = _message(row, "assistant")
        word = row.get("finish_reason")
        if word is None and index < len(said):
            word = said[index]
        choice = choice_of(message, word)
        if message.text == _FILTERED and choice.finish_reason == "content_filter":
            choice = choice_of(Message(role="assistant"), word)
        choices.append(choice)
        off = off or left_out
    return (tuple(choices) if choices else None), off


def _tools(rows: list[Row]) -> tuple[ToolDefinition, ...] | None:
    # The JavaScript sibling calls the schema `arguments`.
    return read_vendor_tools([{"schema": row.get("arguments"), **row} for row in rows]) if rows else None


def _usage(attributes: Attributes) -> Usage | None:
    spent = tokens(attributes.get(gen_ai.USAGE_INPUT_TOKENS))
    made = tokens(attributes.get(gen_ai.USAGE_OUTPUT_TOKENS))
    spent = tokens(attributes.get(gen_ai.USAGE_PROMPT_TOKENS)) if spent is None else spent
    made = tokens(attributes.get(gen_ai.USAGE_COMPLETION_TOKENS)) if made is None else made
    if spent is None and made is None:
        return None
    cached = tokens(attributes.get(gen_ai.USAGE_CACHE_READ_TOKENS))
    reasoning = tokens(attributes.get(Key.REASONING))
    return Usage(
        input_tokens=spent,
        output_tokens=made,
        cache_read_tokens=tokens(attributes.get(Key.CACHED_OLD)) if cached is None else cached,
        reasoning_tokens=tokens(attributes.get(Key.REASONING_OLD)) if reasoning is None else reasoning,
    )
