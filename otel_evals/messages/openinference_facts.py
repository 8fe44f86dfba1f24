"""Facts about a call that OpenInference leaves in JSON: its invocation parameters, and the body of its answer.

Called by the OpenInference dialect. Only the fields that are asked for are decoded: bodies are long and repeat what the
flat keys say.
"""

import re
from operator import attrgetter
from typing import Any, Final

import msgspec

from otel_evals.messages.jsons import structure
from otel_evals.messages.normal import text
from otel_evals.messages.shapes import fields_of, items_of
from otel_evals.messages.vendor_response import status_word

_SHOWN_FINISH: Final = re.compile(r"'finish_reason': '(\w+)'|Choice\(finish_reason='(\w+)'")
"""In what Python shows of a response. A choice shows its reason before its text, so the first one is no quotation."""


class Parameters(msgspec.Struct, frozen=True, gc=False):
    """The invocation parameters that we ask for; the rest is skipped undecoded."""

    model: Any = None
    model_name: Any = None
    id: Any = None
    created_at: Any = None
    stream: Any = None
    tools: Any = None
    response_format: Any = None
    text: Any = None
    format: Any = None
    output_format: Any = None
    config: Any = None
    response_mime_type: Any = None
    response_schema: Any = None
    response_json_schema: Any = None

    @property
    def format_wishes(self) -> dict[str, Any]:
        """The parameters that may say which output format was asked for."""
        said = _wishes(self)
        if said == _NO_WISHES:
            return {}
        return {field: value for field, value in zip(_WISHES, said, strict=True) if value is not None}

    @property
    def named(self) -> str | None:
        """The model that the parameters name."""
        return text(self.model) or text(self.model_name)

    @property
    def echoed(self) -> bool:
        """Whether this is the response object, which OpenAI Agents writes in the place of the request's parameters."""
        return self.created_at is not None and self.id is not None


class _Meta(msgspec.Struct, frozen=True, gc=False):
    id: Any = None
    model_name: Any = None
    finish_reason: Any = None
    stop_reason: Any = None


class _Inner(msgspec.Struct, frozen=True, gc=False):
    response_metadata: _Meta | None = None


class _Message(_Inner, frozen=True, gc=False):
    kwargs: _Inner | None = None
    data: _Inner | None = None


class _Choice(msgspec.Struct, frozen=True, gc=False):
    finish_reason: Any = None


class _Generation(msgspec.Struct, frozen=True, gc=False):
    message: _Message | None = None
    generation_info: _Choice | None = None


class Body(msgspec.Struct, frozen=True, gc=False):
    """The facts of a response body that the flat keys do not carry."""

    id: Any = None
    object: Any = None
    model: Any = None
    model_version: Any = None
    response_id: Any = None
    status: Any = None
    incomplete_details: Any = None
    stop_reason: Any = None
    finish_reason: Any = None
    meta: Any = None
    replies: Any = None
    raw: Any = None
    output: msgspec.Raw = msgspec.Raw()
    choices: tuple[_Choice, ...] | None = None
    generations: tuple[tuple[_Generation, ...], ...] | None = None

    @property
    def answered_id(self) -> str | None:
        """The id of the response."""
        return text(self.id) or text(self.response_id) or text(self._generation.id)

    @property
    def answered_by(self) -> str | None:
        """The model that says that it answered."""
        return text(self.model) or text(self.model_version) or text(self._generation.model_name)

    @property
    def in_items(self) -> bool:
        """Whether the answer is a list of items (Responses API): pieces of one answer, not alternatives."""
        return self.object == "response" or bytes(self.output)[:1] == b"["

    @property
    def words(self) -> tuple[Any, ...]:
        """The finish reasons, one a choice, as they stand; empty when the body has no list of choices."""
        return tuple([choice.finish_reason for choice in self.choices]) if self.choices else ()

    @property
    def word(self) -> Any:
        """The reason why the (first) answer ended, as it stands."""
        if self.choices:
            return self.choices[0].finish_reason
        said = status_word({"incomplete_details": self.incomplete_details, "status": self.status})
        first = items_of(self.meta)[:1]
        beside = fields_of(first[0]).get("finish_reason") if first else None
        return self.stop_reason or self.finish_reason or said or beside or self._generation_word or self._shown_word

    @property
    def _generation_word(self) -> Any:
        batch = self.generations[0] if self.generations else ()
        info = batch[0].generation_info if batch else None
        told = self._generation
        return (info.finish_reason if info is not None else None) or told.finish_reason or told.stop_reason

    @property
    def _shown_word(self) -> str | None:
        """Haystack's replies and smolagents' raw response are written as Python shows them."""
        first = items_of(self.replies)[:1]
        facts = first[0].rpartition(" _meta={")[2] if first and isinstance(first[0], str) else ""
        if isinstance(self.raw, str) and self.raw.startswith("ChatCompletion("):
            facts = self.raw
        found = _SHOWN_FINISH.search(facts)
        return found[1] or found[2] if found else None

    @property
    def _generation(self) -> _Meta:
        """What LangChain says beside the first message."""
        batch = self.generations[0] if self.generations else ()
        message = batch[0].message if batch else None
        if message is None:
            return _NOTHING
        inner = message.kwargs or message.data or message
        return inner.response_metadata or _NOTHING


_WISHES: Final = (
    "response_format", "text", "format", "output_format", "config", "response_mime_type", "response_schema",
    "response_json_schema",
)  # fmt: skip
_wishes: Final = attrgetter(*_WISHES)
_NO_WISHES: Final = (None,) * len(_WISHES)
_NOTHING: Final = _Meta()
_PLAIN: Final = frozenset({"id", "object", "model", "model_version", "response_id", "status", "stop_reason"})
_decode_parameters: Final = msgspec.json.Decoder(Parameters).decode
_decode_body: Final = msgspec.json.Decoder(Body).decode


def read_parameters(value: Any) -> Parameters:
    """The parameters in `value`; none where it is not a JSON object."""
    if isinstance(value, str) and value:
        try:
            return _decode_parameters(value)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            pass
    return Parameters()


def read_body(value: Any) -> Body | None:
    """The facts in a response body, as far as its shape is known; None where it is not a JSON object."""
    if not isinstance(value, str) or value[:1] != "{":
        return None
    try:
        return _decode_body(value)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raw, _ = structure(value)
        return msgspec.convert({key: said for key, said in fields_of(raw).items() if key in _PLAIN}, Body)
