"""Langfuse: an observation with a type, its input and output as JSON in the words of the API that was called.

Written by the Langfuse SDKs (the `@observe` decorator, the OpenAI wrapper, the LangChain callback). It names the model
that answered and no provider; the model that was asked for appears only where the call failed.
"""

from typing import Any, ClassVar, Final

from otel_evals.messages.documents import read_documents
from otel_evals.messages.failure import error_type
from otel_evals.messages.json_schema import read_wish
from otel_evals.messages.jsons import decoded, structure
from otel_evals.messages.normal import finish_reasons, model, provider, text, version
from otel_evals.messages.shapes import fields_of, items_of
from otel_evals.messages.vendor_request import read_request
from otel_evals.messages.vendor_response import Response, choice_of, read_response
from otel_evals.messages.vendor_tools import read_vendor_tools
from otel_evals.messages.vendor_usage import read_usage
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Choice
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, Attributes, LogView, SpanView
from otel_evals.semconv import gen_ai
from otel_evals.semconv.vendors import Langfuse as Key

_ROLES: Final = {
    "generation": SpanRole.MODEL_CALL, "agent": SpanRole.AGENT, "tool": SpanRole.TOOL, "chain": SpanRole.WRAPPER,
    "span": SpanRole.WRAPPER, "event": SpanRole.OTHER, "retriever": SpanRole.RETRIEVAL,
    "embedding": SpanRole.EMBEDDING, "evaluator": SpanRole.OTHER, "guardrail": SpanRole.OTHER,
}  # fmt: skip


class Langfuse:
    """Reads spans that are Langfuse observations."""

    id: ClassVar[str] = "langfuse"
    markers: ClassVar[tuple[bytes, ...]] = (b"langfuse.",)
    signs: ClassVar[Signs] = Signs(keys=frozenset((Key.TYPE, Key.INPUT, Key.OUTPUT)))

    def detect(self, span: SpanView) -> bool:
        """Whether the span is an observation; trace attributes that Langfuse spreads over others don't count."""
        attributes = span.attributes
        return Key.TYPE in attributes or Key.INPUT in attributes or Key.OUTPUT in attributes

    def read(self, span: SpanView) -> Reading:
        """The generation, agent or retrieval that the observation is; other types give their role only."""
        kind = span.attributes.get(Key.TYPE)
        role = _ROLES.get(kind.lower()) if isinstance(kind, str) else None
        if kind is None and Key.MODEL in span.attributes:
            role = SpanRole.MODEL_CALL
        if role is SpanRole.MODEL_CALL or role is SpanRole.AGENT:
            return _read_call(span, role)
        documents = read_documents(span.attributes.get(Key.OUTPUT)) if role is SpanRole.RETRIEVAL else None
        # An observation without a type may be another instrumentation's span that Langfuse only decorated.
        if role is None and kind is not None:
            role = SpanRole.WRAPPER
        return Reading(role=role, documents=documents, conversation_id=text(span.attributes.get(gen_ai.SESSION_ID)))

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the protocol's signature
        """Nothing: Langfuse writes no log records."""
        return None


def _read_call(span: SpanView, role: SpanRole) -> Reading:
    attributes = span.attributes
    failed = span.status_code == STATUS_ERROR
    request = read_request(attributes.get(Key.INPUT))
    response = Response() if failed else read_response(attributes.get(Key.OUTPUT))
    answered = model(attributes.get(Key.MODEL))
    asked = model(_metadata(attributes, "ls_model_name"))[1] or request.model or answered[1]
    choices, reasons = _finished(response, _metadata(attributes, "finish_reason"))
    output_type, output_schema = read_wish(_metadata(attributes, "response_format"))
    tools = request.tools if request.tools is not None else read_vendor_tools(_metadata(attributes, "tools"))
    return Reading(
        role=role,
        operation="chat" if role is SpanRole.MODEL_CALL else "invoke_agent",
        provider=provider(_metadata(attributes, "ls_provider")) or answered[0],
        request_model=asked,
        response_model=response.model or (None if failed else answered[1]),
        response_id=_response_id(attributes, response),
        conversation_id=text(attributes.get(gen_ai.SESSION_ID)),
        prompt_name=text(attributes.get(Key.PROMPT_NAME)),
        prompt_version=version(attributes.get(Key.PROMPT_VERSION)),
        system=request.system,
        messages=request.messages,
        choices=choices,
        finish_reasons=reasons,
        tools=tools,
        output_type=output_type or request.output_type,
        output_schema=output_schema or request.output_schema,
        usage=read_usage(attributes.get(Key.USAGE)) or response.usage,
        streaming=True if Key.STARTED in attributes or request.streaming else None,
        error_type=error_type(span),
        content_off=request.off or response.off,
        truncated=request.truncated or response.truncated,
    )


def _finished(response: Response, said: Any) -> tuple[tuple[Choice, ...] | None, tuple[str, ...] | None]:
    """The choices and their reasons; the metadata has one where the output is a bare message."""
    reasons = response.finish_reasons or finish_reasons(said)
    if response.choices is None or response.finish_reasons is not None or not reasons:
        return response.choices, reasons
    choices = tuple(choice_of(choice.message, reasons[0]) for choice in response.choices)
    return choices, tuple(choice.finish_reason or "" for choice in choices)


def _response_id(attributes: Attributes, response: Response) -> str | None:
    """The id of the response: in its body, or in the metadata when the output is only an item (whose id is another)."""
    if _metadata(attributes, "object") == "response":
        return text(_metadata(attributes, "id"))
    raw, _ = structure(attributes.get(Key.OUTPUT))
    fields = fields_of(raw)
    is_item = "role" in fields or (isinstance(fields.get("type"), str) and not items_of(fields.get("output")))
    return None if is_item and fields.get("object") is None else response.id


def _metadata(attributes: Attributes, name: str) -> Any:
    """One entry of the metadata, which stands under its own key or in one JSON object."""
    value = attributes.get(f"{Key.METADATA}.{name}")
    if value is None and isinstance(whole := attributes.get(Key.METADATA), str) and name in whole:
        value = fields_of(decoded(whole)).get(name)
    return decoded(value)
