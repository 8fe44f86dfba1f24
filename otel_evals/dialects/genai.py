"""Standard GenAI conventions, newest form: everything in span attributes, messages as JSON text or typed values.

Read last of all dialects, so that it fills what the special ones left open. It also says when the content of a call may
travel in log records: when the span has none, and its producer is not known to write content on spans only.
"""

from typing import Any, ClassVar, Final

from otel_evals.messages import normal
from otel_evals.messages.documents import read_documents
from otel_evals.messages.standard import (
    Said,
    read_error_type,
    read_models,
    read_output_type,
    read_reasons,
    read_said,
    read_tool_definitions,
    read_usage,
)
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import ToolDefinition
from otel_evals.records.reading import Awaits, Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, Attributes, LogView, SpanView
from otel_evals.semconv import gen_ai

_ROLES: Final = {
    "chat": SpanRole.MODEL_CALL,
    "text_completion": SpanRole.MODEL_CALL,
    "generate_content": SpanRole.MODEL_CALL,
    "embeddings": SpanRole.EMBEDDING,
    "retrieval": SpanRole.RETRIEVAL,
    "execute_tool": SpanRole.TOOL,
    "invoke_agent": SpanRole.AGENT,
    "create_agent": SpanRole.OTHER,
}
_WRAPPERS: Final = frozenset({
    "invoke_workflow", "workflow", "chain", "task", "agent_step", "execute_task", "execute_event_loop_cycle", "plan",
    "orchestrate_tools", "invoke_workflow_step", "execute_node", "graph",
})  # fmt: skip

_NOTHING: Final[frozenset[Awaits]] = frozenset()
_LOGS: Final = frozenset((Awaits.LOGS,))
_LOG_SCOPES: Final = (
    "opentelemetry.instrumentation.openai_v2", "opentelemetry.util.genai", "opentelemetry.instrumentation.genai.",
    "opentelemetry.instrumentation.google_genai", "opentelemetry.instrumentation.vertexai",
    "opentelemetry.instrumentation.botocore",
)  # fmt: skip
"""Beginnings of scope names under `opentelemetry.instrumentation.` that leave their content to log records."""

_SPAN_SCOPES: Final = (
    "opentelemetry.instrumentation.", "@traceloop/", "traceloop", "logfire", "pydantic-ai", "openinference",
    "@arizeai/", "langfuse", "mlflow", "langsmith", "com.anthropic.sdk.", "strands", "lmnr", "litellm", "openlit",
)  # fmt: skip
"""Beginnings of the scope names of producers that write content on spans, or none. All others may use log records."""

_FOREIGN_CONTENT: Final = (
    "llm.", "input.value", "ai.prompt", "ai.response.", "ai.operationId", "langfuse.", "mlflow.", "gen_ai.prompt.0",
    "gen_ai.prompt.1", "gen_ai.completion", "gcp.vertex.agent.llm_", "traceloop.", "lmnr.", "langsmith.", "events",
    "request_data",
)  # fmt: skip
"""Beginnings of keys that belong to another dialect, which has its own carrier for the content."""

_KEYS: Final = (
    gen_ai.OPERATION_NAME, gen_ai.PROVIDER_NAME, gen_ai.SYSTEM, gen_ai.REQUEST_MODEL, gen_ai.OUTPUT_MESSAGES,
    gen_ai.RESPONSE_MODEL,
)  # fmt: skip
"""Keys one of which every GenAI span of the conventions has."""


class GenAi:
    """Reader of the standard span attributes."""

    id: ClassVar[str] = "genai"
    markers: ClassVar[tuple[bytes, ...]] = (b"gen_ai.",)
    signs: ClassVar[Signs] = Signs(keys=frozenset(_KEYS))

    def detect(self, span: SpanView) -> bool:
        """Whether any of the keys stands there that every GenAI span of the conventions has."""
        return gen_ai.OPERATION_NAME in span.attributes or not self.signs.keys.isdisjoint(span.attributes)

    def read(self, span: SpanView) -> Reading:
        """Everything that the standard keys say."""
        attributes = span.attributes
        get = attributes.get
        reasons = read_reasons(attributes)
        said = read_said(attributes, reasons)
        usage = read_usage(attributes)
        provider, request_model, response_model = read_models(attributes)
        word = get(gen_ai.OPERATION_NAME)
        operation = normal.operation(word)
        role = _ROLES.get(operation) if operation is not None else None
        if role is None:
            known = request_model is not None or response_model is not None
            role = _unnamed_role(word, said, likely_call=known and (said.anything or usage is not None))
        documents = get(gen_ai.RETRIEVAL_DOCUMENTS)
        return Reading(
            role=role,
            awaits=_awaits(span, role, said),
            content_off=said.off,
            truncated=said.truncated,
            operation=operation,
            provider=provider,
            request_model=request_model,
            response_model=response_model,
            response_id=normal.text(get(gen_ai.RESPONSE_ID)),
            conversation_id=normal.text(get(gen_ai.CONVERSATION_ID)) or normal.text(get(gen_ai.SESSION_ID)),
            prompt_name=normal.text(get(gen_ai.PROMPT_NAME)),
            prompt_version=normal.version(get(gen_ai.PROMPT_VERSION)),
            system=said.system,
            messages=said.messages,
            choices=said.choices,
            finish_reasons=reasons,
            tools=_tools(attributes, said),
            output_type=read_output_type(attributes),
            documents=None if documents is None else read_documents(documents),
            usage=usage,
            streaming=_streaming(attributes),
            error_type=read_error_type(span),
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the events have dialects of their own
        """Nothing: this dialect writes no log records."""
        return None


def _unnamed_role(word: Any, said: Said, *, likely_call: bool) -> SpanRole | None:
    """The role of a span whose operation is missing, or none of the conventions."""
    if not isinstance(word, str) or not word:
        return SpanRole.MODEL_CALL if likely_call else None
    if word.lower() in _WRAPPERS:
        return SpanRole.WRAPPER
    return SpanRole.MODEL_CALL if likely_call and said.choices is not None else SpanRole.OTHER


def _awaits(span: SpanView, role: SpanRole | None, said: Said) -> frozenset[Awaits]:
    if role is not SpanRole.MODEL_CALL or said.anything or span.status_code == STATUS_ERROR:
        return _NOTHING
    scope = span.scope_name
    if scope == "ai" or (scope.startswith(_SPAN_SCOPES) and not scope.startswith(_LOG_SCOPES)):
        return _NOTHING
    elsewhere = any(event.name.startswith("gen_ai.") for event in span.events)
    if (
        elsewhere
        or gen_ai.PROMPT in span.attributes
        or any(key.startswith(_FOREIGN_CONTENT) for key in span.attributes)
    ):
        return _NOTHING
    return _LOGS


def _tools(attributes: Attributes, said: Said) -> tuple[ToolDefinition, ...] | None:
    """The definitions, unless they lack their schemas on a span whose content, schemas included, comes in the logs."""
    tools = read_tool_definitions(attributes)
    if tools and not said.anything and all(tool.parameters is None for tool in tools):
        return None
    return tools


def _streaming(attributes: Attributes) -> bool | None:
    if (said := normal.flag(attributes.get(gen_ai.REQUEST_STREAM))) is not None:
        return said
    return None if attributes.keys().isdisjoint(gen_ai.FIRST_CHUNK) else True
