import json
from typing import Any

import pytest

from otel_evals.dialects.agent_framework import AgentFramework
from otel_evals.dialects.anthropic_sdk import AnthropicSdk
from otel_evals.dialects.google_adk import GoogleAdk
from otel_evals.dialects.litellm import LiteLlm
from otel_evals.dialects.logfire import Logfire
from otel_evals.dialects.pydantic_ai import PydanticAi
from otel_evals.dialects.semantic_kernel import SemanticKernel
from otel_evals.dialects.strands import Strands
from otel_evals.records.exchange import ToolCall, Usage
from otel_evals.records.reading import Awaits, SpanRole
from otel_evals.records.span import STATUS_ERROR, EventView, SpanView

CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
EVENTS = [
    {"event.name": "gen_ai.system.message", "role": "system", "content": "Be kind."},
    {"event.name": "gen_ai.user.message", "role": "user", "content": "Hi?"},
    {"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": "Hello."}},
]


def span(attributes: dict[str, Any], scope: str = "", *events: EventView, **more: Any) -> SpanView:
    return SpanView(
        trace_id=b"t" * 16, span_id=b"s" * 8, attributes=attributes, events=events, scope_name=scope, **more
    )


def texts(messages: Any) -> list[tuple[str, str]]:
    return [(m.role, m.text) for m in messages or ()]


def answers(choices: Any) -> list[str]:
    return [c.message.text for c in choices or ()]


@pytest.mark.parametrize(
    ("dialect", "scope"),
    [(SemanticKernel(), "semantic_kernel.x"), (GoogleAdk(), "gcp.vertex.agent"), (AgentFramework(), "agent_framework")],
    ids=["semantic_kernel", "google_adk", "agent_framework"],
)
def test_frameworks_that_write_logs_are_waited_for_while_a_call_is_bare(dialect: Any, scope: str):
    content = {**CHAT, "gen_ai.input.messages": "[]"}
    assert dialect.detect(span(CHAT, scope))
    assert dialect.read(span(CHAT, scope)).awaits == {Awaits.LOGS}
    assert not dialect.read(span(content, scope)).awaits
    assert not dialect.read(span(CHAT, scope, status_code=STATUS_ERROR)).awaits
    assert not dialect.read(span({"gen_ai.operation.name": "execute_tool"}, scope)).awaits
    assert not dialect.detect(span(CHAT, "another.scope"))


def test_loops_and_workflow_steps_are_wrappers():
    loop = span({"sk.available_functions": "weather-now"}, "semantic_kernel.connectors")
    step = span({"executor.id": "writer"}, "agent_framework")
    cycle = span({"event_loop.cycle_id": "1"}, "strands.telemetry.tracer")
    assert SemanticKernel().read(loop).role is SpanRole.WRAPPER
    assert AgentFramework().read(step).role is SpanRole.WRAPPER
    assert Strands().read(cycle).role is SpanRole.WRAPPER


def test_vendor_json_of_the_older_adk_is_left_to_its_own_dialect():
    older = {"gcp.vertex.agent.llm_request": "{}", "gen_ai.system": "gcp.vertex.agent"}
    assert not GoogleAdk().detect(span(older, "gcp.vertex.agent"))


def test_a_strands_call_waits_for_its_root_unless_it_has_the_system_prompt_itself():
    scope, below = "strands.telemetry.tracer", {"parent_span_id": b"p" * 8}
    told = EventView(name="gen_ai.client.inference.operation.details", attributes={"gen_ai.system_instructions": "x"})
    assert Strands().read(span(CHAT, scope, **below)).awaits == {Awaits.ROOT}
    assert not Strands().read(span(CHAT, scope)).awaits
    assert not Strands().read(span(CHAT, scope, told, **below)).awaits
    assert not Strands().read(span(CHAT, scope, status_code=STATUS_ERROR, **below)).awaits


def test_a_strands_root_gives_its_system_prompt():
    root = span({"gen_ai.operation.name": "invoke_agent", "system_prompt": "Be kind."}, "strands.telemetry.tracer")
    assert texts(Strands().read(root).system) == [("system", "Be kind.")]


def test_the_anthropic_sdks_own_span_waits_for_its_twin_also_when_it_failed():
    attributes = {**CHAT, "anthropic.message.stop_reason": "max_tokens"}
    for status in (1, STATUS_ERROR):
        reading = AnthropicSdk().read(span(attributes, "com.anthropic.sdk.python", status_code=status))
        assert reading.role is SpanRole.MODEL_CALL
        assert reading.awaits == {Awaits.TWIN}
        assert reading.finish_reasons == ("length",)
    other = span({"gen_ai.operation.name": "count_tokens"}, "com.anthropic.sdk.python")
    assert AnthropicSdk().read(other).role is SpanRole.OTHER


def test_pydantic_ais_event_list_is_the_conversation():
    reading = PydanticAi().read(span({**CHAT, "events": json.dumps(EVENTS)}, "pydantic-ai"))
    assert texts(reading.messages) == [("system", "Be kind."), ("user", "Hi?")]
    assert answers(reading.choices) == ["Hello."]
    assert not reading.awaits


def test_pydantic_ai_in_event_mode_leaves_content_to_the_logs():
    assert PydanticAi().read(span(CHAT, "pydantic-ai")).awaits == {Awaits.LOGS}
    assert not PydanticAi().read(span({**CHAT, "gen_ai.input.messages": "[]"}, "pydantic-ai")).awaits
    assert not PydanticAi().read(span(CHAT, "pydantic-ai", status_code=STATUS_ERROR)).awaits


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pydantic_ai.all_messages", [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Hello."}]),
        ("all_messages_events", EVENTS[1:]),
    ],
)
def test_an_agents_conversation_ends_in_its_answer(key: str, value: Any):
    reading = PydanticAi().read(span({"gen_ai.operation.name": "invoke_agent", key: json.dumps(value)}, "pydantic-ai"))
    assert reading.role is SpanRole.AGENT
    assert texts(reading.messages) == [("user", "Hi?")]
    assert answers(reading.choices) == ["Hello."]


def test_request_parameters_give_tools_and_the_wanted_output():
    parameters = {
        "function_tools": [{"name": "f", "parameters_json_schema": {"type": "object"}}],
        "output_tools": [{"name": "final_result", "parameters_json_schema": {"type": "object"}}],
        "output_mode": "native",
        "output_object": {"json_schema": {"type": "object", "required": ["a"]}},
    }
    reading = PydanticAi().read(span({**CHAT, "model_request_parameters": json.dumps(parameters)}, "pydantic-ai"))
    assert [t.name for t in reading.tools or ()] == ["f", "final_result"]
    assert (reading.output_type, reading.output_schema) == ("json", {"type": "object", "required": ["a"]})
    by_tool = {**CHAT, "model_request_parameters": json.dumps({**parameters, "output_mode": "tool"})}
    reading = PydanticAi().read(span(by_tool, "pydantic-ai"))
    assert (reading.output_type, reading.output_schema) == (None, None)


def test_early_pydantic_ai_spans_without_an_operation_have_their_roles():
    assert PydanticAi().read(span({"agent_name": "a", "model_name": "m"}, "pydantic-ai")).role is SpanRole.AGENT
    assert PydanticAi().read(span({"gen_ai.tool.name": "f"}, "pydantic-ai")).role is SpanRole.TOOL
    assert PydanticAi().read(span({"tools": "2"}, "pydantic-ai")).role is SpanRole.WRAPPER


REQUEST = {"request_data": json.dumps({"model": "gpt-4o", "stream": True})}


def test_of_the_two_spans_of_a_stream_the_second_is_the_call():
    asked = {**CHAT, **REQUEST, "logfire.span_type": "span", "gen_ai.input.messages": "[]"}
    answered = {**asked, "logfire.span_type": "log", "gen_ai.output.messages": "[]"}
    assert Logfire().read(span(asked, "logfire.openai")).role is SpanRole.WRAPPER
    second = Logfire().read(span(answered, "logfire.openai"))
    assert (second.role, second.streaming) == (SpanRole.MODEL_CALL, True)


def test_a_logfire_call_that_failed_or_answered_is_no_first_half_of_a_stream():
    asked = {**CHAT, **REQUEST, "logfire.span_type": "span", "gen_ai.input.messages": "[]"}
    assert Logfire().read(span(asked, "logfire.openai", status_code=STATUS_ERROR)).role is None
    assert Logfire().read(span({**asked, "gen_ai.usage.output_tokens": 3}, "logfire.openai")).role is None
    embedding = {**asked, "gen_ai.operation.name": "embeddings"}
    assert Logfire().read(span(embedding, "logfire.openai")).role is None


def test_older_logfire_writes_request_and_answer_as_json():
    request = {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "Hi?"}],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "response_format": {"type": "json_object"},
    }
    call = {"id": "c1", "function": {"name": "f", "arguments": "{}"}}
    answer = {"message": {"role": "assistant", "content": None, "tool_calls": [call]}}
    found = span({"request_data": json.dumps(request), "response_data": json.dumps(answer)}, "logfire.openai")
    reading = Logfire().read(found)
    assert Logfire().detect(found)
    assert reading.role is SpanRole.MODEL_CALL
    assert texts(reading.messages) == [("user", "Hi?")]
    assert (reading.choices or ())[0].message.tool_calls == (ToolCall(name="f", arguments={}, id="c1"),)
    assert [t.name for t in reading.tools or ()] == ["f"]
    assert reading.output_type == "json"


def test_older_logfire_streams_have_their_text_in_one_piece():
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi?"}]}
    attributes = {"request_data": json.dumps(request), "logfire.span_type": "log"}
    response = json.dumps({"combined_chunk_content": "Hello.", "chunk_count": 3})
    reading = Logfire().read(span({**attributes, "response_data": response}, "logfire.openai"))
    assert (reading.role, answers(reading.choices)) == (SpanRole.MODEL_CALL, ["Hello."])


def test_logfires_agents_integration_writes_events_whose_last_turns_are_the_answer():
    events = [EVENTS[1], {"event.name": "gen_ai.assistant.message", "role": "assistant", "content": "Hello."}]
    attributes = {"gen_ai.request.model": "gpt-4o", "events": json.dumps(events)}
    reading = Logfire().read(span(attributes, "logfire.openai_agents"))
    assert reading.role is SpanRole.MODEL_CALL
    assert texts(reading.messages) == [("user", "Hi?")]
    assert answers(reading.choices) == ["Hello."]


def test_cached_tokens_stand_only_in_logfires_copy_of_the_providers_usage():
    raw = json.dumps({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}})
    attributes = {**CHAT, **REQUEST, "gen_ai.usage.raw": raw, "gen_ai.usage.output_tokens": 1}
    assert Logfire().read(span(attributes, "logfire.openai")).usage == Usage(cache_read_tokens=4)


def test_litellm_keeps_the_tool_calls_of_an_answer_elsewhere():
    attributes = {
        **CHAT,
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [], "finish_reason": "tool_calls"}]),
        "gen_ai.completion.0.function_call.name": "f",
        "gen_ai.completion.0.function_call.arguments": '{"a": 1}',
        "litellm.provider.model": "openai/gpt-4o",
    }
    reading = LiteLlm().read(span(attributes, "litellm"))
    (choice,) = reading.choices or ()
    assert choice.message.tool_calls == (ToolCall(name="f", arguments={"a": 1}),)
    assert choice.finish_reason == "tool_call"
    assert (reading.provider, reading.request_model) == ("openai", "gpt-4o")


def test_litellms_copy_of_the_raw_request_is_no_call():
    assert LiteLlm().read(span({"llm.openai.messages": "[...]"}, "litellm")).role is SpanRole.WRAPPER
    assert LiteLlm().read(span(CHAT, "litellm")).role is None
