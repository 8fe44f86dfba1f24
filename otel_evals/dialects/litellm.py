"""LiteLLM's own OpenTelemetry exporter: standard keys, with the tool calls of an answer elsewhere.

On a tool call `gen_ai.output.messages` has no parts and the call stands under `gen_ai.completion.N.function_call`. A
child span repeats the raw request of the call below it; the proxy's own steps are spans too.
"""

from typing import Any, ClassVar, Final

import msgspec

from otel_evals.messages import normal
from otel_evals.messages.genai import choice, choices_of, read_turns
from otel_evals.messages.indexed import nest
from otel_evals.messages.jsons import fields_of, items_of
from otel_evals.messages.parts import read_message
from otel_evals.messages.standard import read_reasons
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Choice, Message, ToolCall
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import Attributes, LogView, SpanView
from otel_evals.semconv import gen_ai
from otel_evals.semconv.vendors import LiteLlm as Key

_SCOPE: Final = "litellm"
_GENAI: Final = (gen_ai.OPERATION_NAME, gen_ai.REQUEST_MODEL, gen_ai.INPUT_MESSAGES)


class LiteLlm:
    """Reader of what LiteLLM writes beside the standard keys."""

    id: ClassVar[str] = "litellm"
    markers: ClassVar[tuple[bytes, ...]] = (b"litellm",)
    signs: ClassVar[Signs] = Signs(keys=frozenset((Key.MODEL, Key.FRAMEWORK)), scopes=(_SCOPE,))

    def detect(self, span: SpanView) -> bool:
        """Whether LiteLLM's exporter wrote the span."""
        attributes = span.attributes
        return span.scope_name == _SCOPE or Key.MODEL in attributes or attributes.get(Key.FRAMEWORK) == _SCOPE

    def read(self, span: SpanView) -> Reading:
        """The role of spans that are no call of their own; provider and tool calls of those that are."""
        attributes = span.attributes
        if not any(key in attributes for key in _GENAI):
            return Reading(role=SpanRole.WRAPPER)
        provider, requested = normal.model(attributes.get(Key.MODEL))
        return Reading(
            provider=normal.provider(attributes.get(gen_ai.PROVIDER_NAME)) or provider,
            request_model=normal.model(attributes.get(gen_ai.REQUEST_MODEL))[1] or requested,
            choices=_with_calls(attributes),
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - its records are the standard events
        """Nothing of its own."""
        return None


def _with_calls(attributes: Attributes) -> tuple[Choice, ...] | None:
    """The choices with the tool calls that stand beside them; None when nothing is to be added."""
    calls = [_calls(item) for item in nest(attributes, Key.COMPLETIONS)]
    if not any(calls):
        return None
    reasons = read_reasons(attributes)
    turns = read_turns(attributes.get(gen_ai.OUTPUT_MESSAGES), "assistant")
    choices = () if turns is None else choices_of(turns, reasons)
    found: list[Choice] = []
    for index, more in enumerate(calls):
        known = choices[index] if index < len(choices) else Choice(message=Message(role="assistant"))
        message = known.message
        if more and not message.tool_calls:
            message = msgspec.structs.replace(message, tool_calls=more)
        found.append(choice(message, known.finish_reason))
    return tuple(found)


def _calls(item: Any) -> tuple[ToolCall, ...]:
    fields = fields_of(item)
    raw = items_of(fields.get("tool_calls"))
    single = fields_of(fields.get("function_call"))
    if not raw and single:
        raw = [single]
    return read_message({"tool_calls": list(raw)}, "assistant")[0].tool_calls
