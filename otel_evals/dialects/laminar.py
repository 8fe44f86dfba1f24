"""Laminar: a span type with the span's input and output as JSON, beside the keys of OpenLLMetry on model calls."""

from typing import ClassVar, Final

from otel_evals.messages.failure import error_type
from otel_evals.messages.normal import text
from otel_evals.messages.vendor_request import read_request
from otel_evals.messages.vendor_response import Response, read_response
from otel_evals.plugins.signs import Signs
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, LogView, SpanView
from otel_evals.semconv.vendors import Laminar as Key

_ROLES: Final = {
    "LLM": SpanRole.MODEL_CALL, "TOOL": SpanRole.TOOL, "DEFAULT": SpanRole.WRAPPER, "EXECUTOR": SpanRole.WRAPPER,
    "PIPELINE": SpanRole.WRAPPER, "EVALUATION": SpanRole.OTHER, "EVALUATOR": SpanRole.OTHER,
    "CACHED": SpanRole.OTHER,
}  # fmt: skip


class Laminar:
    """Reads spans that carry `lmnr.span.type`."""

    id: ClassVar[str] = "laminar"
    markers: ClassVar[tuple[bytes, ...]] = (b"lmnr.",)
    signs: ClassVar[Signs] = Signs(keys=frozenset((Key.TYPE,)))

    def detect(self, span: SpanView) -> bool:
        """Whether the span states its Laminar type."""
        return Key.TYPE in span.attributes

    def read(self, span: SpanView) -> Reading:
        """The call's messages and answer, as far as Laminar holds them itself; other types give their role only."""
        attributes = span.attributes
        kind = attributes.get(Key.TYPE)
        role = _ROLES.get(kind.upper(), SpanRole.WRAPPER) if isinstance(kind, str) else SpanRole.WRAPPER
        conversation = text(attributes.get(Key.SESSION))
        if role is not SpanRole.MODEL_CALL:
            return Reading(role=role, conversation_id=conversation)
        request = read_request(attributes.get(Key.INPUT))
        response = Response() if span.status_code == STATUS_ERROR else read_response(attributes.get(Key.OUTPUT))
        return Reading(
            role=role,
            conversation_id=conversation,
            system=request.system,
            messages=request.messages,
            tools=request.tools,
            choices=response.choices,
            finish_reasons=response.finish_reasons,
            response_id=response.id,
            usage=response.usage,
            error_type=error_type(span),
            truncated=request.truncated or response.truncated,
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the protocol's signature
        """Nothing: Laminar writes no log records."""
        return None
