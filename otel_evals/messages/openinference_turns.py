"""OpenInference's flat messages (`llm.input_messages.N.message.…`), once nested again, as `Message` records.

Called by the OpenInference dialect. Content stands in `content`, or in `contents` part by part; some instrumentors
write tool calls twice, beside the contents and among them.
"""

from typing import Any

from otel_evals.messages.indexed import WHOLE
from otel_evals.messages.parts import MessageReader, is_redacted, role_of
from otel_evals.messages.shapes import fields_of, items_of
from otel_evals.records.exchange import Message


def read_turns(items: list[Any], default_role: str) -> tuple[tuple[Message, ...], bool]:
    """The messages of nested items, and whether some content was left out."""
    found: list[Message] = []
    off = False
    for item in items:
        fields = fields_of(fields_of(item).get("message"))
        if not fields:
            continue
        message, left_out = _message(fields, default_role)
        found.append(message)
        off = off or left_out
    return tuple(found), off


def _message(fields: dict[str, Any], default_role: str) -> tuple[Message, bool]:
    content, contents, calls = (
        fields.get("content"),
        items_of(fields.get("contents")),
        items_of(fields.get("tool_calls")),
    )
    if isinstance(content, str) and not contents and not calls and len(fields) == 2 and "role" in fields:
        role = role_of(fields["role"], default_role)
        if role not in ("tool", "developer") and not is_redacted(content):
            return Message(role=role, text=content), False
    role = role_of(fields.get("role"), default_role)
    reader = MessageReader("system" if role == "developer" else role)
    texts = [part for item in contents if (part := fields_of(fields_of(item).get("message_content")))]
    if isinstance(content, dict):
        content = fields_of(content).get(WHOLE)
    if role == "tool":
        _add_result(reader, fields, content, texts)
    elif isinstance(content, str) and not any(isinstance(part.get("text"), str) for part in texts):
        reader.add_text(content)
    for part in texts if role != "tool" else ():
        _add_part(reader, part)
    for item in calls or contents:
        if call := fields_of(fields_of(item).get("tool_call")):
            reader.add_call(call)
    if isinstance(name := fields.get("function_call_name"), str):
        reader.add_call({"name": name, "arguments": fields.get("function_call_arguments_json")})
    return reader.message(), reader.off


def _add_part(reader: MessageReader, part: dict[str, Any]) -> None:
    kind = part.get("type")
    if kind in ("reasoning", "thinking"):
        reader.add_part({"type": "reasoning", "content": part.get("text")})
    elif isinstance(said := part.get("text"), str):
        reader.add_text(said)
    elif kind not in ("text", "tool_use", "tool_call", "tool_result", None):
        reader.media.append(str(kind))


def _add_result(reader: MessageReader, fields: dict[str, Any], content: Any, texts: list[dict[str, Any]]) -> None:
    value = (
        content if isinstance(content, str) else [part["text"] for part in texts if isinstance(part.get("text"), str)]
    )
    reader.add_result({"id": fields.get("tool_call_id"), "name": fields.get("name"), "content": value})
