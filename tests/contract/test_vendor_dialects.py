"""Every vendor dialect keeps the contract of `plugins.protocols.Dialect` on any span and log record."""

import pytest

from otel_evals.dialects.adk1 import AdkOne
from otel_evals.dialects.ai_sdk import AiSdk
from otel_evals.dialects.laminar import Laminar
from otel_evals.dialects.langfuse import Langfuse
from otel_evals.dialects.langsmith import LangSmith
from otel_evals.dialects.mlflow import MLflow
from otel_evals.dialects.openinference import OpenInference
from otel_evals.dialects.openllmetry import OpenLLMetry
from otel_evals.dialects.openllmetry_indexed import OpenLLMetryIndexed
from otel_evals.dialects.traceloop import Traceloop
from otel_evals.plugins.protocols import Dialect
from otel_evals.semconv import vendors
from otel_evals.testing.contracts import check_dialect


def _keys(names: type, *indexed: str) -> tuple[str, ...]:
    plain = [value for name, value in vars(names).items() if name.isupper() and not value.endswith(".")]
    return (*plain, *indexed)


_CASES = [
    (AdkOne(), _keys(vendors.Adk), (vendors.Adk.SCOPE,)),
    (
        AiSdk(),
        (*_keys(vendors.AiSdk), "ai.response.text", "ai.response.toolCalls", "ai.response.finishReason"),
        ("ai",),
    ),
    (Laminar(), _keys(vendors.Laminar), ()),
    (Langfuse(), (*_keys(vendors.Langfuse), "langfuse.observation.metadata.id"), ("langfuse-sdk",)),
    (LangSmith(), _keys(vendors.LangSmith), ()),
    (MLflow(), (*_keys(vendors.MLflow), "model", "tools", "response_format"), ()),
    (
        OpenInference(),
        _keys(
            vendors.OpenInference,
            "llm.input_messages.0.message.role",
            "llm.input_messages.0.message.content",
            "llm.input_messages.3.message.contents.1.message_content.text",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.name",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
            "llm.output_messages.x.message.content",
            "llm.output_messages.0",
            "llm.tools.0.tool.json_schema",
            "retrieval.documents.0.document.content",
            "retrieval.documents.0.document.metadata",
        ),
        ("openinference.instrumentation.llama_index", "openinference.instrumentation.openai"),
    ),
    (OpenLLMetry(), _keys(vendors.Traceloop), ()),
    (
        OpenLLMetryIndexed(),
        _keys(
            vendors.Traceloop,
            "gen_ai.prompt.0.role",
            "gen_ai.prompt.0.content",
            "gen_ai.prompt.0.tool_calls.0.name",
            "gen_ai.completion.0.content",
            "gen_ai.completion.0.finish_reason",
            "gen_ai.completion.0.tool_calls.0.arguments",
            "llm.request.functions.0.name",
            "llm.request.functions.0.parameters",
        ),
        (),
    ),
    (Traceloop(), _keys(vendors.Traceloop), ("traceloop.tracer",)),
]


@pytest.mark.parametrize(("dialect", "keys", "scopes"), _CASES, ids=lambda value: getattr(value, "id", ""))
def test_a_vendor_dialect_reads_any_span_without_raising_and_always_the_same(
    dialect: Dialect, keys: tuple[str, ...], scopes: tuple[str, ...]
) -> None:
    check_dialect(dialect, keys=keys, scopes=scopes)
