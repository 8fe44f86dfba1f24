"""OpenLLMetry in its indexed and its newer shape, and the wrappers of the Traceloop SDK."""

import json
from typing import Any

import pytest

from otel_evals.dialects.openllmetry import OpenLLMetry
from otel_evals.dialects.openllmetry_indexed import OpenLLMetryIndexed
from otel_evals.dialects.traceloop import Traceloop
from otel_evals.records.exchange import Document, ToolCall
from otel_evals.records.reading import Reading, SpanRole
from otel_evals.records.span import EventView, SpanView

_CALL = {
    "gen_ai.prompt.0.role": "user",
    "gen_ai.prompt.0.content": "Hi",
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "Hello",
}


def _span(attributes: dict[str, Any], events: tuple[EventView, ...] = ()) -> SpanView:
    return SpanView(trace_id=b"t", span_id=b"s", attributes=attributes, events=events)


def _indexed(attributes: dict[str, Any]) -> Reading:
    assert OpenLLMetryIndexed().detect(_span(attributes))
    return OpenLLMetryIndexed().read(_span(attributes))


def _wrapper(kind: str, **entity: Any) -> Reading:
    said = {f"traceloop.entity.{key}": value for key, value in entity.items()}
    span = _span({"traceloop.span.kind": kind, **said})
    assert Traceloop().detect(span)
    return Traceloop().read(span)


@pytest.mark.parametrize(
    ("attributes", "role"),
    [
        ({"llm.request.type": "chat"}, SpanRole.MODEL_CALL),
        ({"llm.request.type": "completion"}, SpanRole.MODEL_CALL),
        ({"llm.request.type": "embedding"}, SpanRole.EMBEDDING),
        ({"llm.request.type": "rerank", **_CALL}, SpanRole.OTHER),
        (_CALL, SpanRole.MODEL_CALL),
        ({**_CALL, "traceloop.span.kind": "agent"}, None),
        ({**_CALL, "gen_ai.operation.name": "invoke_agent"}, None),
    ],
)
def test_the_request_type_or_the_messages_decide_the_role(attributes: dict[str, Any], role: SpanRole | None) -> None:
    assert _indexed(attributes).role is role


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Hello", "Hello"),
        ('""', ""),
        ('[{"type": "text", "text": "Hello"}]', "Hello"),
        ('[{"sku": "A-1"}]', '[{"sku": "A-1"}]'),
        ("[1] says so", "[1] says so"),
    ],
)
def test_content_is_a_text_or_the_parts_that_it_encodes(written: str, read: str) -> None:
    choices = _indexed({**_CALL, "gen_ai.completion.0.content": written}).choices
    assert choices is not None
    assert choices[0].message.text == read


def test_a_filtered_answer_has_a_reason_and_no_text() -> None:
    said = {"gen_ai.completion.0.content": "FILTERED", "gen_ai.completion.0.finish_reason": "content_filter"}
    choices = _indexed({**_CALL, **said}).choices
    assert choices is not None
    assert (choices[0].message.text, choices[0].finish_reason) == ("", "content_filter")


def test_tool_calls_functions_and_counts_are_read() -> None:
    read = _indexed(
        {
            **_CALL,
            "gen_ai.prompt.1.role": "tool",
            "gen_ai.prompt.1.tool_call_id": "c",
            "gen_ai.prompt.1.content": "4",
            "gen_ai.completion.0.tool_calls.0.id": "d",
            "gen_ai.completion.0.tool_calls.0.name": "get",
            "gen_ai.completion.0.tool_calls.0.arguments": '{"a": 1}',
            "llm.request.functions.0.name": "get",
            "llm.request.functions.0.parameters": '{"type": "object"}',
            "llm.request.functions.1.name": "put",
            "llm.request.functions.1.arguments": '{"type": "object", "properties": {}}',
            "gen_ai.usage.prompt_tokens": 3,
            "gen_ai.usage.completion_tokens": 1,
            "gen_ai.request.structured_output_schema": '{"type": "object", "properties": {}}',
        }
    )
    assert read.messages is not None
    assert read.messages[1].tool_results[0].text == "4"
    assert read.choices is not None
    assert read.choices[0].message.tool_calls == (ToolCall(name="get", arguments={"a": 1}, id="d"),)
    assert read.choices[0].finish_reason == "tool_call"
    assert [tool.parameters for tool in read.tools or ()] == [{"type": "object"}, {"type": "object", "properties": {}}]
    assert read.usage is not None
    assert (read.usage.input_tokens, read.usage.output_tokens) == (3, 1)
    assert (read.output_type, read.output_schema) == ("json", {"type": "object", "properties": {}})


def test_the_newer_shape_adds_schema_usage_and_streaming() -> None:
    span = _span(
        {
            "gen_ai.is_streaming": True,
            "gen_ai.request.structured_output_schema": '{"type": "json_object"}',
            "gen_ai.usage.input_tokens": 3,
            "gen_ai.usage.output_tokens": 1,
            "gen_ai.usage.reasoning_tokens": 1,
        }
    )
    assert OpenLLMetry().detect(span)
    read = OpenLLMetry().read(span)
    assert (read.role, read.streaming, read.output_type) == (None, True, "json")
    assert read.usage is not None
    assert (read.usage.input_tokens, read.usage.reasoning_tokens) == (3, 1)


def test_query_results_of_a_vector_store_are_documents() -> None:
    event = EventView(
        name="db.query.result",
        attributes={"db.query.result.id": "d", "db.query.result.document": "passage", "db.query.result.score": 0.5},
    )
    span = _span({"db.system": "chroma"}, (EventView(name="db.query.embeddings", attributes={}), event))
    assert OpenLLMetry().detect(span)
    read = OpenLLMetry().read(span)
    assert read.role is SpanRole.RETRIEVAL
    assert read.documents == (Document(text="passage", id="d", score=0.5),)


@pytest.mark.parametrize(
    ("kind", "role"),
    [("workflow", SpanRole.WRAPPER), ("task", SpanRole.WRAPPER), ("agent", SpanRole.AGENT), ("tool", SpanRole.TOOL)],
)
def test_the_kind_of_a_wrapper_is_its_role(kind: str, role: SpanRole) -> None:
    assert _wrapper(kind).role is role


@pytest.mark.parametrize(
    "output",
    [
        [{"id": "d", "text": "passage"}],
        [{"score": 0.1, "page_content": "passage"}],
        {"outputs": [{"lc": 1, "type": "constructor", "kwargs": {"id": "d", "page_content": "passage"}}]},
    ],
)
def test_a_task_that_returns_passages_is_a_retriever(output: Any) -> None:
    read = _wrapper("task", output=json.dumps(output))
    assert read.role is SpanRole.RETRIEVAL
    assert [d.text for d in read.documents or ()] == ["passage"]


@pytest.mark.parametrize(
    "output",
    [
        "passage", ["text"], [{"text": "no id and no score"}], [{"id": 1, "name": "no text"}], [],
        [{"role": "user", "content": "a turn", "id": "m1"}], [{"id": "d", "text": "passage"}, {"id": 2}],
    ],
)  # fmt: skip
def test_a_task_that_returns_anything_else_is_a_wrapper(output: Any) -> None:
    read = _wrapper("task", output=json.dumps(output))
    assert (read.role, read.documents) == (SpanRole.WRAPPER, None)


def test_documents_that_are_handed_to_a_task_are_known_without_making_it_a_retriever() -> None:
    document = {"lc": 1, "type": "constructor", "kwargs": {"id": "d", "page_content": "passage", "metadata": {}}}
    read = _wrapper("task", input=json.dumps({"inputs": [document]}), output='"joined"')
    assert (read.role, read.documents) == (SpanRole.WRAPPER, (Document(text="passage", id="d"),))


def test_prompt_and_session_are_added_to_a_models_span() -> None:
    span = _span(
        {
            "gen_ai.input.messages": "[]",
            "traceloop.prompt.key": "support",
            "traceloop.prompt.version": "4",
            "traceloop.prompt.template": "Hi {{name}}",
            "traceloop.association.properties.session_id": "s1",
        }
    )
    assert Traceloop().detect(span)
    assert Traceloop().read(span) == Reading(
        prompt_name="support", prompt_version="4", prompt_template="Hi {{name}}", conversation_id="s1"
    )


def test_an_agent_carries_question_and_answer() -> None:
    read = _wrapper("agent", input='{"args": ["Where?"], "kwargs": {}}', output='"Here."')
    assert [m.text for m in read.messages or ()] == ["Where?"]
    assert [c.message.text for c in read.choices or ()] == ["Here."]
