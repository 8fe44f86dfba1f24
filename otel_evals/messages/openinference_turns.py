"""OpenInference's flat messages (`llm.input_messages.N.message.…`) as `Message` records.

Called by the OpenInference dialect. Content stands in `content`, or in `contents` part by part; some instrumentors
write tool calls twice, beside the contents and among them.
"""

from typing import Any, Final

from otel_evals.messages.parts import MessageReader, role_of
from otel_evals.messages.rows import Row, read_rows
from otel_evals.records.exchange import Message

_ROLE: Final = "message.role"
_CONTENT: Final = "message.content"
_TEXT: Final = "message_content.text"
_LISTS: Final = ("message.contents.", "message.tool_calls.")
_PLAIN: Final = {_ROLE, _CONTENT}
_SPOKEN: Final = ("system", "user", "assistant")


def read_turns(rows: list[Row], default_role: str) -> tuple[tuple[Message, ...], bool]:
    """The messages of `rows`, and whether some content was left out."""
    found: list[Message] = []
    off = False
    for row in rows:
        content = row.get(_CONTENT)
        if row.keys() == _PLAIN and row[_ROLE] in _SPOKEN and isinstance(content, str) and content[:1] not in "_[":
            found.append(Message(role=row[_ROLE], text=content))
            continue
        reader = _read(row, content, default_role)
        found.append(reader.message())
        off = off or reader.off
    return tuple(found), off


def _read(row: Row, content: Any, default_role: str) -> MessageReader:
    role = role_of(row.get(_ROLE), default_role)
    reader = MessageReader("system" if role == "developer" else role)
    parts, calls = read_rows(row, _LISTS)
    texts = [part[_TEXT] for part in parts if isinstance(part.get(_TEXT), str)]
    if role == "tool":
        value = content if isinstance(content, str) else texts
        reader.add_result({"id": row.get("message.tool_call_id"), "name": row.get("message.name"), "content": value})
    else:
        if isinstance(content, str) and not texts:
            reader.add_text(content)
        for part in parts:
            _add_part(reader, part)
    for call in calls or parts:
        if (name := call.get("tool_call.function.name")) is not None or "tool_call.function.arguments" in call:
            arguments = call.get("tool_call.function.arguments")
            reader.add_call({"id": call.get("tool_call.id"), "name": name, "arguments": arguments})
    if isinstance(name := row.get("message.function_call_name"), str):
        reader.add_call({"name": name, "arguments": row.get("message.function_call_arguments_json")})
    return reader


def _add_part(reader: MessageReader, part: Row) -> None:
    kind = part.get("message_content.type")
    said = part.get(_TEXT)
    if kind in ("reasoning", "thinking"):
        reader.add_part({"type": "reasoning", "content": said})
    elif isinstance(said, str):
        reader.add_text(said)
    elif kind not in ("text", "tool_use", "tool_call", "tool_result", None):
        reader.media.append(str(kind))
