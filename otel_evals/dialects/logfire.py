"""Logfire's instrumentations of the OpenAI and Anthropic clients and of the OpenAI agents SDK.

New versions write standard keys, older ones the request and answer as JSON (`request_data`, `response_data`), the
agents integration `input` and `output` or a list of message events. A stream becomes two spans: the first ends before
the answer begins and must not count as an empty one, the second (`logfire.span_type=log`) is the call.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

from otel_evals.messages import normal
from otel_evals.messages.events import Turn, read_event
from otel_evals.messages.genai import Turns, read_turns
from otel_evals.messages.jsons import fields_of, structure
from otel_evals.messages.standard import Said, read_reasons, said
from otel_evals.messages.tools import read_tools
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Usage
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, Attributes, LogView, SpanView
from otel_evals.semconv import gen_ai
from otel_evals.semconv.vendors import Logfire as Key

_SCOPE: Final = "logfire"
_SPAN_TYPE: Final = "logfire.span_type"
_REQUEST: Final = "request_data"
_RESPONSE: Final = "response_data"
_ANSWER_KEYS: Final = (
    gen_ai.OUTPUT_MESSAGES, gen_ai.FINISH_REASONS, gen_ai.USAGE_OUTPUT_TOKENS, gen_ai.RESPONSE_ID, _RESPONSE, "output",
    "events",
)  # fmt: skip
_NOTHING: Final = Said()


class Logfire:
    """Reader of what Logfire writes beside, or in the place of, the standard keys."""

    id: ClassVar[str] = "logfire"
    markers: ClassVar[tuple[bytes, ...]] = (b"logfire",)
    signs: ClassVar[Signs] = Signs(scopes=(_SCOPE,))

    def detect(self, span: SpanView) -> bool:
        """Whether one of Logfire's own instrumentations wrote the span about a model."""
        if not span.scope_name.startswith(_SCOPE):
            return False
        attributes = span.attributes
        return _REQUEST in attributes or gen_ai.REQUEST_MODEL in attributes or "model_config" in attributes

    def read(self, span: SpanView) -> Reading:
        """The role of the two spans of a stream, and the content under Logfire's keys."""
        attributes = span.attributes
        if attributes.get(_SPAN_TYPE) == "pending_span" or _awaits_stream(span):
            return Reading(role=SpanRole.WRAPPER)
        asked = fields_of(attributes.get(_REQUEST))
        found = _NOTHING if gen_ai.INPUT_MESSAGES in attributes else _content(attributes, asked)
        streamed = attributes.get(_SPAN_TYPE) == "log"
        named = attributes.get(gen_ai.OPERATION_NAME)
        return Reading(
            role=SpanRole.MODEL_CALL if streamed or (named is None and found.anything) else None,
            content_off=found.off,
            truncated=found.truncated,
            system=found.system,
            messages=found.messages,
            choices=found.choices,
            tools=read_tools(asked["tools"]) if "tools" in asked else None,
            output_type="json" if _wants_json(asked) else None,
            usage=_cached(attributes),
            streaming=True if streamed or asked.get("stream") is True else None,
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - Logfire's logs are spans
        """Nothing: what Logfire calls a log is a span."""
        return None


def _awaits_stream(span: SpanView) -> bool:
    """Whether this is the first span of a stream: a request that did not fail, and no trace of an answer."""
    attributes = span.attributes
    if span.status_code == STATUS_ERROR or attributes.get(_SPAN_TYPE) == "log":
        return False
    if normal.operation(attributes.get(gen_ai.OPERATION_NAME)) not in (None, "chat", "text_completion"):
        return False
    return _REQUEST in attributes and not any(key in attributes for key in _ANSWER_KEYS)


def _content(attributes: Attributes, asked: Mapping[str, Any]) -> Said:
    if "events" in attributes:
        return _from_events(attributes["events"])
    inputs = read_turns(asked.get("messages", asked.get("input", attributes.get("input"))))
    system = read_turns(asked.get("system", asked.get("instructions")), "system")
    if _RESPONSE in attributes:
        outputs = _answer(fields_of(attributes[_RESPONSE]))
    else:
        outputs = read_turns(attributes.get("output"), "assistant")
    # One reason, known or not: the items of such an answer are pieces of one choice.
    return said(inputs, outputs, system, reasons=read_reasons(attributes) or (normal.UNKNOWN_FINISH,))


def _answer(response: Mapping[str, Any]) -> Turns | None:
    if (message := response.get("message")) is not None:
        return read_turns([message], "assistant")
    for key in ("combined_chunk_content", "text", "output"):
        if (content := response.get(key)) is not None:
            return read_turns([{"role": "assistant", "content": content}], "assistant")
    return None


def _from_events(value: Any) -> Said:
    """Message events in one list. An answer that is only an assistant's message has no choice event around it."""
    raw, cut = structure(value)
    turns: list[Turn] = []
    for item in cast("list[Any]", raw) if isinstance(raw, list) else []:
        fields = fields_of(item)
        turn = read_event(fields.get(gen_ai.EVENT_NAME), fields)
        if turn is not None:
            turns.append(turn)
    messages = [turn.message for turn in turns if turn.message is not None]
    choices = tuple(turn.choice for turn in turns if turn.choice is not None)
    answer: list[Any] = []
    while not choices and messages and messages[-1].role == "assistant":
        answer.insert(0, messages.pop())
    if answer:
        outputs = Turns(messages=tuple(answer), finish=(None,) * len(answer))
        choices = said(None, outputs, reasons=(normal.UNKNOWN_FINISH,)).choices or ()
    return Said(
        messages=tuple(messages),
        choices=choices or None,
        off=any(turn.off for turn in turns) and not cut,
        truncated=cut,
    )


def _cached(attributes: Attributes) -> Usage | None:
    """The cached tokens, which stand only in the provider's own usage object."""
    usage = fields_of(attributes.get(Key.USAGE))
    details = fields_of(usage.get("prompt_tokens_details", usage.get("input_tokens_details")))
    cached = normal.tokens(details.get("cached_tokens"))
    return None if cached is None else Usage(cache_read_tokens=cached)


def _wants_json(asked: Mapping[str, Any]) -> bool:
    return fields_of(asked.get("response_format")).get("type") in ("json_object", "json_schema")
