"""What was asked, from the request body that a dialect carries as JSON in the vendor's own words.

Bodies of OpenAI (chat completions, Responses), Anthropic, Gemini, Bedrock and LangChain, a bare list of messages, the
arguments of a traced function, or a plain text. Called by dialects whose carrier is such a body.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from otel_evals.messages.json_schema import read_format
from otel_evals.messages.jsons import decoded, is_structure, structure
from otel_evals.messages.normal import flag, text
from otel_evals.messages.parts import MessageReader, is_redacted
from otel_evals.messages.shapes import fields_of, items_of, present
from otel_evals.messages.vendor_message import read_vendor_messages
from otel_evals.messages.vendor_tools import read_vendor_tools
from otel_evals.records.exchange import Message, ToolDefinition

_LISTS: Final = ("messages", "contents", "chat_history")
_INPUTS: Final = ("input", "inputs", "prompt", "prompts")
_SYSTEM: Final = ("system", "instructions", "system_instruction", "systemInstruction", "system_prompt")
_QUESTIONS: Final = ("question", "query", "user_input", "user_message", "message", "text", "content", "task", "q")
_MAX_DEPTH: Final = 4
_Found = tuple[tuple[Message, ...] | None, bool, bool]
"""Messages, whether content was left out, and whether they had the shape of a request to a model."""


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields of a request; None where the body does not say."""

    messages: tuple[Message, ...] | None = None
    system: tuple[Message, ...] | None = None
    tools: tuple[ToolDefinition, ...] | None = None
    model: str | None = None
    output_type: str | None = None
    output_schema: Mapping[str, Any] | None = None
    streaming: bool | None = None
    chat: bool = False
    """The body has the shape of a request to a model, not of a function's arguments or a sentence."""
    off: bool = False
    truncated: bool = False


def read_request(value: Any) -> Request:
    """The request that `value` holds: typed, JSON text (whole or cut), or a plain text, which is the user's turn."""
    if value is None:
        return Request()
    raw, cut = structure(value)
    if raw is None:
        return _sentence(decoded(value), cut=cut)
    if isinstance(raw, list):
        messages, off = read_vendor_messages(raw)
        return Request(messages=messages, chat=_are_turns(raw), off=off, truncated=cut)
    return _body(fields_of(raw), cut=cut, depth=0)


def _sentence(value: Any, *, cut: bool) -> Request:
    if not isinstance(value, str) or not value:
        return Request(truncated=cut)
    if is_redacted(value):
        return Request(off=True)
    return Request(messages=(Message(role="user", text=value),), truncated=cut)


def _body(fields: dict[str, Any], *, cut: bool, depth: int) -> Request:
    config = fields_of(present(fields, "config", "generation_config", "generationConfig"))
    system, system_off = _system(present(fields, *_SYSTEM) or present(config, *_SYSTEM))
    tools = present(fields, "tools", "functions", "toolConfig")
    tools = present(config, "tools") if tools is None else tools
    if isinstance(fields_of(tools).get("tools"), list):
        tools = fields_of(tools)["tools"]
    messages, off, chat = _messages(fields, depth)
    kind, schema = read_format(fields)
    return Request(
        messages=messages,
        system=system,
        tools=read_vendor_tools(tools) if isinstance(tools, list | dict | str) else None,
        model=text(present(fields, "model", "model_name", "modelId", "model_id")),
        output_type=kind,
        output_schema=schema,
        streaming=flag(fields.get("stream")) or None,
        chat=chat,
        off=off or system_off,
        truncated=cut,
    )


def _messages(fields: dict[str, Any], depth: int) -> _Found:
    for key in _LISTS:
        if isinstance(found := decoded(fields.get(key)), list):
            return *read_vendor_messages(found), key != "chat_history"
    for key in _INPUTS:
        found = decoded(fields.get(key))
        if isinstance(found, str):
            return *_user(found), "model" in fields or key == "prompt"
        if isinstance(found, list) and found:
            return *read_vendor_messages(found), _are_turns(found)
        if isinstance(found, dict) and depth < _MAX_DEPTH:
            return _messages(fields_of(found), depth + 1)
    if "role" in fields or "parts" in fields:
        return *read_vendor_messages(fields), True
    return _arguments(fields, depth)


def _arguments(fields: dict[str, Any], depth: int) -> _Found:
    """The arguments of a traced function: the first that is a text or holds turns, else a parameter named for it."""
    if "args" in fields and depth < _MAX_DEPTH:
        first = next((a for a in items_of(fields["args"]) if a and (isinstance(a, str) or is_structure(a))), None)
        if isinstance(first, str):
            return *_user(first), False
        inner: Any = fields.get("kwargs") if first is None else first
        return _messages({"messages": inner} if isinstance(inner, list) else fields_of(inner), depth + 1)
    for key in _QUESTIONS:
        if isinstance(found := fields.get(key), str) and found:
            return *_user(found), False
    return None, False, False


def _user(value: str) -> tuple[tuple[Message, ...], bool]:
    if is_redacted(value):
        return (), True
    return (Message(role="user", text=value),), False


def _system(value: Any) -> tuple[tuple[Message, ...] | None, bool]:
    value = decoded(value)
    if isinstance(value, dict) and "parts" in value:
        value = fields_of(value)["parts"]
    if not isinstance(value, str | list | dict) or not value:
        return None, False
    reader = MessageReader("system")
    reader.add_content(value)
    message = reader.message()
    return ((message,) if message.text else None), reader.off


def _are_turns(raw: Any) -> bool:
    first = items_of(raw)[0] if items_of(raw) else None
    first = items_of(first)[0] if items_of(first) else first
    fields = fields_of(first)
    return "role" in fields or "lc" in fields or ("type" in fields and ("data" in fields or "content" in fields))
