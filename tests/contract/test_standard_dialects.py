"""Every dialect of the standard family keeps the contract of dialects."""

import pytest

from otel_evals.dialects.agent_framework import AgentFramework
from otel_evals.dialects.anthropic_sdk import AnthropicSdk
from otel_evals.dialects.genai import GenAi
from otel_evals.dialects.genai_content import GenAiContent
from otel_evals.dialects.genai_details import GenAiDetails
from otel_evals.dialects.genai_events import GenAiEvents
from otel_evals.dialects.google_adk import GoogleAdk
from otel_evals.dialects.litellm import LiteLlm
from otel_evals.dialects.logfire import Logfire
from otel_evals.dialects.pydantic_ai import PydanticAi
from otel_evals.dialects.semantic_kernel import SemanticKernel
from otel_evals.dialects.strands import Strands
from otel_evals.plugins.protocols import Dialect
from otel_evals.records.reading import Reading
from otel_evals.records.span import LogView, SpanView
from otel_evals.testing.contracts import check_dialect

KEYS = (
    "model_request_parameters", "pydantic_ai.all_messages", "all_messages_events", "request_data", "response_data",
    "logfire.span_type", "input", "output", "gen_ai.prompt", "gen_ai.completion", "gen_ai.usage.raw", "system_prompt",
    "event_loop.cycle_id", "sk.available_functions", "litellm.provider.model", "gen_ai.completion.0.function_call",
    "gen_ai.completion.0.tool_calls", "workflow.id", "server.address", "gen_ai.event.content",
)  # fmt: skip
SCOPES = (
    "strands.telemetry.tracer", "semantic_kernel.connectors", "gcp.vertex.agent", "com.anthropic.sdk.python",
    "pydantic-ai", "logfire.openai", "agent_framework", "litellm", "opentelemetry.util.genai.handler",
)  # fmt: skip


@pytest.mark.parametrize(
    "dialect",
    [
        AnthropicSdk(), LiteLlm(), PydanticAi(), Logfire(), SemanticKernel(), GoogleAdk(), Strands(), AgentFramework(),
        GenAiDetails(), GenAiEvents(), GenAiContent(), GenAi(),
    ],
    ids=lambda d: d.id,
)  # fmt: skip
def test_a_dialect_reads_anything_without_raising_and_always_the_same(dialect: Dialect):
    check_dialect(dialect, keys=KEYS, scopes=SCOPES)


class _Raising(GenAi):
    def read(self, span: SpanView) -> Reading:
        return Reading(response_id=span.attributes["gen_ai.response.id"].lower())


class _Unmarked(GenAi):
    markers = (b"never.written",)

    def detect(self, span: SpanView) -> bool:
        return True


class _Forgetful(GenAi):
    def __init__(self) -> None:
        self.count = 0

    def read_log(self, record: LogView) -> None:
        self.count += 1
        if self.count % 2:
            raise ValueError(record)


def test_the_suite_finds_a_reader_that_raises_on_odd_content():
    with pytest.raises(KeyError):
        check_dialect(_Raising())


def test_the_suite_finds_a_detection_without_a_marker():
    with pytest.raises(AssertionError, match="without a marker"):
        check_dialect(_Unmarked())


def test_the_suite_finds_a_log_reader_that_raises():
    with pytest.raises(ValueError, match="LogView"):
        check_dialect(_Forgetful())
