"""The standard GenAI family over recorded bodies of real instrumentations: each call is read once, and as served."""

from typing import Any

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
from otel_evals.records.exchange import Content
from otel_evals.records.reading import Awaits, SpanRole

DIALECTS = (
    AnthropicSdk(), LiteLlm(), PydanticAi(), Logfire(), SemanticKernel(), GoogleAdk(), Strands(), AgentFramework(),
    GenAiDetails(), GenAiEvents(), GenAiContent(), GenAi(),
)  # fmt: skip

# The ground truth finds 512 cached tokens wherever the number stands; there it is only the limit of output tokens.
_ONLY_A_LIMIT = ("cached_input_tokens",)
PRODUCERS = {
    "otel-genai-openai-span": (),
    "otel-google-genai": (),
    "otel-openai-v2-default": _ONLY_A_LIMIT,
    "otel-openai-v2-default-off": _ONLY_A_LIMIT,
    "otel-openai-v2-experimental-event": _ONLY_A_LIMIT,
    "otel-openai-v2-experimental-grpc": _ONLY_A_LIMIT,
    "otel-openai-v2-experimental-span": _ONLY_A_LIMIT,
    "semantic-kernel": _ONLY_A_LIMIT,
    "google-adk": (),
    "strands-agents-0.2": (),
    "strands-agents-experimental": (),
    "pydantic-ai": (),
    "pydantic-ai-1x-v1-attrs": (),
    "pydantic-ai-off": (),
    "pydantic-ai-v2": (),
    "logfire-openai": (),
    "logfire-pydantic-ai": (),
    "openlit": (),
    "ai-sdk-v7": (),
}
LOG_BORNE = (
    "otel-openai-v2-default",
    "otel-openai-v2-default-off",
    "otel-openai-v2-experimental-event",
    "semantic-kernel",
    "google-adk",
)


@pytest.mark.parametrize("producer", PRODUCERS)
def test_each_logical_call_is_one_model_call_and_reads_as_it_was_served(
    producer: str, read_recording: Any, differences: Any
):
    wrong: list[str] = []
    seen = 0
    for scenario in read_recording(producer, DIALECTS):
        expected = scenario.expected_calls
        if len(scenario.calls) != len(expected):
            wrong.append(f"{scenario.name}: {len(scenario.calls)} model calls for {len(expected)} logical ones")
            continue
        for call, wanted in zip(scenario.calls, expected, strict=True):
            seen += 1
            wrong += [f"{scenario.name}: {text}" for text in differences(call, wanted, PRODUCERS[producer])]
    assert wrong == []
    assert seen > 10


@pytest.mark.parametrize("producer", PRODUCERS)
def test_embeddings_tools_and_agents_are_not_model_calls(producer: str, read_recording: Any):
    for scenario in read_recording(producer, DIALECTS):
        for read in scenario.spans:
            operation = read.span.attributes.get("gen_ai.operation.name")
            if operation in ("embeddings", "execute_tool", "invoke_agent"):
                assert read.reading.role in (SpanRole.EMBEDDING, SpanRole.TOOL, SpanRole.AGENT)
                assert not read.reading.awaits


@pytest.mark.parametrize("producer", LOG_BORNE)
def test_a_call_whose_content_is_in_the_logs_waits_for_them_unless_it_failed(producer: str, read_recording: Any):
    for scenario in read_recording(producer, DIALECTS):
        for call in scenario.calls:
            waits = Awaits.LOGS in call.reading.awaits
            assert waits is not call.exchange.failed


@pytest.mark.parametrize("producer", sorted(set(PRODUCERS) - set(LOG_BORNE)))
def test_a_call_that_carries_its_content_waits_for_no_logs(producer: str, read_recording: Any):
    for scenario in read_recording(producer, DIALECTS):
        assert not any(Awaits.LOGS in read.reading.awaits for read in scenario.spans)


@pytest.mark.parametrize("producer", ["pydantic-ai-off", "otel-openai-v2-default-off"])
def test_content_that_was_switched_off_is_not_an_empty_answer(producer: str, read_recording: Any):
    for scenario in read_recording(producer, DIALECTS):
        for call in scenario.calls:
            assert call.exchange.content is Content.OFF or call.exchange.failed


@pytest.mark.parametrize("producer", sorted(set(PRODUCERS) - {"pydantic-ai-off", "otel-openai-v2-default-off"}))
def test_an_empty_answer_is_known_to_be_empty(producer: str, read_recording: Any):
    found = [s for s in read_recording(producer, DIALECTS) if s.name == "empty_answer"]
    for call in found[0].calls:
        assert call.exchange.content is Content.PRESENT
        assert call.exchange.choices[0].message.text == ""


def test_an_early_strands_call_waits_for_the_root_that_holds_its_system_prompt(read_recording: Any):
    for scenario in read_recording("strands-agents-0.2", DIALECTS):
        for call in scenario.calls:
            assert (Awaits.ROOT in call.reading.awaits) is not call.exchange.failed
        roots = [r for r in scenario.with_role(SpanRole.AGENT) if not r.span.parent_span_id]
        assert roots
        assert all(root.reading.system for root in roots)


@pytest.mark.parametrize("producer", ["otel-genai-openai-span", "google-adk", "pydantic-ai", "logfire-openai"])
def test_declared_tools_come_with_their_schemas(producer: str, read_recording: Any):
    found = [s for s in read_recording(producer, DIALECTS) if s.name == "tool_roundtrip"]
    for call in found[0].calls:
        assert call.exchange.tools
        assert all(tool.parameters for tool in call.exchange.tools)


@pytest.mark.parametrize("producer", ["openlit", "pydantic-ai", "logfire-openai"])
def test_system_instructions_appear_once(producer: str, read_recording: Any):
    for scenario in read_recording(producer, DIALECTS):
        for call in scenario.calls:
            texts = [m.text for m in call.exchange.messages if m.role == "system"]
            assert len(texts) == len(set(texts))
