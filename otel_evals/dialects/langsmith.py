"""LangSmith's OpenTelemetry exporter: a run type, and the run's raw inputs and outputs as JSON.

Its operation name misleads (a retriever is called `embeddings`, a prompt `chat`): the run type decides. A LangChain run
writes serialised messages, a wrapped OpenAI client the request and response of the API.
"""

from typing import Any, ClassVar, Final

from otel_evals.messages.documents import read_documents
from otel_evals.messages.failure import error_type
from otel_evals.messages.jsons import structure
from otel_evals.messages.normal import finish_reasons, model, provider, text, tokens, version
from otel_evals.messages.shapes import fields_of
from otel_evals.messages.vendor_request import read_request
from otel_evals.messages.vendor_response import Response, read_response
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Usage
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, Attributes, LogView, SpanView
from otel_evals.semconv import gen_ai
from otel_evals.semconv.vendors import LangSmith as Key

_ROLES: Final = {
    "llm": SpanRole.MODEL_CALL, "chain": SpanRole.WRAPPER, "tool": SpanRole.TOOL, "retriever": SpanRole.RETRIEVAL,
    "prompt": SpanRole.WRAPPER, "parser": SpanRole.WRAPPER, "embedding": SpanRole.EMBEDDING,
}  # fmt: skip
_PROMPT_NAME: Final = ("lc_hub_repo", "prompt_name", "promptName")
_PROMPT_VERSION: Final = ("lc_hub_commit_hash", "prompt_version", "promptVersion")
_SESSIONS: Final = ("session_id", "thread_id", "conversation_id")


class LangSmith:
    """Reads spans that carry `langsmith.span.kind`."""

    id: ClassVar[str] = "langsmith"
    markers: ClassVar[tuple[bytes, ...]] = (b"langsmith.",)
    signs: ClassVar[Signs] = Signs(keys=frozenset((Key.KIND,)))

    def detect(self, span: SpanView) -> bool:
        """Whether the span states its run type."""
        return Key.KIND in span.attributes

    def read(self, span: SpanView) -> Reading:
        """The call or retrieval that the run is; other runs give their role only."""
        attributes = span.attributes
        kind = attributes.get(Key.KIND)
        role = _ROLES.get(kind.lower(), SpanRole.WRAPPER) if isinstance(kind, str) else SpanRole.WRAPPER
        if role is SpanRole.MODEL_CALL:
            return _read_call(span)
        documents = None
        if role is SpanRole.RETRIEVAL:
            raw, _ = structure(attributes.get(Key.OUTPUTS))
            documents = read_documents(fields_of(raw).get("output") or raw)
        return Reading(role=role, documents=documents, conversation_id=text(_metadata(attributes, _SESSIONS)))

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the protocol's signature
        """Nothing: LangSmith writes no log records."""
        return None


def _read_call(span: SpanView) -> Reading:
    attributes = span.attributes
    request = read_request(attributes.get(Key.INPUTS))
    response = Response() if span.status_code == STATUS_ERROR else read_response(attributes.get(Key.OUTPUTS))
    said, asked = model(
        text(attributes.get(gen_ai.REQUEST_MODEL)) or text(_metadata(attributes, ("ls_model_name",))) or request.model
    )
    named = provider(_metadata(attributes, ("ls_provider",))) or provider(attributes.get(gen_ai.SYSTEM))
    return Reading(
        role=SpanRole.MODEL_CALL,
        operation="chat",
        provider=named or said,
        request_model=asked,
        response_model=model(text(attributes.get(gen_ai.RESPONSE_MODEL)) or response.model)[1],
        response_id=text(attributes.get(gen_ai.RESPONSE_ID)) or response.id,
        conversation_id=text(_metadata(attributes, _SESSIONS)),
        prompt_name=text(_metadata(attributes, _PROMPT_NAME)),
        prompt_version=version(_metadata(attributes, _PROMPT_VERSION)),
        system=request.system,
        messages=request.messages,
        choices=response.choices,
        finish_reasons=response.finish_reasons or finish_reasons(attributes.get(gen_ai.FINISH_REASONS)),
        tools=request.tools,
        output_type=request.output_type,
        output_schema=request.output_schema,
        usage=_usage(attributes) or response.usage,
        streaming=request.streaming,
        error_type=error_type(span),
        content_off=request.off or response.off,
        truncated=request.truncated or response.truncated,
    )


def _metadata(attributes: Attributes, names: tuple[str, ...]) -> Any:
    for name in names:
        if (value := attributes.get(f"{Key.METADATA}{name}")) is not None:
            return value
    return None


def _usage(attributes: Attributes) -> Usage | None:
    spent = tokens(attributes.get(gen_ai.USAGE_INPUT_TOKENS))
    made = tokens(attributes.get(gen_ai.USAGE_OUTPUT_TOKENS))
    return None if spent is None and made is None else Usage(input_tokens=spent, output_tokens=made)
