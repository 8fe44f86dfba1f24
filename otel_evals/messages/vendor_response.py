"""What was answered, from the response body that a dialect carries as JSON in the vendor's own words.

Bodies of OpenAI (chat completions, Responses), Anthropic, Gemini, Bedrock, Ollama and LangChain, one message, a list of
items, what a traced function returned, or a plain text. Called by dialects whose carrier is such a body.
"""

from typing import Any, Final

import msgspec

from otel_evals.messages.jsons import decoded, encode, structure
from otel_evals.messages.normal import UNKNOWN_FINISH, finish_reason, text
from otel_evals.messages.parts import is_redacted
from otel_evals.messages.shapes import fields_of, items_of, present
from otel_evals.messages.vendor_message import folded, read_vendor_message, read_vendor_messages
from otel_evals.messages.vendor_usage import read_usage
from otel_evals.records.exchange import Choice, Message, Usage

_ANSWERS: Final = ("output", "answer", "response", "result", "text", "completion", "generated_text", "raw",
                   "final_output", "outputs", "content", "reply", "return_value")  # fmt: skip
_ITEM_TYPES: Final = ("function_call", "reasoning", "message", "custom_tool_call")
_MAX_DEPTH: Final = 4


class Response(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields of a response; None where the body does not say."""

    choices: tuple[Choice, ...] | None = None
    id: str | None = None
    model: str | None = None
    usage: Usage | None = None
    off: bool = False
    truncated: bool = False

    @property
    def finish_reasons(self) -> tuple[str, ...] | None:
        """The normal reasons, one a choice, when any is known."""
        words = tuple(choice.finish_reason or UNKNOWN_FINISH for choice in self.choices or ())
        return words if any(words) else None


def read_response(value: Any) -> Response:
    """The response that `value` holds: typed, JSON text (whole or cut), or a plain text, which is the answer."""
    if value is None:
        return Response()
    raw, cut = structure(value)
    if raw is None:
        said = decoded(value)
        if not isinstance(said, str):
            return Response(choices=(_said(encode(said)),) if said is not None else None, truncated=cut)
        return Response(off=True) if is_redacted(said) else Response(choices=(_said(said),), truncated=cut)
    found = _list(items_of(raw)) if isinstance(raw, list) else _body(fields_of(raw), 0)
    return msgspec.structs.replace(found, truncated=True) if cut else found


def choice_of(message: Message, word: Any) -> Choice:
    """A choice with its normal reason; the plain stop that some write beside a tool call is `tool_call`."""
    reason = finish_reason(word)
    if message.tool_calls and reason in (None, "stop"):
        reason = "tool_call"
    return Choice(message=message, finish_reason=reason)


def status_word(fields: dict[str, Any]) -> Any:
    """The finish word of a Responses body: its status, or the reason why it is incomplete."""
    reason = fields_of(fields.get("incomplete_details")).get("reason")
    return reason if isinstance(reason, str) and reason else fields.get("status")


def _body(fields: dict[str, Any], depth: int) -> Response:
    shape = next((read for key, read in _SHAPES if isinstance(fields.get(key), list | dict)), None)
    found = shape(fields) if shape is not None else _other(fields, depth)
    return msgspec.structs.replace(
        found,
        id=found.id or text(present(fields, "id", "response_id", "responseId")),
        model=found.model or text(present(fields, "model", "model_version", "modelVersion")),
        usage=found.usage or read_usage(present(fields, "usage", "usage_metadata", "usageMetadata", "token_usage")),
    )


def _chat_choices(fields: dict[str, Any]) -> Response:
    choices: list[Choice] = []
    off = False
    for item in items_of(fields["choices"]):
        entry = fields_of(item)
        read = read_vendor_message(present(entry, "message", "delta", "text") or "", "assistant")
        message, left_out = read or (Message(role="assistant"), False)
        choices.append(choice_of(message, entry.get("finish_reason")))
        off = off or left_out
    return Response(choices=tuple(choices), off=off)


def _generations(fields: dict[str, Any]) -> Response:
    """LangChain's `LLMResult`: the first batch; facts about the call stand beside each message."""
    batch = items_of(fields["generations"])
    batch = items_of(batch[0]) if batch and isinstance(batch[0], list) else batch
    choices: list[Choice] = []
    about: dict[str, Any] = fields_of(fields.get("llm_output"))
    used: Any = about.get("token_usage")
    for item in batch:
        entry = fields_of(item)
        raw = entry.get("message")
        read = read_vendor_message(raw if raw is not None else entry.get("text"), "assistant")
        message = read[0] if read else Message(role="assistant", text=text(entry.get("text")) or "")
        inner = fields_of(fields_of(raw).get("kwargs")) or fields_of(fields_of(raw).get("data")) or fields_of(raw)
        meta = fields_of(inner.get("response_metadata"))
        about = {**about, **meta}
        used = used or present(inner, "usage_metadata") or present(meta, "token_usage", "usage")
        info = fields_of(entry.get("generation_info"))
        choices.append(choice_of(message, present({**meta, **info}, "finish_reason", "stop_reason", "done_reason")))
    return Response(
        choices=tuple(choices),
        id=text(about.get("id")),
        model=text(present(about, "model_name", "model")),
        usage=read_usage(used),
    )


def _candidates(fields: dict[str, Any]) -> Response:
    choices: list[Choice] = []
    for item in items_of(fields["candidates"]):
        entry = fields_of(item)
        read = read_vendor_message({"role": "model", **fields_of(entry.get("content"))}, "assistant")
        message = read[0] if read else Message(role="assistant")
        choices.append(choice_of(message, present(entry, "finish_reason", "finishReason")))
    return Response(choices=tuple(choices))


def _items(fields: dict[str, Any]) -> Response:
    """The Responses API (items in `output`), or Bedrock's Converse (a message in `output`)."""
    output = fields["output"]
    if isinstance(output, dict):
        inner = fields_of(fields_of(output).get("message"))
        if not inner:
            return _body(fields_of(output), 1)
        read = read_vendor_message(inner, "assistant")
        message = read[0] if read else Message(role="assistant")
        return Response(choices=(choice_of(message, fields.get("stopReason")),))
    items = items_of(output)
    if items and not any(fields_of(item) for item in items):
        return _list(items)
    objects = [inner for item in items if (inner := fields_of(item))]
    messages, off = read_vendor_messages(objects, "assistant")
    message = folded(messages) or Message(role="assistant")
    word = status_word(fields) or next((item["status"] for item in objects if item.get("status")), None)
    told = (fields_of(item.get("provider_data")).get("response_id") for item in objects)
    return Response(choices=(choice_of(message, word),), off=off, id=next((i for i in told if text(i)), None))


def _content(fields: dict[str, Any]) -> Response:
    """One message: Anthropic's, Gemini's (`content.parts`), or a chat message with its reason beside it."""
    read = read_vendor_message(fields, "assistant")
    message, off = read or (Message(role="assistant"), False)
    meta = {**fields_of(fields.get("metadata")), **fields_of(fields.get("response_metadata")), **fields}
    word = present(meta, "finish_reason", "stop_reason", "finishReason", "stopReason", "status")
    return Response(choices=(choice_of(message, word),), off=off, model=text(meta.get("model_name")))


def _nested_message(fields: dict[str, Any]) -> Response:
    read = read_vendor_message(fields["message"], "assistant")
    message, off = read or (Message(role="assistant"), False)
    word = present(fields, "finish_reason", "done_reason", "stop_reason")
    return Response(choices=(choice_of(message, word),), off=off)


def _last_turn(fields: dict[str, Any]) -> Response:
    """The state of an agent: its last turn is the answer, unless the answer stands beside the turns."""
    found = _list(items_of(fields["messages"]), last=True)
    return found if found.choices else _other(fields, 1)


_SHAPES: Final = (
    ("choices", _chat_choices), ("generations", _generations), ("candidates", _candidates), ("content", _content),
    ("tool_calls", _content), ("message", _nested_message), ("messages", _last_turn), ("output", _items),
)  # fmt: skip


def _other(fields: dict[str, Any], depth: int) -> Response:
    kind = fields.get("type")
    if "role" in fields or kind in _ITEM_TYPES or "lc" in fields or (isinstance(kind, str) and "data" in fields):
        return _content(fields)
    for key in _ANSWERS:
        value = fields.get(key)
        if isinstance(value, str):
            return read_response(value) if is_redacted(value) else Response(choices=(_said(value),))
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            return _body(fields_of(value), depth + 1)
        if isinstance(value, list) and value:
            return _list(items_of(value))
    return Response()


def _list(items: list[Any], *, last: bool = False) -> Response:
    if len(items) == 1 and fields_of(items[0]).get("object") == "response":
        return _body(fields_of(items[0]), 1)
    kinds = {kind for item in items if isinstance(kind := fields_of(item).get("type"), str)}
    if "function_call" in kinds or "reasoning" in kinds or ("message" in kinds and "output" not in kinds):
        return _items({"output": items})
    if items and all(isinstance(item, str) for item in items):
        return Response(choices=tuple(_said(item) for item in items))
    messages, off = read_vendor_messages(items, "assistant")
    answers = [m for m in messages if m.role == "assistant"]
    if not answers:
        return Response(off=off)
    if last or len(answers) < len(messages):
        answers = answers[-1:]
    word = present(fields_of(items[-1]), "finish_reason", "stop_reason") if len(answers) == 1 else None
    return Response(choices=tuple(choice_of(message, word) for message in answers), off=off)


def _said(said: str) -> Choice:
    return Choice(message=Message(role="assistant", text=said))
