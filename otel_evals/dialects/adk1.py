"""Google's Agent Development Kit 1.x: request and response as two JSON strings in the Gemini API's words.

The scope names the kit; a call that failed carries no attribute at all, so that only scope and name tell what it was.
ADK 2 writes standard operation names and is left to the standard reader, except for such JSON where it is present.
"""

from typing import Any, ClassVar, Final

from otel_evals.messages.failure import error_type
from otel_evals.messages.jsons import structure
from otel_evals.messages.normal import finish_reason, inferred_provider, model, text, tokens
from otel_evals.messages.shapes import fields_of, present
from otel_evals.messages.vendor_message import read_vendor_message
from otel_evals.messages.vendor_request import read_request
from otel_evals.messages.vendor_response import choice_of
from otel_evals.messages.vendor_usage import read_usage
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Choice, Message, Usage
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, Attributes, LogView, SpanView
from otel_evals.semconv import gen_ai
from otel_evals.semconv.vendors import Adk as Key

_CALL: Final = "call_llm"
_AGENTS: Final = ("agent_run", "invocation", "invoke_agent")
_TOOLS: Final = "execute_tool"
_EMPTY: Final = ("", "{}")


class AdkOne:
    """Reads spans of the scope `gcp.vertex.agent` that the newer conventions don't describe."""

    id: ClassVar[str] = "adk1"
    markers: ClassVar[tuple[bytes, ...]] = (b"gcp.vertex.agent",)
    signs: ClassVar[Signs] = Signs(keys=frozenset((Key.REQUEST,)), scopes=(Key.SCOPE,))

    def detect(self, span: SpanView) -> bool:
        """Whether the span has the kit's JSON, or comes from the kit and names no standard operation."""
        attributes = span.attributes
        if Key.REQUEST in attributes:
            return True
        return span.scope_name == Key.SCOPE and gen_ai.OPERATION_NAME not in attributes

    def read(self, span: SpanView) -> Reading:
        """The call with its contents; agents, tools and bookkeeping spans give their role only."""
        attributes = span.attributes
        conversation = text(attributes.get(gen_ai.CONVERSATION_ID)) or text(attributes.get(Key.SESSION))
        if span.name.startswith(_TOOLS) or attributes.get(gen_ai.OPERATION_NAME) == _TOOLS:
            return Reading(role=SpanRole.TOOL, conversation_id=conversation)
        if attributes.get(Key.REQUEST, "") not in _EMPTY or span.name == _CALL:
            return _read_call(span, conversation)
        role = SpanRole.AGENT if span.name.startswith(_AGENTS) else SpanRole.OTHER
        return Reading(role=role, conversation_id=conversation)

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the protocol's signature
        """Nothing: ADK 1.x writes no log records of its own shape."""
        return None


def _read_call(span: SpanView, conversation: str | None) -> Reading:
    attributes = span.attributes
    request = read_request(_present(attributes, Key.REQUEST))
    raw, cut = structure(_present(attributes, Key.RESPONSE))
    answer = fields_of(raw)
    choices = _choices(answer) if span.status_code != STATUS_ERROR and raw is not None else None
    said, asked = model(attributes.get(gen_ai.REQUEST_MODEL) or request.model)
    reason = choices[0].finish_reason if choices else None
    return Reading(
        role=SpanRole.MODEL_CALL,
        operation="generate_content",
        provider=said or inferred_provider(asked),
        request_model=asked,
        response_model=model(present(answer, "model_version", "modelVersion"))[1],
        conversation_id=conversation,
        system=request.system,
        messages=request.messages,
        choices=choices,
        finish_reasons=(reason,) if reason else None,
        tools=request.tools,
        output_type=request.output_type,
        output_schema=request.output_schema,
        usage=_usage(attributes) or read_usage(present(answer, "usage_metadata", "usageMetadata")),
        error_type=error_type(span),
        content_off=request.off,
        truncated=request.truncated or cut,
    )


def _choices(answer: dict[str, Any]) -> tuple[Choice, ...]:
    read = read_vendor_message({"role": "model", **fields_of(answer.get("content"))}, "assistant")
    message = read[0] if read is not None else Message(role="assistant")
    word = present(answer, "finish_reason", "finishReason")
    # A blocked answer has no content, and its reason may stand in the place of an error.
    return (choice_of(message, word if word is not None else _blocked(answer)),)


def _blocked(answer: dict[str, Any]) -> str | None:
    code = present(answer, "error_code", "errorCode")
    return code if isinstance(code, str) and finish_reason(code) is not None else None


def _usage(attributes: Attributes) -> Usage | None:
    spent = tokens(attributes.get(gen_ai.USAGE_INPUT_TOKENS))
    made = tokens(attributes.get(gen_ai.USAGE_OUTPUT_TOKENS))
    return None if spent is None and made is None else Usage(input_tokens=spent, output_tokens=made)


def _present(attributes: Attributes, key: str) -> Any:
    value = attributes.get(key)
    return None if value in _EMPTY else value
