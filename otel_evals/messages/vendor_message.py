"""One message as a vendor's own API or framework writes it, as a `Message`.

On top of what `messages.parts` reads: LangChain wrappers, items of the OpenAI Responses API, Gemini parts, AI SDK tool
results, and content that repeats the tool calls beside it. Called by the vendor request and response readers and by
dialects that carry vendor JSON.
"""

from typing import Any, Final

from otel_evals.messages.jsons import decoded
from otel_evals.messages.langchain import unwrapped
from otel_evals.messages.parts import MessageReader, read_message, role_of
from otel_evals.messages.shapes import fields_of, items_of, present
from otel_evals.records.exchange import Message

_CALL_ITEMS: Final = frozenset({"function_call", "custom_tool_call", "mcp_call", "tool_call"})
_RESULT_ITEMS: Final = frozenset({"function_call_output", "custom_tool_call_output", "tool_call_output"})
_SILENT_ITEMS: Final = frozenset({
    "web_search_call", "file_search_call", "computer_call", "code_interpreter_call", "image_generation_call",
    "mcp_list_tools", "mcp_approval_request", "item_reference", "local_shell_call",
})  # fmt: skip
"""Items of the Responses API for what happened on the server's side: neither an answer nor a call for the app."""

_SPOKEN: Final = frozenset({"system", "user", "assistant"})
_IDLE: Final = frozenset({"role", "content", "id", "status"})
"""Fields of a message that say nothing about what it means."""

_CALL_PARTS: Final = frozenset({"tool_use", "tool_call", "tool-call", "function_call"})
_GEMINI_KEYS: Final = frozenset({"function_call", "functionCall", "function_response", "functionResponse", "thought"})


def read_vendor_message(raw: Any, default_role: str) -> tuple[Message, bool] | None:
    """A message and whether its content was left out; None for what is not a message (or says nothing)."""
    value = decoded(raw)
    if isinstance(value, str):
        reader = MessageReader(default_role)
        reader.add_text(value)
        return reader.message(), reader.off
    fields = fields_of(value)
    if not fields:
        return None
    if (plain := _plain(fields)) is not None:
        return plain, False
    fields = unwrapped(fields)
    kind = fields.get("type")
    if isinstance(kind, str) and "role" not in fields and (kind in _SILENT_ITEMS or _is_item(kind)):
        return _item(fields, kind)
    return _message(fields, default_role)


def _plain(fields: dict[str, Any]) -> Message | None:
    """The usual message, a role and a text beside nothing else of note, without the walk; None for any other."""
    content, role = fields.get("content"), fields.get("role")
    if not isinstance(content, str) or not isinstance(role, str) or role not in _SPOKEN or content[:1] in ("_", "["):
        return None
    if len(fields) > 2 and any(value for key, value in fields.items() if key not in _IDLE):
        return None
    return Message(role=role, text=content)


def read_vendor_messages(value: Any, default_role: str = "user") -> tuple[tuple[Message, ...], bool]:
    """The messages of a list (or the first of a list of lists, or one message), and whether content was left out."""
    items = items_of(value) if isinstance(value, list) else [value]
    if items and isinstance(items[0], list) and not _is_pair(items):
        items = items_of(items[0])
    found = [read for item in items if (read := read_vendor_message(_paired(item), default_role)) is not None]
    return tuple(message for message, _ in found), any(off for _, off in found)


def folded(messages: tuple[Message, ...]) -> Message | None:
    """The pieces of one answer (text, reasoning, calls: one item each) as one message; None when there are none."""
    if len(messages) <= 1:
        return messages[0] if messages else None
    return Message(
        role="assistant",
        text="\n".join(m.text for m in messages if m.text),
        tool_calls=tuple(call for m in messages for call in m.tool_calls),
        tool_results=tuple(result for m in messages for result in m.tool_results),
        reasoning="\n".join(m.reasoning for m in messages if m.reasoning),
        media=tuple(kind for m in messages for kind in m.media),
    )


def _is_item(kind: str) -> bool:
    return kind in _CALL_ITEMS or kind in _RESULT_ITEMS or kind == "reasoning"


def _item(fields: dict[str, Any], kind: str) -> tuple[Message, bool] | None:
    if kind in _CALL_ITEMS:
        reader = MessageReader("assistant")
        # An item has two ids: `call_id` joins it to its output, `id` names the item.
        reader.add_call({**fields, "id": fields.get("call_id") or fields.get("id")})
    elif kind in _RESULT_ITEMS:
        reader = MessageReader("tool")
        reader.add_result({**fields, "id": fields.get("call_id") or fields.get("id")})
    elif kind == "reasoning":
        reader = MessageReader("assistant")
        thoughts = items_of(fields.get("content")) or items_of(fields.get("summary"))
        reader.add_content(
            [{"type": "reasoning", **fields_of(thought)} | {"type": "reasoning"} for thought in thoughts]
        )
    else:
        return None
    return reader.message(), reader.off


def _message(fields: dict[str, Any], default_role: str) -> tuple[Message, bool] | None:
    content = present(fields, "parts", "content")
    calls = items_of(fields.get("tool_calls"))
    changed: dict[str, Any] = {}
    if isinstance(content, list):
        parts = [_part(part) for part in items_of(content)]
        if calls:
            parts = [part for part in parts if _kind(part) not in _CALL_PARTS]
        changed["parts"] = parts
    elif content is None and isinstance(text := fields.get("text"), str):
        changed["content"] = text
    elif isinstance(content, dict) and "parts" in content:
        return read_vendor_message({"role": fields.get("role"), **fields_of(content)}, default_role)
    old_call = fields_of(fields.get("function_call"))
    if not calls and old_call:
        changed["tool_calls"] = [old_call]
    if role_of(fields.get("role"), default_role) == "developer":
        changed["role"] = "system"
    if role_of(fields.get("role"), default_role) == "tool" and isinstance(content, list):
        return _tool_message(fields, changed.get("parts", []))
    return read_message({**fields, **changed} if changed else fields, default_role)


def _tool_message(fields: dict[str, Any], parts: list[Any]) -> tuple[Message, bool]:
    """A tool's turn: parts that are results, or plain parts that are together the result of one call."""
    reader = MessageReader("tool")
    if any(_is_result(part) for part in parts):
        reader.add_content(parts)
    else:
        reader.add_result({"id": present(fields, "tool_call_id", "id"), "name": fields.get("name"), "content": parts})
    return reader.message(), reader.off


def _is_result(part: Any) -> bool:
    kind = _kind(part)
    return "result" in kind or "response" in kind or "toolResult" in fields_of(part)


def _kind(part: Any) -> str:
    kind = fields_of(part).get("type")
    return kind if isinstance(kind, str) else ""


def _part(raw: Any) -> Any:
    """A content part in the spelling that `messages.parts` reads."""
    fields = fields_of(raw)
    if not fields:
        return raw
    kind = fields.get("type")
    if kind == "tool-result":
        output = fields.get("output")
        value = fields_of(output)["value"] if "value" in fields_of(output) else present(fields, "output", "result")
        return {
            "type": kind,
            "toolCallId": fields.get("toolCallId"),
            "toolName": fields.get("toolName"),
            "result": value,
        }
    if kind is None and not _GEMINI_KEYS.isdisjoint(fields):
        return _gemini_part(fields)
    if kind is None and (data := fields_of(present(fields, "inline_data", "inlineData", "file_data", "fileData"))):
        mime = present(data, "mime_type", "mimeType")
        return {"type": mime.split("/", 1)[0] if isinstance(mime, str) and mime else "file"}
    return raw


def _gemini_part(fields: dict[str, Any]) -> Any:
    if call := fields_of(present(fields, "function_call", "functionCall")):
        return {"type": "tool_call", "id": call.get("id"), "name": call.get("name"), "arguments": call.get("args")}
    if result := fields_of(present(fields, "function_response", "functionResponse")):
        return {
            "type": "tool_call_response", "id": result.get("id"), "name": result.get("name"),
            "response": result.get("response"),
        }  # fmt: skip
    if fields.get("thought") is True:
        return {"type": "reasoning", "content": fields.get("text")}
    return {"type": "text", "text": fields.get("text")}


def _is_pair(items: list[Any]) -> bool:
    """Whether a list of lists is LangChain's `("human", "text")` shorthand, not a batch of conversations."""
    return all(
        isinstance(item, list) and len(items_of(item)) == 2 and all(isinstance(s, str) for s in items_of(item))
        for item in items
    )


def _paired(item: Any) -> Any:
    pair = items_of(item)
    return {"role": pair[0], "content": pair[1]} if len(pair) == 2 and all(isinstance(s, str) for s in pair) else item
