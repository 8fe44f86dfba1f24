"""pydantic-ai, every instrumentation format: request parameters, and the conversation under keys of its own.

Format 1 writes a call's messages as one JSON list of message events (`events`), later formats use the standard keys.
The agent span has the whole conversation (`all_messages_events`, `pydantic_ai.all_messages`), the answer last.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

from otel_evals.messages.events import Turn, read_event
from otel_evals.messages.genai import choice, read_turns
from otel_evals.messages.jsons import fields_of, structure
from otel_evals.messages.tools import read_tools
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Choice, Message, ToolDefinition
from otel_evals.records.reading import Awaits, Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, LogView, SpanView
from otel_evals.semconv import gen_ai

_SCOPE: Final = "pydantic-ai"
_EVENTS: Final = "events"
_ALL_EVENTS: Final = "all_messages_events"
_ALL_MESSAGES: Final = "pydantic_ai.all_messages"
_PARAMETERS: Final = "model_request_parameters"
_JSON_MODES: Final = frozenset({"native", "prompted"})


class PydanticAi:
    """Reader of pydantic-ai's own keys."""

    id: ClassVar[str] = "pydantic_ai"
    markers: ClassVar[tuple[bytes, ...]] = (b"pydantic-ai", b"pydantic_ai", _PARAMETERS.encode(), _ALL_EVENTS.encode())
    signs: ClassVar[Signs] = Signs(keys=frozenset((_PARAMETERS, _ALL_MESSAGES, _ALL_EVENTS)), scopes=(_SCOPE,))

    def detect(self, span: SpanView) -> bool:
        """Whether its keys stand there, or the span comes from its tracer."""
        attributes = span.attributes
        return (
            span.scope_name == _SCOPE
            or _PARAMETERS in attributes
            or _ALL_MESSAGES in attributes
            or _ALL_EVENTS in attributes
        )

    def read(self, span: SpanView) -> Reading:
        """A call's events and request parameters, or an agent's conversation."""
        attributes = span.attributes
        conversation = attributes.get(_ALL_MESSAGES)
        if conversation is not None:
            turns = read_turns(conversation)
            messages, choices = _split(() if turns is None else turns.messages)
            off = turns is not None and turns.off
            return Reading(role=SpanRole.AGENT, content_off=off, messages=messages, choices=choices)
        if (conversation := attributes.get(_ALL_EVENTS)) is not None:
            messages, choices, off, cut = _read_events(conversation)
            if not choices:
                messages, choices = _split(messages)
            return Reading(
                role=SpanRole.AGENT, content_off=off, truncated=cut, messages=messages, choices=choices or None
            )
        return _read_call(span)

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - its event mode writes message events
        """Nothing of its own: in its event mode it writes message events of the conventions."""
        return None


def _read_call(span: SpanView) -> Reading:
    attributes = span.attributes
    events = attributes.get(_EVENTS)
    fields = fields_of(attributes.get(_PARAMETERS))
    found = None if events is None else _read_events(events)
    messages, choices, off, cut = found or (None, None, False, False)
    # In its event mode the messages are log records; with content left out there are still skeletons on the span.
    bare = found is None and gen_ai.INPUT_MESSAGES not in attributes and span.status_code != STATUS_ERROR
    waits = bare and attributes.get(gen_ai.OPERATION_NAME) == "chat"
    return Reading(
        role=_role_without_operation(span),
        awaits=frozenset((Awaits.LOGS,)) if waits else frozenset(),
        content_off=off,
        truncated=cut,
        messages=messages,
        choices=choices or None,
        tools=_tools(fields),
        output_type="json" if fields.get("output_mode") in _JSON_MODES else None,
        output_schema=_output_schema(fields),
    )


def _role_without_operation(span: SpanView) -> SpanRole | None:
    """Early releases wrote no operation on the agent's and the tools' spans."""
    attributes = span.attributes
    if gen_ai.OPERATION_NAME in attributes:
        return None
    if gen_ai.TOOL_NAME in attributes:
        return SpanRole.TOOL
    if "agent_name" in attributes or "model_name" in attributes:
        return SpanRole.AGENT
    return None if gen_ai.REQUEST_MODEL in attributes else SpanRole.WRAPPER


def _read_events(value: Any) -> tuple[tuple[Message, ...], tuple[Choice, ...], bool, bool]:
    raw, cut = structure(value)
    turns: list[Turn] = []
    for item in cast("list[Any]", raw) if isinstance(raw, list) else []:
        body = fields_of(item)
        turn = read_event(body.get(gen_ai.EVENT_NAME), body)
        if turn is not None:
            turns.append(turn)
    messages = tuple(t.message for t in turns if t.message is not None)
    choices = tuple(t.choice for t in turns if t.choice is not None)
    return messages, choices, any(t.off for t in turns), cut


def _split(conversation: tuple[Message, ...]) -> tuple[tuple[Message, ...], tuple[Choice, ...] | None]:
    """A whole conversation as input and answer: the answer is its last turn, when that is the assistant's."""
    if conversation and conversation[-1].role == "assistant":
        return conversation[:-1], (choice(conversation[-1], None),)
    return conversation, None


def _tools(fields: Mapping[str, Any]) -> tuple[ToolDefinition, ...] | None:
    """The tools of the application and those that stand for structured output; both may be called."""
    lists = [read_tools(fields[key]) for key in ("function_tools", "output_tools") if key in fields]
    return tuple(tool for tools in lists for tool in tools or ()) if lists else None


def _output_schema(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if fields.get("output_mode") not in _JSON_MODES:
        return None
    return fields_of(fields_of(fields.get("output_object")).get("json_schema")) or None
