"""The standard `gen_ai.*` keys as parts of a `Reading`: what was said, and facts about the call.

The same keys stand on spans, on span events and on log records, so dialects share this reading. Old spellings of a key
are read where the new one is missing. Called by the dialects of the standard family.
"""

from typing import Any, Final

import msgspec

from otel_evals.messages import normal
from otel_evals.messages.genai import Turns, choices_of, content_is_off, read_system, read_turns
from otel_evals.messages.tools import read_tools
from otel_evals.records.exchange import Choice, Message, ToolDefinition, Usage
from otel_evals.records.span import STATUS_ERROR, Attributes, SpanView
from otel_evals.semconv import gen_ai

_UPLOADED: Final = tuple(
    f"{key}{ending}" for key in (gen_ai.INPUT_MESSAGES, gen_ai.OUTPUT_MESSAGES) for ending in ("_ref", ".ref")
)
_JSON_WORDS: Final = frozenset({"json", "json_object", "json_schema"})


class Said(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The texts that a set of attributes carries; fields as in `Reading`, None = no such attribute."""

    system: tuple[Message, ...] | None = None
    messages: tuple[Message, ...] | None = None
    choices: tuple[Choice, ...] | None = None
    off: bool = False
    truncated: bool = False

    @property
    def anything(self) -> bool:
        """Whether the attributes carry content, or say that it was left out."""
        return self.messages is not None or self.choices is not None or self.off


def read_said(attributes: Attributes, reasons: tuple[str, ...] | None = None) -> Said:
    """What the message attributes say. `reasons` are the finish reasons that stand beside them, one a choice."""
    get = attributes.get
    inputs = read_turns(get(gen_ai.INPUT_MESSAGES))
    outputs = read_turns(get(gen_ai.OUTPUT_MESSAGES), "assistant")
    system = read_system(get(gen_ai.SYSTEM_INSTRUCTIONS))
    uploaded = inputs is None and outputs is None and any(key in attributes for key in _UPLOADED)
    return said(inputs, outputs, system, reasons=reasons, off=uploaded)


def said(
    inputs: Turns | None,
    outputs: Turns | None,
    system: Turns | None = None,
    *,
    reasons: tuple[str, ...] | None = None,
    off: bool = False,
) -> Said:
    """The texts of the three carriers together. `off`: something else says that content was left out."""
    return Said(
        system=None if system is None else without_repeats(system.messages, inputs),
        messages=None if inputs is None else inputs.messages,
        choices=None if outputs is None else choices_of(outputs, reasons),
        off=off or content_is_off(inputs, outputs),
        truncated=(
            (inputs is not None and inputs.truncated)
            or (outputs is not None and outputs.truncated)
            or (system is not None and system.truncated)
        ),
    )


def without_repeats(system: tuple[Message, ...], inputs: Turns | None) -> tuple[Message, ...]:
    """System instructions that do not stand among the input messages too (some producers write them twice)."""
    if inputs is None:
        return system
    turns = [m.text for m in inputs.messages if m.role in ("system", "developer")]
    return tuple(m for m in system if m.text not in turns and m.text != "\n".join(turns)) if turns else system


def read_reasons(attributes: Attributes) -> tuple[str, ...] | None:
    """Normal finish reasons, from the array or from the singular key."""
    found = attributes.get(gen_ai.FINISH_REASONS)
    if found is None:
        found = attributes.get(gen_ai.FINISH_REASON)
    return None if found is None else normal.finish_reasons(found)


def read_usage(attributes: Attributes) -> Usage | None:
    """Token counts; None when no key has one."""
    get = attributes.get
    inputs = normal.tokens(get(gen_ai.USAGE_INPUT_TOKENS))
    if inputs is None:
        inputs = normal.tokens(get(gen_ai.USAGE_PROMPT_TOKENS))
    outputs = normal.tokens(get(gen_ai.USAGE_OUTPUT_TOKENS))
    if outputs is None:
        outputs = normal.tokens(get(gen_ai.USAGE_COMPLETION_TOKENS))
    if inputs is None and outputs is None:
        return None
    return Usage(
        input_tokens=inputs,
        output_tokens=outputs,
        cache_read_tokens=normal.tokens(get(gen_ai.USAGE_CACHE_READ_TOKENS)),
        reasoning_tokens=normal.tokens(get(gen_ai.USAGE_REASONING_TOKENS)),
    )


def read_models(attributes: Attributes) -> tuple[str | None, str | None, str | None]:
    """Provider, request model and response model, normalised.

    The provider comes from its own key, else from a `provider/` before the model, else from the address or the family
    of the model (when the key names a framework, or is missing).
    """
    get = attributes.get
    prefix, request_model = normal.model(get(gen_ai.REQUEST_MODEL))
    _, response_model = normal.model(get(gen_ai.RESPONSE_MODEL))
    provider = normal.provider(get(gen_ai.PROVIDER_NAME)) or normal.provider(get(gen_ai.SYSTEM)) or prefix
    if provider is None:
        provider = normal.inferred_provider(request_model or response_model, get(gen_ai.SERVER_ADDRESS))
    return provider, request_model, response_model


def read_output_type(attributes: Attributes) -> str | None:
    """`json` when structured output was asked for; `text` is not trusted, some write it whatever was asked."""
    for key in (gen_ai.OUTPUT_TYPE, gen_ai.OPENAI_RESPONSE_FORMAT):
        value = attributes.get(key)
        if isinstance(value, str) and value.lower() in _JSON_WORDS:
            return "json"
    return None


def read_tool_definitions(attributes: Attributes) -> tuple[ToolDefinition, ...] | None:
    """The tools that the model was offered; None when the attributes do not say."""
    value = attributes.get(gen_ai.TOOL_DEFINITIONS)
    return None if value is None else read_tools(value)


def read_error_type(span: SpanView) -> str | None:
    """What the span calls its error, from the attribute or the exception event; None on a span that did not fail."""
    if span.status_code != STATUS_ERROR:
        return None
    named: Any = span.attributes.get(gen_ai.ERROR_TYPE)
    if not named:
        named = next((e.attributes.get(gen_ai.EXCEPTION_TYPE) for e in span.events if e.name == "exception"), None)
    if isinstance(named, str) and named:
        return named.removeprefix("<class '").removesuffix("'>")
    return str(named) if isinstance(named, int) and not isinstance(named, bool) else None
