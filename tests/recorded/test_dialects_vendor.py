"""Vendor dialects over recorded bodies of real instrumentations: each call is read once, and as it was served."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import pytest

from otel_evals.builtin import DIALECTS
from otel_evals.plugins.protocols import Dialect
from otel_evals.records.exchange import Content
from otel_evals.records.reading import SpanRole

PRODUCERS: Final = (
    "ai-sdk-v5", "ai-sdk-v6-off", "ai-sdk-v7", "ai-sdk-v7-legacy", "google-adk-1.14", "langfuse-openai",
    "mlflow-openai", "openinference-anthropic", "openinference-langchain", "openinference-litellm",
    "openinference-llama-index", "openinference-openai", "openinference-openai-agents", "openinference-openai-off",
    "openllmetry-anthropic", "openllmetry-langchain-0.47", "openllmetry-openai", "openllmetry-openai-0.47",
    "openllmetry-openai-agents", "openllmetry-openai-off", "traceloop-sdk",
)  # fmt: skip

_TOKENS_BY_CHANCE = "cached_input_tokens"
"""Found on the wire only because the request's token limit is the same number as the cached tokens."""

NOT_ON_THE_CALL: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    # producer → scenario ("" = every one) → fields that stand elsewhere in the trace, or nowhere.
    "ai-sdk-v5": {"": (_TOKENS_BY_CHANCE,)},
    "google-adk-1.14": {"": (_TOKENS_BY_CHANCE,)},
    "openinference-openai-agents": {
        "multi_turn_correction": (_TOKENS_BY_CHANCE,),
        "responses_json_truncated": ("finish_reason",),  # the stream's error is all that was kept
    },
    "ai-sdk-v6-off": {"": ("tool_calls",)},  # content off: the names stand on tool spans
    "openinference-anthropic": {"multi_turn_correction": ("input_tokens",)},  # the sum with the cached ones
    "openinference-litellm": {  # an answer with text is written as a sentence, without the response's facts
        "tool_roundtrip": ("response_model",),
        "tool_parallel": ("response_model",),
    },
    "openinference-llama-index": {"": ("response_model", "response_id")},  # in the input of a later step
    "openllmetry-anthropic": {"stream": ("streaming", "output_tokens"), "stream_tool": ("streaming", "output_tokens")},
    "openllmetry-langchain-0.47": {"": ("finish_reason",), "stream_tool": ("finish_reason", "response_model")},
    "openllmetry-openai-agents": {
        "": ("tool_calls", "tool_call_arguments"),  # chat completions: the input only
        "empty_answer": ("output_text",),
        "responses_json_truncated": ("finish_reason",),
    },
}

Read = Callable[[str, Sequence[Dialect]], Iterator[Any]]


def _absent(producer: str, scenario: str) -> tuple[str, ...]:
    fields = NOT_ON_THE_CALL.get(producer, {})
    return fields.get(scenario, fields.get("", ()))


@pytest.mark.parametrize("producer", PRODUCERS)
def test_each_call_of_a_producer_is_read_once_and_as_it_was_served(
    producer: str, read_recording: Read, differences: Callable[..., list[str]]
) -> None:
    wrong: list[str] = []
    for scenario in read_recording(producer, DIALECTS):
        wanted = [c for c in scenario.expected.get("calls", []) if c["operation"] != "embeddings"]
        calls = scenario.calls
        if len(calls) != len(wanted):
            wrong.append(f"{scenario.name}: {len(wanted)} calls were served, {len(calls)} read")
            continue
        absent = _absent(producer, scenario.name)
        for call, expected in zip(calls, wanted, strict=True):
            wrong.extend(f"{scenario.name}: {text}" for text in differences(call, expected, absent))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("producer", PRODUCERS)
def test_retrieved_documents_of_a_producer_are_read_with_text_and_id(producer: str, read_recording: Read) -> None:
    for scenario in read_recording(producer, DIALECTS):
        wanted = scenario.expected.get("retrieved_docs")
        if not wanted:
            continue
        found = {d.text: d.id for call in scenario.spans for d in call.reading.documents or ()}
        assert found.keys() >= {d["text"] for d in wanted}, scenario.name
        assert all(found[d["text"]] == d["id"] for d in wanted if d["id"] is not None), scenario.name


@pytest.mark.parametrize("producer", [p for p in PRODUCERS if p.endswith("-off")])
def test_calls_without_captured_content_say_so(producer: str, read_recording: Read) -> None:
    calls = [c for s in read_recording(producer, DIALECTS) for c in s.calls if not c.exchange.failed]
    assert calls
    assert {c.exchange.content for c in calls} == {Content.OFF}


@pytest.mark.parametrize("producer", [p for p in PRODUCERS if p != "openllmetry-openai-agents"])
def test_captured_content_is_never_called_off(producer: str, read_recording: Read) -> None:
    calls = [c for s in read_recording(producer, DIALECTS) for c in s.calls if not c.exchange.failed]
    expected = Content.OFF if producer.endswith("-off") else Content.PRESENT
    assert {c.exchange.content for c in calls} == {expected}


def test_crewai_has_agents_only_and_their_answers_are_read(read_recording: Read) -> None:
    for scenario in read_recording("openinference-crewai", DIALECTS):
        (agent,) = scenario.with_role(SpanRole.AGENT)
        assert not scenario.calls
        assert scenario.expected["input_text_last_user"] in agent.question
        assert agent.exchange.choices[0].message.text == scenario.expected["output_text"]
        assert any(m.role == "system" for m in agent.exchange.messages)


_ASKS_FOR_JSON = (
    "langfuse-openai", "mlflow-openai", "openinference-openai", "openinference-litellm", "openllmetry-openai",
    "openllmetry-openai-0.47",
)  # fmt: skip


@pytest.mark.parametrize("producer", _ASKS_FOR_JSON)
def test_a_request_for_json_is_known_on_the_call(producer: str, read_recording: Read) -> None:
    asked = {s.name: s.calls[0].exchange.output_type for s in read_recording(producer, DIALECTS) if s.calls}
    assert asked["json_valid"] == "json"
    assert asked["plain_qa"] is None


@pytest.mark.parametrize("producer", ["ai-sdk-v5", "ai-sdk-v7-legacy"])
def test_the_root_of_generate_object_has_the_schema(producer: str, read_recording: Read) -> None:
    scenario = next(s for s in read_recording(producer, DIALECTS) if s.name == "generate_object")
    (root,) = scenario.with_role(SpanRole.AGENT)
    assert root.reading.output_schema is not None
    assert root.reading.output_schema["type"] == "object"
    assert scenario.calls[0].exchange.output_type == "json"


_WITH_TOOLS = [p for p in PRODUCERS if p not in (
    "ai-sdk-v6-off", "openllmetry-openai-agents", "openllmetry-openai-off", "openinference-openai-off",
)]  # fmt: skip


@pytest.mark.parametrize("producer", _WITH_TOOLS)
def test_offered_tools_come_with_a_schema_in_lower_case(producer: str, read_recording: Read) -> None:
    name = "responses_tool_roundtrip" if producer == "openinference-openai-agents" else "tool_roundtrip"
    scenario = next(s for s in read_recording(producer, DIALECTS) if s.name == name)
    for call in scenario.calls:
        (tool,) = call.exchange.tools
        assert tool.name == scenario.expected["tool_calls"][0]
        assert tool.parameters["type"] == "object"
        assert tool.parameters["properties"]["city"]["type"] == "string"


@pytest.mark.parametrize(
    ("producer", "name", "prompt_version"),
    [("langfuse-openai", "support-desk", "3"), ("ai-sdk-v5", "support-desk", "3"), ("traceloop-sdk", None, "4")],
)
def test_the_prompt_of_a_call_is_known(
    producer: str, name: str | None, prompt_version: str, read_recording: Read
) -> None:
    scenario = next(s for s in read_recording(producer, DIALECTS) if s.name == "rag_cited")
    exchange = scenario.calls[0].exchange
    assert (exchange.prompt_name, exchange.prompt_version) == (name, prompt_version)


@pytest.mark.parametrize("producer", [p for p in PRODUCERS if "agents" not in p and "langfuse" not in p])
def test_a_refused_call_names_its_error(producer: str, read_recording: Read) -> None:
    for scenario in read_recording(producer, DIALECTS):
        for call in scenario.calls if scenario.name.startswith("http_") else ():
            assert call.exchange.failed
            assert call.exchange.error_type
            assert not call.exchange.choices
