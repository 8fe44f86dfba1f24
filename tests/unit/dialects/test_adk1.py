"""ADK 1.x: vendor JSON in Gemini's words, and spans without any attribute."""

import json
from typing import Any

import pytest

from otel_evals.dialects.adk1 import AdkOne
from otel_evals.records.reading import Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, SpanView

_SCOPE = "gcp.vertex.agent"


def _span(name: str, attributes: dict[str, Any], *, status: int = 0, scope: str = _SCOPE) -> SpanView:
    return SpanView(trace_id=b"t", span_id=b"s", name=name, attributes=attributes, scope_name=scope, status_code=status)


def _call(request: dict[str, Any], response: dict[str, Any], **attributes: Any) -> Reading:
    said = {f"{_SCOPE}.llm_request": json.dumps(request), f"{_SCOPE}.llm_response": json.dumps(response)}
    return AdkOne().read(_span("call_llm", {**said, **attributes}))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("call_llm", SpanRole.MODEL_CALL), ("agent_run [a]", SpanRole.AGENT), ("invocation", SpanRole.AGENT),
        ("execute_tool get", SpanRole.TOOL), ("send_data", SpanRole.OTHER),
    ],
)  # fmt: skip
def test_a_span_without_attributes_is_known_by_scope_and_name(name: str, role: SpanRole) -> None:
    span = _span(name, {}, status=STATUS_ERROR)
    assert AdkOne().detect(span)
    assert AdkOne().read(span).role is role


def test_the_name_alone_means_nothing() -> None:
    assert not AdkOne().detect(_span("call_llm", {}, scope="my.app"))


def test_the_second_version_is_left_to_the_standard_reader() -> None:
    assert not AdkOne().detect(_span("generate_content x", {"gen_ai.operation.name": "generate_content"}))


def test_a_tool_span_that_repeats_the_keys_is_no_call() -> None:
    attributes = {f"{_SCOPE}.llm_request": "{}", "gen_ai.operation.name": "execute_tool"}
    assert AdkOne().read(_span("execute_tool get", attributes)).role is SpanRole.TOOL


def test_a_call_is_read_with_tools_in_lower_case() -> None:
    read = _call(
        {
            "model": "gemini-2.0-flash",
            "config": {
                "system_instruction": "Be brief.",
                "tools": [{"function_declarations": [
                    {"name": "get", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}},
                ]}],
            },
            "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        },
        {"content": {"role": "model", "parts": [{"function_call": {"name": "get", "args": {"a": "b"}}}]},
         "finish_reason": "STOP", "usage_metadata": {"prompt_token_count": 3, "candidates_token_count": 1}},
    )  # fmt: skip
    assert (read.provider, read.request_model) == ("gcp.gemini", "gemini-2.0-flash")
    assert read.tools is not None
    assert read.tools[0].parameters == {"type": "object", "properties": {"a": {"type": "string"}}}
    assert read.choices is not None
    assert read.choices[0].message.tool_calls[0].arguments == {"a": "b"}
    assert read.finish_reasons == ("tool_call",)
    assert read.usage is not None
    assert read.usage.input_tokens == 3


def test_a_blocked_answer_has_its_reason() -> None:
    read = _call({"model": "gemini-x", "contents": []}, {"error_code": "SAFETY", "error_message": "blocked"})
    assert read.finish_reasons == ("content_filter",)


def test_a_model_of_another_provider_names_it() -> None:
    assert _call({"model": "openai/gpt-4o", "contents": []}, {}).provider == "openai"
