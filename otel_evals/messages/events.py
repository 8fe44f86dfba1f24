"""The message events of the conventions up to 1.36: one event a message (`gen_ai.user.message`, …, `gen_ai.choice`).

The fields are the body of a log record, the attributes of a span event, or one item of a JSON list. Called by the
dialects that read any of these.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from otel_evals.messages.genai import choice
from otel_evals.messages.jsons import decoded, structure
from otel_evals.messages.normal import finish_reason
from otel_evals.messages.parts import read_message
from otel_evals.records.exchange import Choice, Message
from otel_evals.semconv import gen_ai

NAMES: Final = frozenset({*gen_ai.MESSAGE_EVENTS, gen_ai.CHOICE_EVENT})
"""The event names that carry a message or an answer."""

_CONTENT_KEYS: Final = ("content", "parts", "tool_calls", "message", "refusal")
_BLOCK_KEYS: Final = frozenset({"text", "toolUse", "toolResult", "reasoningContent", "type", "image", "document"})


class Turn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one event says: an input message, or a choice."""

    message: Message | None = None
    choice: Choice | None = None
    off: bool = False
    """A message of the input without content: the producer does not capture it."""
    truncated: bool = False


def read_event(name: Any, fields: Any, *, encoded: bool = False) -> Turn | None:
    """The turn of one event; None when its name is none of theirs.

    `fields` is a map, JSON text of one, or (from some) the bare content. `encoded` says that content may be JSON text
    of content blocks, as on span events, whose attributes cannot hold lists of maps. A choice without content may be an
    empty answer or content left out: only the messages beside it can tell, so it never says `off`.
    """
    if not isinstance(name, str) or name not in NAMES:
        return None
    raw, cut = structure(fields)
    if not isinstance(raw, dict):
        raw = {} if fields is None or cut else {"content": fields}
    body = cast("Mapping[str, Any]", raw)
    inner = decoded(body.get(gen_ai.EVENT_CONTENT))
    if isinstance(inner, dict):
        body = cast("Mapping[str, Any]", inner)
    if name == gen_ai.CHOICE_EVENT:
        return Turn(choice=_choice(body, encoded=encoded), truncated=cut)
    role = gen_ai.MESSAGE_EVENTS[name]
    # Bodies of user messages may say another role (`developer` in a system message): theirs is the finer word.
    message, left_out = read_message(_with_blocks(body, encoded=encoded), role)
    said_nothing = not any(body.get(key) is not None for key in _CONTENT_KEYS)
    return Turn(message=message, off=left_out or said_nothing, truncated=cut)


def _choice(body: Mapping[str, Any], *, encoded: bool) -> Choice:
    inner: Any = body.get("message")
    if isinstance(inner, str | list):
        inner = cast("dict[str, Any]", {"content": inner})
    raw = cast("Mapping[str, Any]", inner) if isinstance(inner, dict) else body
    message, _ = read_message(_with_blocks(raw, encoded=encoded), "assistant")
    calls = body.get("tool_calls")
    if calls and not message.tool_calls and raw is not body:
        extra, _ = read_message({"tool_calls": decoded(calls)}, "assistant")
        message = msgspec.structs.replace(message, tool_calls=extra.tool_calls)
    return choice(message, finish_reason(body.get("finish_reason")))


def _with_blocks(body: Mapping[str, Any], *, encoded: bool) -> Mapping[str, Any]:
    """`body` with its encoded content and tool calls decoded; a message that merely is JSON stays text."""
    content, calls = body.get("content"), body.get("tool_calls")
    found = dict(body)
    if encoded and isinstance(content, str) and content.startswith("["):
        blocks, _ = structure(content)
        if isinstance(blocks, list) and _are_blocks(cast("list[Any]", blocks)):
            found["content"] = blocks
    if isinstance(calls, str):
        found["tool_calls"] = decoded(calls)
    return found


def _are_blocks(items: list[Any]) -> bool:
    return all(isinstance(item, dict) and not _BLOCK_KEYS.isdisjoint(cast("dict[str, Any]", item)) for item in items)
