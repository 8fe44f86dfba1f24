"""The standard message JSON (`gen_ai.input.messages`, `.output.messages`, `.system_instructions`) as records.

Values may be JSON text (whole or cut), typed arrays and maps, one message instead of a list, or a plain sentence.
Called by every dialect whose messages have the standard shape or come close to it.
"""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from otel_evals.messages.jsons import decoded, structure
from otel_evals.messages.normal import UNKNOWN_FINISH, finish_reason, worse_finish
from otel_evals.messages.parts import MessageReader, read_message
from otel_evals.messages.typed import read_typed
from otel_evals.records.exchange import Choice, Message


class Turns(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The messages of one attribute, in order."""

    messages: tuple[Message, ...] = ()
    finish: tuple[str | None, ...] = ()
    """One a message: normal reason, `UNKNOWN_FINISH` where an unknown or empty word stood, None where none did."""
    off: bool = False
    """The messages are skeletons or redactions: their texts were left out by the producer."""
    truncated: bool = False
    """The text was cut on its way: the last message may be incomplete."""


def read_turns(value: Any, role: str = "user") -> Turns | None:
    """The messages that an attribute holds; None when there is no attribute. `role` is for messages without one."""
    if value is None:
        return None
    if isinstance(value, str) and (typed := read_typed(value)) is not None:
        return Turns(messages=typed[0], finish=typed[1])
    raw, cut = structure(value)
    if raw is None:
        text = decoded(value)
        if not isinstance(text, str) or (cut and text.lstrip().startswith(("[{", '{"'))):
            return Turns(truncated=cut)
        return _plain(text, role)
    if isinstance(raw, dict):
        fields = cast("dict[str, Any]", raw)
        inner = fields.get("messages")
        raw = cast("list[Any]", inner) if isinstance(inner, list) else [fields]
    return _walk(cast("list[Any]", raw), role, cut=cut)


def read_system(value: Any) -> Turns | None:
    """System instructions: a bare list of parts, one part, a plain text, or (from some) whole messages."""
    if value is None:
        return None
    raw, cut = structure(value)
    if raw is None:
        return read_turns(value, "system")
    items = cast("list[Any]", raw) if isinstance(raw, list) else [raw]
    if any(isinstance(item, dict) and ("role" in item or "parts" in item) for item in items):
        return _walk(items, "system", cut=cut)
    reader = MessageReader("system")
    reader.add_content(items)
    message = reader.message()
    return Turns(messages=(message,) if message.text else (), off=reader.off, truncated=cut)


def choices_of(turns: Turns, reasons: Sequence[str] | None = None) -> tuple[Choice, ...]:
    """The answers among output messages: one a message, except where messages are pieces of one answer.

    Chunks of a stream have an empty finish reason; they are joined without a break. Items of one answer (a text, then
    its tool call) have none at all, where the span gives fewer `reasons` than there are messages, or none and there are
    tool calls; they are joined by newlines. Of a message's own reason and the span's, the more telling one stands.
    """
    if len(turns.messages) == 1 and turns.messages[0].role != "tool":
        reason = turns.finish[0]
        return (choice(turns.messages[0], worse_finish(reason, reasons[0]) if reasons else reason),)
    spoken = [(m, f) for m, f in zip(turns.messages, turns.finish, strict=True) if m.role != "tool"]
    if _are_items(spoken, reasons):
        grouped = [(_joined([m for m, _ in spoken], "\n"), spoken[-1][1])]
    else:
        grouped = _without_chunks(spoken)
    own = reasons if reasons is not None and len(reasons) == len(grouped) else [UNKNOWN_FINISH] * len(grouped)
    return tuple(choice(message, worse_finish(f, r)) for (message, f), r in zip(grouped, own, strict=True))


def choice(message: Message, reason: str | None) -> Choice:
    """A choice; the word of a plain stop beside a tool call, which several producers write, is `tool_call`."""
    if message.tool_calls and reason in (None, "", "stop"):
        reason = "tool_call"
    return Choice(message=message, finish_reason=reason or None)


def content_is_off(inputs: Turns | None, outputs: Turns | None) -> bool:
    """Whether the producer left content out: the answer's, or the input's while there is no answer to look at."""
    if outputs is not None and outputs.off:
        return True
    if inputs is None or not inputs.off:
        return False
    return outputs is None or not any(m.text for m in outputs.messages)


def _walk(items: list[Any], role: str, *, cut: bool) -> Turns:
    messages: list[Message] = []
    finish: list[str | None] = []
    off = False
    for item in items:
        raw = decoded(item)
        if isinstance(raw, str) and raw:
            messages.append(Message(role=role, text=raw))
            finish.append(None)
        elif isinstance(raw, dict) and raw:
            fields = cast("dict[str, Any]", raw)
            message, left_out = read_message(_unwrapped(fields), role)
            messages.append(message)
            off = off or left_out
            word = fields.get("finish_reason")
            finish.append(None if word is None else finish_reason(word) or UNKNOWN_FINISH)
    return Turns(messages=tuple(messages), finish=tuple(finish), off=off and not cut, truncated=cut)


def _unwrapped(fields: dict[str, Any]) -> dict[str, Any]:
    """The message of an OpenAI choice, which some write where the messages belong; others as they are."""
    inner = fields.get("message")
    if isinstance(inner, dict) and not fields.keys() & {"role", "parts", "content"}:
        return cast("dict[str, Any]", inner)
    return fields


def _plain(text: str, role: str) -> Turns:
    reader = MessageReader(role)
    reader.add_text(text)
    return Turns(messages=(reader.message(),) if text else (), finish=(None,) if text else (), off=reader.off)


def _are_items(spoken: Sequence[tuple[Message, str | None]], reasons: Sequence[str] | None) -> bool:
    if len(spoken) < 2 or any(finish is not None for _, finish in spoken):
        return False
    return len(reasons) < len(spoken) if reasons else any(m.tool_calls for m, _ in spoken)


def _without_chunks(spoken: Sequence[tuple[Message, str | None]]) -> list[tuple[Message, str | None]]:
    grouped: list[tuple[Message, str | None]] = []
    chunks: list[Message] = []
    for index, (message, finish) in enumerate(spoken):
        chunks.append(message)
        if finish != UNKNOWN_FINISH or index == len(spoken) - 1:
            grouped.append((_joined(chunks, ""), finish))
            chunks = []
    return grouped


def _joined(group: list[Message], between: str) -> Message:
    if len(group) == 1:
        return group[0]
    return Message(
        role=group[0].role,
        text=between.join(m.text for m in group if m.text),
        tool_calls=tuple(c for m in group for c in m.tool_calls),
        tool_results=tuple(r for m in group for r in m.tool_results),
        reasoning=between.join(m.reasoning for m in group if m.reasoning),
        media=tuple(kind for m in group for kind in m.media),
    )
