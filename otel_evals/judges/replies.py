"""Reads the body of a good answer: strictly, since whoever sends it may be broken or hostile.

What has no text of the judge in it is a CallFailure `unparseable` that keeps the tokens which were paid for. Whether
the text is a verdict is for `rubrics.answer` to say.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from otel_evals.judges.capabilities import Form
from otel_evals.judges.failures import CallFailure, unreadable
from otel_evals.judges.settings import Api
from otel_evals.records.exchange import Usage

_NAME_CHARACTERS: Final = 128
_Count = Annotated[int, Meta(ge=0, le=1 << 40)]


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said."""

    text: str
    """The answer: JSON by the schema, the tool's arguments, or plain text."""
    model: str | None = None
    """The model that answered, as the endpoint named it."""
    system_fingerprint: str | None = None
    usage: Usage = Usage()
    finish_reason: str | None = None
    endpoint: str = ""
    """Label of the endpoint that answered."""
    asked: str = ""
    """The name by which the endpoint was asked for the model."""


class _Details(msgspec.Struct):
    cached_tokens: _Count | None = None
    reasoning_tokens: _Count | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    input_tokens: _Count | None = None
    output_tokens: _Count | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Function(msgspec.Struct):
    name: str = ""
    arguments: str = ""


class _ToolCall(msgspec.Struct):
    function: _Function | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Chat(msgspec.Struct):
    choices: list[_Choice]


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None
    refusal: str | None = None


class _Item(msgspec.Struct):
    type: str = ""
    content: list[_Part] | None = None
    name: str = ""
    arguments: str = ""


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Response(msgspec.Struct):
    output: list[_Item]
    status: str | None = None
    incomplete_details: _Incomplete | None = None


class _Envelope(msgspec.Struct):
    """What is read apart from the answer, so that it is known when the answer is broken."""

    model: Any = None
    system_fingerprint: Any = None
    usage: msgspec.Raw = msgspec.Raw(b"null")


class _Said(msgspec.Struct, kw_only=True):
    text: str | None
    refusal: str | None
    finish: str | None
    cut: bool


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_USAGE: Final = msgspec.json.Decoder(_Usage | None)
_CHAT: Final = msgspec.json.Decoder(_Chat)
_RESPONSE: Final = msgspec.json.Decoder(_Response)


def read_reply(api: Api, content: bytes, *, endpoint: str, form: Form, tool: str) -> Completion:
    """The completion in the body of a good answer.

    Raises:
        CallFailure: it holds none: broken, empty, cut or a refusal.
    """
    try:
        envelope = _ENVELOPE.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise unreadable(endpoint, "invalid_response", "its answer is not JSON of this api") from None
    usage, model = _usage(envelope.usage), _name(envelope.model)

    def failure(error_type: str, why: str) -> CallFailure:
        return unreadable(endpoint, error_type, why, usage=usage, model=model)

    try:
        said = _chat(_CHAT.decode(content), tool) if api is Api.CHAT else _response(_RESPONSE.decode(content), tool)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise failure("invalid_response", "its answer does not have the form of this api") from None
    if said.refusal:
        raise failure("refused_to_judge", "the model refuses to judge")
    if said.finish == "content_filter":
        raise failure("content_filter", "its content filter cut the answer")
    if said.cut:
        raise failure("cut_off", "the answer was cut at max_output_tokens: raise it, reasoning models need thousands")
    if not said.text or not said.text.strip():
        raise failure("empty_answer", f"the answer is empty ({form.value})")
    return Completion(
        text=said.text,
        model=model,
        system_fingerprint=_name(envelope.system_fingerprint),
        usage=usage,
        finish_reason=said.finish,
        endpoint=endpoint,
    )


def _chat(reply: _Chat, tool: str) -> _Said:
    if not reply.choices:
        return _Said(text=None, refusal=None, finish=None, cut=False)
    choice = reply.choices[0]
    message = choice.message
    calls = [c.function.arguments for c in message.tool_calls or () if c.function and c.function.name == tool]
    return _Said(
        text=_one(calls, message.content),
        refusal=message.refusal,
        finish=choice.finish_reason,
        cut=choice.finish_reason == "length",
    )


def _response(reply: _Response, tool: str) -> _Said:
    parts = [part for item in reply.output if item.type == "message" for part in item.content or ()]
    calls = [item.arguments for item in reply.output if item.type == "function_call" and item.name == tool]
    why = reply.incomplete_details.reason if reply.incomplete_details else None
    return _Said(
        text=_one(calls, "".join(part.text or "" for part in parts if part.type == "output_text")),
        refusal=next((part.refusal for part in parts if part.refusal), None),
        finish=why or reply.status,
        cut=reply.status == "incomplete" and why != "content_filter",
    )


def _one(calls: list[str], content: str | None) -> str | None:
    """The tool's arguments when it was called once; two calls are no answer."""
    if len(calls) > 1:
        return None
    return calls[0] if calls else content


def _usage(raw: msgspec.Raw) -> Usage:
    try:
        told = _USAGE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Usage()
    if told is None:
        return Usage()
    into = told.prompt_tokens_details or told.input_tokens_details or _Details()
    out = told.completion_tokens_details or told.output_tokens_details or _Details()
    return Usage(
        input_tokens=told.input_tokens if told.prompt_tokens is None else told.prompt_tokens,
        output_tokens=told.output_tokens if told.completion_tokens is None else told.completion_tokens,
        cache_read_tokens=into.cached_tokens,
        reasoning_tokens=out.reasoning_tokens,
    )


def _name(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return "".join(c for c in value[:_NAME_CHARACTERS] if c.isprintable()) or None
