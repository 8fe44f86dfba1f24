"""Request and response bodies in the vendors' own words, and the promise that no body makes a reader raise."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_evals.messages.json_schema import plain_schema, read_format
from otel_evals.messages.vendor_request import read_request
from otel_evals.messages.vendor_response import read_response
from otel_evals.messages.vendor_tools import read_vendor_tools
from otel_evals.messages.vendor_usage import read_usage
from otel_evals.records.exchange import ToolCall, ToolResult

_WORDS = st.sampled_from([
    "user", "assistant", "tool", "text", "tool_use", "tool_result", "function_call", "function_call_output", "message",
    "reasoning", "human", "ai", "OBJECT", "STRING", "json_schema", "json_object", "stop", "completed", "", "x", "{}",
    "[", '{"a": 1}', "__REDACTED__",
])  # fmt: skip
_KEYS = st.sampled_from([
    "role", "content", "parts", "type", "text", "tool_calls", "function", "name", "arguments", "input", "id",
    "messages", "choices", "message", "finish_reason", "output", "generations", "kwargs", "lc", "data", "candidates",
    "usage",
    "tools", "parameters", "system", "config", "response_format", "schema", "json_schema", "properties", "args",
    "function_declarations", "status", "incomplete_details", "object", "model", "index", "response_metadata", "prompt",
    "function_call", "tool_call_id", "prompt_tokens", "input_tokens", "cache_read_input_tokens",
])  # fmt: skip
_BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | _WORDS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(_KEYS, below, max_size=5),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(_BODIES)
def test_no_body_makes_a_reader_raise(body: Any) -> None:
    for value in (body, msgspec.json.encode(body).decode()):
        read_request(value)
        read_response(value)
        read_vendor_tools(value)
        read_usage(value)
        if isinstance(body, dict):
            read_format(body)


@settings(max_examples=100, deadline=None)
@given(_BODIES, st.floats(0, 1))
def test_no_cut_of_a_body_makes_a_reader_raise(body: Any, share: float) -> None:
    text = msgspec.json.encode(body).decode()
    read_request(text[: int(len(text) * share)])
    read_response(text[: int(len(text) * share)])


def test_an_anthropic_exchange_is_read() -> None:
    request = read_request({
        "model": "claude-x",
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "get", "input": {"a": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "4"}]},
            ]},
        ],
        "tools": [{"name": "get", "input_schema": {"type": "object"}}],
    })  # fmt: skip
    assert request.system is not None
    assert request.system[0].text == "Be brief."
    assert request.messages is not None
    assert request.messages[1].tool_calls == (ToolCall(name="get", arguments={"a": 1}, id="t1"),)
    assert request.messages[2].tool_results == (ToolResult(text="4", id="t1"),)
    assert request.tools is not None
    assert request.tools[0].parameters == {"type": "object"}
    response = read_response({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x-1", "stop_reason": "max_tokens",
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "It is"}],
        "usage": {
            "input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2, "output_tokens": 3,
        },
    })  # fmt: skip
    assert response.choices is not None
    assert (response.choices[0].message.text, response.choices[0].message.reasoning) == ("It is", "hm")
    assert response.choices[0].finish_reason == "length"
    assert (response.id, response.model) == ("msg_1", "claude-x-1")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.cache_read_tokens) == (17, 5)


def test_a_gemini_exchange_is_read() -> None:
    request = read_request({
        "contents": [
            {"role": "user", "parts": [{"text": "Weather?"}, {"inline_data": {"mime_type": "image/png", "data": "x"}}]},
            {"role": "model", "parts": [{"functionCall": {"name": "get", "args": {"city": "Oslo"}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "get", "response": {"t": 4}}}]},
        ],
        "config": {
            "system_instruction": {"parts": [{"text": "Be brief."}]},
            "tools": [{"function_declarations": [{"name": "get", "parameters": {"type": "OBJECT"}}]}],
            "response_mime_type": "application/json",
            "response_schema": {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}},
        },
    })  # fmt: skip
    assert request.messages is not None
    assert request.messages[0].media == ("image",)
    assert request.messages[1].role == "assistant"
    assert request.messages[1].tool_calls[0].arguments == {"city": "Oslo"}
    assert request.messages[2].tool_results[0].text == '{"t":4}'
    assert request.system is not None
    assert request.system[0].text == "Be brief."
    assert request.tools is not None
    assert request.tools[0].parameters == {"type": "object"}
    assert request.output_type == "json"
    assert request.output_schema == {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}
    response = read_response({
        "candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "finishReason": "SAFETY"}],
        "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2, "thoughtsTokenCount": 3},
        "modelVersion": "gemini-x-001",
    })  # fmt: skip
    assert response.choices is not None
    assert response.choices[0].finish_reason == "content_filter"
    assert response.model == "gemini-x-001"
    assert response.usage is not None
    assert response.usage.output_tokens == 5


def test_items_of_the_responses_api_are_one_answer() -> None:
    response = read_response({
        "object": "response", "id": "resp_1", "status": "incomplete",
        "incomplete_details": {"reason": "content_filter"},
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "web_search_call", "id": "w"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Here"}]},
            {"type": "function_call", "call_id": "c1", "id": "fc", "name": "get", "arguments": '{"a": 1}'},
        ],
    })  # fmt: skip
    assert response.choices is not None
    (choice,) = response.choices
    assert (choice.message.text, choice.message.reasoning) == ("Here", "hm")
    assert choice.message.tool_calls == (ToolCall(name="get", arguments={"a": 1}, id="c1"),)
    assert choice.finish_reason == "content_filter"


def test_several_choices_stay_apart() -> None:
    response = read_response(
        {
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "one"}, "finish_reason": "stop"},
                {"index": 1, "message": {"role": "assistant", "content": None}, "finish_reason": "length"},
            ]
        }
    )
    assert response.choices is not None
    assert [c.message.text for c in response.choices] == ["one", ""]
    assert response.finish_reasons == ("stop", "length")


def test_langchain_generations_carry_text_calls_and_facts() -> None:
    message = {
        "lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessageChunk"],
        "kwargs": {
            "content": [{"type": "text", "text": "Hi"}, {"type": "tool_use", "id": "t", "name": "get", "input": {}}],
            "tool_calls": [{"name": "get", "args": {}, "id": "t", "type": "tool_call"}],
            "response_metadata": {"id": "chatcmpl-1", "model_name": "m-1", "finish_reason": "tool_calls"},
            "usage_metadata": {"input_tokens": 3, "output_tokens": 2, "input_token_details": {"cache_read": 1}},
        },
    }  # fmt: skip
    response = read_response({"generations": [[{"text": "", "message": message}]], "llm_output": None})
    assert response.choices is not None
    assert response.choices[0].message.text == "Hi"
    assert len(response.choices[0].message.tool_calls) == 1
    assert response.choices[0].finish_reason == "tool_call"
    assert (response.id, response.model) == ("chatcmpl-1", "m-1")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.cache_read_tokens) == (3, 1)


@pytest.mark.parametrize(
    "message",
    [
        {"lc": 1, "id": ["x", "HumanMessage"], "kwargs": {"content": "Hi"}},
        {"type": "human", "data": {"content": "Hi", "type": "human"}},
        {"type": "human", "content": "Hi"},
        ["human", "Hi"],
        {"role": "user", "parts": [{"text": "Hi"}]},
        {"role": "user", "content": [{"text": "Hi"}]},
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
    ],
)
def test_a_user_turn_is_known_in_every_spelling(message: Any) -> None:
    for messages in ([message], [[message]]):
        read = read_request({"messages": messages}).messages
        assert read is not None
        assert [(m.role, m.text) for m in read] == [("user", "Hi")]


def test_arguments_of_a_traced_function_are_the_users_turn() -> None:
    read = read_request('{"args": ["Where is it?", ["a"]], "kwargs": {}}')
    assert read.messages is not None
    assert read.messages[0].text == "Where is it?"
    assert not read.chat


_SCHEMA = {"type": "object"}


@pytest.mark.parametrize(
    ("asked", "schema"),
    [
        ({"response_format": {"type": "json_object"}}, None),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}},
            {"type": "object"},
        ),
        ({"text": {"format": {"type": "json_schema", "schema": _SCHEMA}}}, _SCHEMA),
        ({"output_format": {"type": "json_schema", "schema": _SCHEMA}}, _SCHEMA),
        ({"response_format": "<class 'app.Order'>"}, None),
        ({"format": "json"}, None),
        ({"generationConfig": {"responseMimeType": "application/json"}}, None),
    ],
)
def test_a_wish_for_json_is_known_in_every_spelling(asked: dict[str, Any], schema: Any) -> None:
    assert read_format(asked) == ("json", schema)


@pytest.mark.parametrize("asked", [{}, {"response_format": {"type": "text"}}, {"text": {"format": {"type": "text"}}}])
def test_a_wish_for_text_is_no_wish(asked: dict[str, Any]) -> None:
    assert read_format(asked) == (None, None)


def test_a_property_called_type_is_not_taken_for_a_type() -> None:
    schema = {"type": "object", "properties": {"type": {"type": "string"}}}
    assert plain_schema(schema) is schema


@pytest.mark.parametrize(
    ("usage", "wanted"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}, (9, 2, 4)),
        ({"input_tokens": 9, "output_tokens": 2, "total_tokens": 11, "cache_read_input_tokens": 4}, (9, 2, 4)),
        ({"input": 5, "output": 2, "input_cached_tokens": 4}, (9, 2, 4)),
        ({"inputTokens": 5, "outputTokens": 2, "totalTokens": 11, "cacheReadInputTokens": 4}, (9, 2, 4)),
        ({"prompt_tokens": -1, "completion_tokens": "many"}, None),
    ],
)
def test_usage_counts_the_cache_as_input(usage: dict[str, Any], wanted: tuple[int, int, int] | None) -> None:
    read = read_usage(usage)
    got = None if read is None else (read.input_tokens, read.output_tokens, read.cache_read_tokens)
    assert got == wanted


def test_an_answer_that_was_cut_on_its_way_is_marked_and_kept() -> None:
    read = read_response('{"choices": [{"message": {"role": "assistant", "content": "It is half past t')
    assert read.truncated
    assert read.choices is not None
    assert read.choices[0].message.text == "It is half past t"
