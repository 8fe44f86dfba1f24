"""One message of whatever shape as a `Message`: the standard parts, and what producers write in their place.

Read in one walk: standard parts (`content`, `arguments`, `response`), the content blocks of the OpenAI, Anthropic and
Bedrock APIs, plain strings, tool calls beside the content. An unknown part never fails its message. Called by
`messages.genai` and by the dialects whose messages are single events.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from otel_evals.messages.jsons import encode, parsed_arguments
from otel_evals.records.exchange import Message, ToolCall, ToolResult

_ROLES: Final = {
    "model": "assistant", "ai": "assistant", "bot": "assistant", "chatbot": "assistant", "human": "user",
    "function": "tool", "ipython": "tool",
}  # fmt: skip
_TEXT: Final = frozenset({"text", "input_text", "output_text", "compaction", "summary_text"})
_REASONING: Final = frozenset({"reasoning", "thinking", "redacted_thinking", "reasoning_text"})
_CALL: Final = frozenset({"tool_call", "tool-call", "tool_use", "function_call", "function", "toolcall"})
_RESULT: Final = frozenset({
    "tool_call_response", "tool-call-response", "tool-result", "tool_result", "tool_response", "function_call_output",
    "function_result", "function_response", "tool_call_result", "tool_return",
})  # fmt: skip
_ARGUMENTS: Final = ("arguments", "args", "input", "parameters")
_MEDIA_WORDS: Final = ("image", "audio", "video", "document", "file", "blob", "uri")
_ITEMS: Final = _CALL | _RESULT | _REASONING
_SERVER_CALLS: Final = frozenset({"server_tool_call", "server_tool_use"})
"""Calls that the provider carries out: no calls for the application, but something that the model did."""
_SERVER_RESULTS: Final = frozenset({"server_tool_call_response"})

REDACTED: Final = "__REDACTED__"
_SCRUBBED: Final = "[Scrubbed due to "


def role_of(value: Any, default: str) -> str:
    """A normal role: `model` and `ai` are the assistant, `MessageRole.USER` is the user; unknown words are kept."""
    if not isinstance(value, str) or not value:
        return default
    word = value.rsplit(".", 1)[-1].strip().lower()
    return _ROLES.get(word, word) or default


def is_redacted(text: str) -> bool:
    """Whether `text` is what a producer writes in the place of a text that it left out."""
    return text == REDACTED or (text.startswith(_SCRUBBED) and len(text) < 120)


def text_of(value: Any) -> str:
    """The text of a content value: a string, or the text blocks of a list joined by newlines, else JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        blocks = cast("list[Any]", value)
        texts = [_block_text(block) for block in blocks]
        if texts and all(text is not None for text in texts):
            return "\n".join(text for text in texts if text)
    return encode(value)


def _block_text(block: Any) -> str | None:
    if isinstance(block, str):
        return block
    if isinstance(block, dict):
        fields = cast("dict[str, Any]", block)
        for key in ("text", "content"):
            if isinstance(fields.get(key), str):
                return fields[key]
        if "json" in fields:
            return encode(fields["json"])
    return None


class MessageReader:
    """Collects the parts of one message. One instance a message; `off` says that texts were left out."""

    __slots__ = ("calls", "media", "off", "reasoning", "results", "role", "texts")

    def __init__(self, role: str) -> None:
        self.role = role
        self.texts: list[str] = []
        self.calls: list[ToolCall] = []
        self.results: list[ToolResult] = []
        self.reasoning: list[str] = []
        self.media: list[str] = []
        self.off = False

    def message(self) -> Message:
        """The message that the parts make up. What a tool says is a result, also when it came as plain text."""
        text = self.texts[0] if len(self.texts) == 1 else "\n".join(self.texts)
        if self.role == "tool" and text and not self.results:
            self.results.append(ToolResult(text=text))
            text = ""
        return Message(
            role=self.role,
            text=text,
            tool_calls=tuple(self.calls),
            tool_results=tuple(self.results),
            reasoning="\n".join(self.reasoning),
            media=tuple(self.media),
        )

    def add_text(self, text: Any) -> None:
        """A text part; anything but a string, and the marks of a redaction, say that the text was left out."""
        if not isinstance(text, str) or is_redacted(text):
            self.off = True
        elif text:
            self.texts.append(text)

    def add_content(self, content: Any) -> None:
        """The `content` or `parts` of a message: a string, a list of parts, one part, or nothing."""
        if isinstance(content, str):
            self.add_text(content)
        elif isinstance(content, list):
            for part in cast("list[Any]", content):
                self.add_part(part)
        elif isinstance(content, dict):
            self.add_part(cast("dict[str, Any]", content))

    def add_part(self, part: Any) -> None:
        """One part of any known shape."""
        if isinstance(part, str):
            self.add_text(part)
        if not isinstance(part, dict):
            return
        fields = cast("dict[str, Any]", part)
        kind = _kind(fields)
        if kind in _TEXT:
            self._add_text_part(fields)
        elif kind in _CALL:
            self.add_call(fields)
        elif kind in _RESULT:
            self.add_result(fields)
        elif kind in _REASONING:
            self._add_reasoning(fields)
        elif kind == "refusal":
            self.add_text(fields.get("refusal", fields.get("content")))
        elif not kind:
            self._add_untyped(fields)
        elif kind in _SERVER_CALLS:
            self.media.append("server_tool_call")
        elif kind not in _SERVER_RESULTS:
            self.media.append(_modality(kind, fields))

    def add_call(self, fields: Mapping[str, Any]) -> None:
        """A tool call, with its name and arguments beside the id or nested under `function`."""
        inner = fields.get("function")
        inner = cast("Mapping[str, Any]", inner) if isinstance(inner, dict) else fields
        name = _first(inner, "name", "tool_name", "toolName") or _first(fields, "name")
        arguments = _present(inner, *_ARGUMENTS)
        if arguments is None and not inner.keys().isdisjoint(_ARGUMENTS):
            arguments = {}  # null says that there are none; a missing key, that the wire does not carry them
        call_id = _first(fields, "id", "tool_call_id", "call_id", "toolCallId", "toolUseId")
        self.calls.append(ToolCall(name=name or "", arguments=parsed_arguments(arguments), id=call_id))

    def add_result(self, fields: Mapping[str, Any]) -> None:
        """What a tool returned, under any of the names that producers give it."""
        value = _present(fields, "response", "result", "content", "output")
        text = text_of(value)
        if is_redacted(text):
            self.off, text = True, ""
        call_id = _first(fields, "id", "tool_call_id", "call_id", "tool_use_id", "toolCallId", "toolUseId")
        self.results.append(ToolResult(text=text, id=call_id, name=_first(fields, "name", "tool_name", "toolName")))

    def _add_text_part(self, fields: Mapping[str, Any]) -> None:
        text = _present(fields, "content", "text")
        if text is None and ("content" in fields or "text" in fields):
            return
        self.add_text(text)

    def _add_reasoning(self, fields: Mapping[str, Any]) -> None:
        text = _present(fields, "content", "text", "thinking", "summary")
        if text is not None:
            self.reasoning.append(text_of(text))

    def _add_untyped(self, fields: Mapping[str, Any]) -> None:
        """Bedrock blocks, which are named by their only key, and standard parts whose type was lost."""
        if isinstance(call := fields.get("toolUse"), dict):
            self.add_call(cast("dict[str, Any]", call))
        elif isinstance(result := fields.get("toolResult"), dict):
            self.add_result(cast("dict[str, Any]", result))
        elif isinstance(thought := fields.get("reasoningContent"), dict):
            inner = cast("dict[str, Any]", thought).get("reasoningText")
            self._add_reasoning(cast("dict[str, Any]", inner if isinstance(inner, dict) else thought))
        elif isinstance(text := _present(fields, "text", "content"), str):
            self.add_text(text)
        else:
            self.media.extend(word for word in _MEDIA_WORDS if word in fields)


def read_message(raw: Mapping[str, Any], default_role: str) -> tuple[Message, bool]:
    """One message object as a `Message`, and whether it says that its content was left out.

    An item of the OpenAI responses API, which has a type and no role, is read as a message of one part.
    """
    reader = MessageReader(role_of(raw.get("role"), _role_of_item(raw) or default_role))
    if "role" not in raw and _kind(raw) in _ITEMS:
        reader.add_part(raw)
        return reader.message(), reader.off
    content = raw.get("parts")
    if content is None:
        content = raw.get("content")
    if reader.role == "tool" and isinstance(content, str):
        reader.add_result({"id": _first(raw, "tool_call_id", "id"), "name": raw.get("name"), "content": content})
    else:
        reader.add_content(content)
    calls = raw.get("tool_calls")
    if isinstance(calls, list):
        for call in cast("list[Any]", calls):
            if isinstance(call, dict):
                reader.add_call(cast("dict[str, Any]", call))
    if isinstance(refusal := raw.get("refusal"), str):
        reader.add_text(refusal)
    if isinstance(thought := raw.get("reasoning_content"), str) and thought:
        reader.reasoning.append(thought)
    return reader.message(), reader.off


def _kind(fields: Mapping[str, Any]) -> str:
    kind = fields.get("type")
    return kind.lower() if isinstance(kind, str) else ""


def _role_of_item(raw: Mapping[str, Any]) -> str | None:
    """Who speaks in an item that has a type in the place of a role, as those of the OpenAI responses API."""
    kind = _kind(raw)
    if kind in _RESULT:
        return "tool"
    return "assistant" if kind in _CALL or kind in _REASONING else None


def _modality(kind: str, fields: Mapping[str, Any]) -> str:
    said = fields.get("modality")
    if isinstance(said, str) and said:
        return said
    return next((word for word in _MEDIA_WORDS if word in kind), kind)


def _present(fields: Mapping[str, Any], *keys: str) -> Any:
    for key in keys:
        if (value := fields.get(key)) is not None:
            return value
    return None


def _first(fields: Mapping[str, Any], *keys: str) -> str | None:
    for key in keys:
        value = fields.get(key)
        if isinstance(value, str) and value:
            return value
    return None
