import json
from typing import Any

import pytest

from otel_evals.dialects.genai import GenAi
from otel_evals.dialects.genai_content import GenAiContent
from otel_evals.dialects.genai_details import GenAiDetails
from otel_evals.dialects.genai_events import GenAiEvents
from otel_evals.records.exchange import Document, Message, ToolCall, Usage
from otel_evals.records.reading import Awaits, SpanRole
from otel_evals.records.span import STATUS_ERROR, EventView, LogView, SpanView

IN = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Hi?"}]}])
OUT = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Hello."}], "finish_reason": "stop"}])
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
FULL = {**CHAT, "gen_ai.input.messages": IN, "gen_ai.output.messages": OUT}


def span(attributes: dict[str, Any], *events: EventView, **more: Any) -> SpanView:
    return SpanView(trace_id=b"t" * 16, span_id=b"s" * 8, attributes=attributes, events=events, **more)


def event(name: str, **attributes: Any) -> EventView:
    return EventView(name=name, attributes=attributes)


def log(name: str, body: Any = None, attributes: dict[str, Any] | None = None, time_ns: int = 1) -> LogView:
    return LogView(
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        event_name=name,
        body=body,
        attributes=attributes or {},
        time_ns=time_ns,
    )


@pytest.mark.parametrize(
    ("operation", "role"),
    [
        ("chat", SpanRole.MODEL_CALL), ("generate_content", SpanRole.MODEL_CALL),
        ("text_completion", SpanRole.MODEL_CALL), ("embeddings", SpanRole.EMBEDDING),
        ("retrieval", SpanRole.RETRIEVAL), ("execute_tool", SpanRole.TOOL), ("invoke_agent", SpanRole.AGENT),
        ("create_agent", SpanRole.OTHER), ("invoke_workflow", SpanRole.WRAPPER), ("agent_step", SpanRole.WRAPPER),
        ("execute_event_loop_cycle", SpanRole.WRAPPER), ("evaluation", SpanRole.OTHER),
        ("moderation", SpanRole.OTHER),
    ],
)  # fmt: skip
def test_the_operation_decides_the_role_not_the_kind_or_name(operation: str, role: SpanRole):
    for kind, name in ((1, "chat gpt-4o"), (3, "x")):
        reading = GenAi().read(span({**CHAT, "gen_ai.operation.name": operation}, kind=kind, name=name))
        assert reading.role is role


def test_without_an_operation_a_model_with_messages_or_usage_is_a_call():
    bare = {"gen_ai.request.model": "gpt-4o"}
    assert GenAi().read(span({**bare, "gen_ai.input.messages": IN})).role is SpanRole.MODEL_CALL
    assert GenAi().read(span({**bare, "gen_ai.usage.output_tokens": 3})).role is SpanRole.MODEL_CALL
    assert GenAi().read(span(bare)).role is None


def test_a_call_reads_whole_from_its_attributes():
    reading = GenAi().read(
        span(
            {
                **FULL,
                "gen_ai.request.model": "openai/gpt-4o",
                "gen_ai.response.model": "gpt-4o-2024",
                "gen_ai.response.id": "r1",
                "gen_ai.response.finish_reasons": '["stop"]',
                "gen_ai.system_instructions": [{"type": "text", "content": "Be kind."}],
                "gen_ai.conversation.id": "c1",
                "gen_ai.prompt.name": "greet",
                "gen_ai.prompt.version": 4,
                "gen_ai.usage.prompt_tokens": 7,
                "gen_ai.usage.output_tokens": 3,
                "gen_ai.usage.cache_read.input_tokens": 2,
                "gen_ai.request.stream": True,
                "gen_ai.output.type": "json",
            }
        )
    )
    assert reading.messages == (Message(role="user", text="Hi?"),)
    assert reading.choices is not None
    assert reading.choices[0].message.text == "Hello."
    assert reading.system == (Message(role="system", text="Be kind."),)
    assert (reading.provider, reading.request_model, reading.response_model) == ("openai", "gpt-4o", "gpt-4o-2024")
    assert (reading.response_id, reading.conversation_id) == ("r1", "c1")
    assert (reading.prompt_name, reading.prompt_version) == ("greet", "4")
    assert reading.finish_reasons == ("stop",)
    assert reading.usage == Usage(input_tokens=7, output_tokens=3, cache_read_tokens=2)
    assert (reading.streaming, reading.output_type, reading.error_type) == (True, "json", None)
    assert not reading.awaits


def test_an_output_type_of_text_is_not_trusted():
    assert GenAi().read(span({**CHAT, "gen_ai.output.type": "text"})).output_type is None
    old = {**CHAT, "gen_ai.openai.request.response_format": "json_schema"}
    assert GenAi().read(span(old)).output_type == "json"


def test_a_frameworks_name_is_no_provider():
    reading = GenAi().read(
        span({**CHAT, "gen_ai.provider.name": "langchain", "gen_ai.request.model": "claude-3-haiku"})
    )
    assert reading.provider == "anthropic"
    assert GenAi().read(span({"gen_ai.system": "crewai", "gen_ai.request.model": "home-made"})).provider is None


def test_an_empty_list_of_answers_is_found_and_empty():
    assert GenAi().read(span({**CHAT, "gen_ai.output.messages": "[]"})).choices == ()
    assert GenAi().read(span(CHAT)).choices is None


def test_system_instructions_that_the_messages_repeat_are_read_once():
    both = json.dumps([{"role": "system", "parts": [{"type": "text", "content": "Be kind."}]}])
    reading = GenAi().read(span({**CHAT, "gen_ai.input.messages": both, "gen_ai.system_instructions": "Be kind."}))
    assert reading.system == ()
    assert [m.text for m in reading.messages or ()] == ["Be kind."]


def test_content_that_was_uploaded_elsewhere_is_off():
    reading = GenAi().read(span({**CHAT, "gen_ai.input.messages_ref": "s3://bucket/1"}))
    assert reading.content_off
    assert not reading.awaits


@pytest.mark.parametrize(
    "scope",
    [
        "opentelemetry.util.genai.handler",
        "opentelemetry.instrumentation.openai_v2",
        "@opentelemetry/instrumentation-openai",
        "Experimental.Microsoft.Extensions.AI",
        "some.unknown.producer",
    ],
)
def test_a_call_without_content_waits_for_logs(scope: str):
    for named in ({}, {"gen_ai.prompt.name": "greet", "gen_ai.prompt.version": "4"}):
        assert GenAi().read(span({**CHAT, **named}, scope_name=scope)).awaits == {Awaits.LOGS}


@pytest.mark.parametrize("scope", ["ai", "opentelemetry.instrumentation.openai.v1", "logfire.openai", "langfuse-sdk"])
def test_producers_that_never_write_logs_are_not_waited_for(scope: str):
    assert not GenAi().read(span(CHAT, scope_name=scope)).awaits


def test_nothing_is_awaited_that_stands_on_the_span_or_never_comes():
    handler = "opentelemetry.util.genai.handler"
    assert not GenAi().read(span(FULL, scope_name=handler)).awaits
    assert not GenAi().read(span(CHAT, scope_name=handler, status_code=STATUS_ERROR)).awaits
    assert not GenAi().read(span({**CHAT, "gen_ai.operation.name": "embeddings"}, scope_name=handler)).awaits
    assert not GenAi().read(span(CHAT, event("gen_ai.user.message", content="x"), scope_name=handler)).awaits
    assert not GenAi().read(span({**CHAT, "llm.input_messages.0.message.role": "user"}, scope_name="any")).awaits


def test_tools_without_schemas_are_left_to_the_logs_that_have_them():
    tools = json.dumps([{"type": "function", "name": "f", "parameters": None}])
    assert GenAi().read(span({**CHAT, "gen_ai.tool.definitions": tools})).tools is None
    found = GenAi().read(span({**FULL, "gen_ai.tool.definitions": tools})).tools
    assert [t.name for t in found or ()] == ["f"]


def test_a_retrieval_gives_its_documents():
    documents = [{"id": "d1", "score": 0.4, "content": "Warranty: 24 months."}]
    reading = GenAi().read(span({"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": documents}))
    assert reading.role is SpanRole.RETRIEVAL
    assert reading.documents == (Document(id="d1", score=0.4, text="Warranty: 24 months."),)


def test_the_error_type_comes_from_a_failed_span_only():
    named = {**CHAT, "error.type": "<class 'openai.RateLimitError'>"}
    raised = event("exception", **{"exception.type": "openai.RateLimitError"})
    assert GenAi().read(span(named)).error_type is None
    assert GenAi().read(span(named, status_code=STATUS_ERROR)).error_type == "openai.RateLimitError"
    assert GenAi().read(span(CHAT, raised, status_code=STATUS_ERROR)).error_type == "openai.RateLimitError"


def test_a_text_cut_by_an_attribute_limit_is_read_and_marked():
    reading = GenAi().read(span({**CHAT, "gen_ai.input.messages": IN, "gen_ai.output.messages": OUT[:-40]}))
    assert reading.truncated
    assert reading.choices is not None
    assert "Hello.".startswith(reading.choices[0].message.text)


def test_details_split_over_several_span_events_are_put_together():
    name = "gen_ai.client.inference.operation.details"
    found = span(
        CHAT,
        event(name, **{"gen_ai.system_instructions": "Be kind."}),
        event(name, **{"gen_ai.input.messages": IN}),
        event("other", **{"gen_ai.input.messages": IN}),
        event(name, **{"gen_ai.output.messages": OUT}),
    )
    reading = GenAiDetails().read(found)
    assert GenAiDetails().detect(found)
    assert [m.text for m in reading.system or ()] == ["Be kind."]
    assert [m.text for m in reading.messages or ()] == ["Hi?"]
    assert [c.message.text for c in reading.choices or ()] == ["Hello."]


def test_a_details_record_is_the_whole_call_and_one_without_messages_hides_nothing():
    name = "gen_ai.client.inference.operation.details"
    whole = GenAiDetails().read_log(log("", attributes={**FULL, "event.name": name, "gen_ai.response.id": "r1"}))
    assert whole is not None
    assert (whole.closes, whole.response_id) == (True, "r1")
    assert [c.message.text for c in whole.reading.choices or ()] == ["Hello."]
    facts = GenAiDetails().read_log(log(name, attributes=CHAT))
    assert facts is not None
    assert (facts.reading.messages, facts.reading.choices, facts.reading.content_off) == (None, None, False)
    assert GenAiDetails().read_log(log("another.event")) is None


@pytest.mark.parametrize("encode", [lambda body: body, json.dumps], ids=["map", "text"])
def test_message_records_tell_the_conversation_one_by_one(encode: Any):
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    dialect = GenAiEvents()
    asked = dialect.read_log(log("gen_ai.user.message", encode({"content": "Hi?"})))
    told = dialect.read_log(log("gen_ai.tool.message", encode({"id": "c1", "content": "15"})))
    body = {"index": 0, "finish_reason": "tool_calls", "message": {"tool_calls": [call]}}
    chosen = dialect.read_log(log("gen_ai.choice", encode(body), time_ns=9))
    assert asked is not None
    assert told is not None
    assert chosen is not None
    assert asked.reading.messages == (Message(role="user", text="Hi?"),)
    assert [(r.id, r.text) for r in (told.reading.messages or ())[0].tool_results] == [("c1", "15")]
    assert (asked.closes, chosen.closes, chosen.order) == (False, True, 9)
    (choice,) = chosen.reading.choices or ()
    assert choice.message.tool_calls == (ToolCall(name="f", arguments={"a": 1}, id="c1"),)
    assert choice.finish_reason == "tool_call"


def test_the_name_of_a_record_may_stand_in_an_attribute():
    found = GenAiEvents().read_log(log("", {"content": "Hi?"}, {"event.name": "gen_ai.user.message"}))
    assert found is not None
    assert GenAiEvents().read_log(log("", {"content": "Hi?"}, {"event.name": "app.started"})) is None


def test_a_message_without_content_says_off_and_a_choice_without_content_does_not():
    dialect = GenAiEvents()
    bare = dialect.read_log(log("gen_ai.user.message"))
    empty = dialect.read_log(log("gen_ai.choice", {"finish_reason": "stop", "message": {"role": "assistant"}}))
    assert bare is not None
    assert empty is not None
    assert bare.reading.content_off
    assert not empty.reading.content_off
    assert [c.message.text for c in empty.reading.choices or ()] == [""]


def test_an_answer_that_is_json_text_stays_text():
    body = {"finish_reason": "stop", "message": {"content": '[{"text": "quoted"}]'}}
    found = GenAiEvents().read_log(log("gen_ai.choice", body))
    assert found is not None
    assert [c.message.text for c in found.reading.choices or ()] == ['[{"text": "quoted"}]']


def test_span_events_carry_content_blocks_as_text():
    found = span(
        CHAT,
        event("gen_ai.user.message", content='[{"text": "Hi?"}]'),
        event("gen_ai.assistant.message", content='[{"toolUse": {"toolUseId": "c1", "name": "f", "input": {}}}]'),
        event("gen_ai.user.message", content='[{"toolResult": {"toolUseId": "c1", "content": [{"text": "15"}]}}]'),
        event("gen_ai.choice", finish_reason="end_turn", message='[{"text": "It is 15."}]'),
    )
    reading = GenAiEvents().read(found)
    assert [(m.role, m.text, len(m.tool_results)) for m in reading.messages or ()] == [
        ("user", "Hi?", 0),
        ("assistant", "", 0),
        ("user", "", 1),
    ]
    assert [(c.message.text, c.finish_reason) for c in reading.choices or ()] == [("It is 15.", "stop")]
    assert GenAiEvents().read(span(CHAT, event("gen_ai.choice", message="[]"))).choices is not None


def test_events_of_the_azure_clients_hold_json_under_one_key():
    body = {"gen_ai.event.content": '{"role": "user", "content": "Hi?"}'}
    reading = GenAiEvents().read(span(CHAT, event("gen_ai.user.message", **body)))
    assert reading.messages == (Message(role="user", text="Hi?"),)


def test_prompts_and_completions_as_one_text_each_are_read():
    found = span(
        CHAT,
        event("gen_ai.content.prompt", **{"gen_ai.prompt": "system: Be kind.\nuser: Hi?\nagain"}),
        event("gen_ai.content.completion", **{"gen_ai.completion": "Hello."}),
    )
    reading = GenAiContent().read(found)
    assert GenAiContent().detect(found)
    assert [(m.role, m.text) for m in reading.messages or ()] == [("system", "Be kind."), ("user", "Hi?\nagain")]
    assert [c.message.text for c in reading.choices or ()] == ["Hello."]


def test_a_tool_call_that_was_written_as_a_sentence_is_a_call():
    reading = GenAiContent().read(
        span(
            {
                "gen_ai.prompt": "Hi?",
                "gen_ai.completion": "Function called with tools: [...]",
                "gen_ai.tool.name": "f",
                "gen_ai.tool.args": '{"a": 1}',
            }
        )
    )
    (choice,) = reading.choices or ()
    assert choice.message.text == ""
    assert [(c.name, c.arguments) for c in choice.message.tool_calls] == [("f", {"a": 1})]
