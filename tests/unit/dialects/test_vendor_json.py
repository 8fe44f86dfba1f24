"""Langfuse, MLflow, LangSmith and Laminar: what each says beside the JSON that it carries."""

import json
from typing import Any

import pytest

from otel_evals.dialects.laminar import Laminar
from otel_evals.dialects.langfuse import Langfuse
from otel_evals.dialects.langsmith import LangSmith
from otel_evals.dialects.mlflow import MLflow
from otel_evals.plugins.protocols import Dialect
from otel_evals.records.exchange import Document
from otel_evals.records.reading import Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, EventView, SpanView

_TURNS = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
_ANSWER = {"role": "assistant", "content": "Hello"}


def _read(
    dialect: Dialect, attributes: dict[str, Any], *, status: int = 0, events: tuple[EventView, ...] = ()
) -> Reading:
    span = SpanView(trace_id=b"t", span_id=b"s", attributes=attributes, status_code=status, events=events)
    assert dialect.detect(span)
    return dialect.read(span)


def _langfuse(kind: str = "generation", *, status: int = 0, **fields: Any) -> Reading:
    said = {f"langfuse.observation.{key.replace('__', '.')}": value for key, value in fields.items()}
    return _read(Langfuse(), {"langfuse.observation.type": kind, **said}, status=status)


def _mlflow(kind: str = "CHAT_MODEL", *, events: tuple[EventView, ...] = (), **fields: Any) -> Reading:
    said = {f"mlflow.{key.replace('__', '.')}": json.dumps(value) for key, value in fields.items()}
    return _read(MLflow(), {"mlflow.spanType": json.dumps(kind), **said}, events=events)


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("generation", SpanRole.MODEL_CALL), ("span", SpanRole.WRAPPER), ("chain", SpanRole.WRAPPER),
        ("agent", SpanRole.AGENT), ("tool", SpanRole.TOOL), ("retriever", SpanRole.RETRIEVAL),
        ("embedding", SpanRole.EMBEDDING), ("event", SpanRole.OTHER), ("guardrail", SpanRole.OTHER),
        ("new_kind", SpanRole.WRAPPER),
    ],
)  # fmt: skip
def test_the_observation_type_decides_the_role(kind: str, role: SpanRole) -> None:
    assert _langfuse(kind).role is role


def test_an_observation_without_type_leaves_the_role_to_others() -> None:
    assert _read(Langfuse(), {"langfuse.observation.input": "Hi"}).role is None


def test_attributes_that_langfuse_spreads_over_a_trace_are_no_observation() -> None:
    attributes = {"langfuse.trace.tags": ["a"], "session.id": "s"}
    assert not Langfuse().detect(SpanView(trace_id=b"t", span_id=b"s", attributes=attributes))


def test_the_only_model_of_a_generation_answered_and_stands_for_the_request_too() -> None:
    read = _langfuse(model__name="small-2024", input=json.dumps(_TURNS), output=json.dumps(_ANSWER))
    assert (read.request_model, read.response_model) == ("small-2024", "small-2024")
    failed = _langfuse(model__name="small", status=STATUS_ERROR)
    assert (failed.request_model, failed.response_model, failed.choices) == ("small", None, None)


def test_a_generation_carries_prompt_usage_and_wish() -> None:
    read = _langfuse(
        input=json.dumps({"messages": _TURNS, "tools": [{"type": "function", "function": {"name": "get"}}]}),
        output=json.dumps(_ANSWER),
        prompt__name="support",
        prompt__version=3,
        usage_details='{"input": 5, "output": 2, "input_cached_tokens": 4}',
        metadata__response_format='{"type": "json_object"}',
        metadata__finish_reason='"length"',
        completion_start_time='"2026-01-01T00:00:00Z"',
    )
    assert (read.prompt_name, read.prompt_version, read.output_type) == ("support", "3", "json")
    assert read.usage is not None
    assert (read.usage.input_tokens, read.usage.output_tokens) == (9, 2)
    assert read.tools is not None
    assert [tool.name for tool in read.tools] == ["get"]
    assert read.finish_reasons == ("length",)
    assert read.streaming is True


def test_the_id_of_an_output_item_is_not_the_id_of_the_response() -> None:
    item = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Hello"}],
    }
    assert _langfuse(output=json.dumps(item)).response_id is None
    read = _langfuse(output=json.dumps(item), metadata__object='"response"', metadata__id='"resp_1"')
    assert read.response_id == "resp_1"


def test_documents_of_a_retriever_are_read() -> None:
    read = _langfuse("retriever", output='[{"id": "d", "text": "passage", "score": 0.5}]')
    assert read.documents == (Document(text="passage", id="d", score=0.5),)
    read = _mlflow("RETRIEVER", spanOutputs=[{"page_content": "passage", "metadata": {"doc_uri": "d"}}])
    assert read.documents == (Document(text="passage", id="d"),)


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("CHAT_MODEL", SpanRole.MODEL_CALL), ("LLM", SpanRole.MODEL_CALL), ("AGENT", SpanRole.AGENT),
        ("TOOL", SpanRole.TOOL), ("UNKNOWN", SpanRole.WRAPPER), ("CHAIN", SpanRole.WRAPPER),
        ("EMBEDDING", SpanRole.EMBEDDING), ("PARSER", SpanRole.WRAPPER), ("BRAND_NEW", SpanRole.WRAPPER),
    ],
)  # fmt: skip
def test_the_double_encoded_span_type_decides_the_role(kind: str, role: SpanRole) -> None:
    assert _mlflow(kind).role is role


def test_an_mlflow_call_is_read_from_request_and_response() -> None:
    read = _mlflow(
        spanInputs={"model": "openai/small", "messages": _TURNS, "stream": True},
        spanOutputs={"id": "c1", "model": "small-1", "choices": [{"message": _ANSWER, "finish_reason": "stop"}]},
        chat__tokenUsage={"input_tokens": 3, "output_tokens": 1, "total_tokens": 4},
    )
    assert (read.provider, read.request_model, read.response_model) == ("openai", "small", "small-1")
    assert (read.response_id, read.finish_reasons, read.streaming) == ("c1", ("stop",), True)
    assert read.usage is not None
    assert read.usage.input_tokens == 3


def test_tool_calls_of_a_stream_are_put_together_from_its_chunks() -> None:
    pieces = [
        {"index": 0, "id": "c1", "function": {"name": "get", "arguments": '{"ci'}},
        {"index": 0, "id": None, "function": {"name": None, "arguments": 'ty": "Oslo"}'}},
    ]
    chunks = [{"choices": [{"delta": {"tool_calls": [piece]}, "finish_reason": None}]} for piece in pieces]
    chunks.append({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    events = tuple(
        EventView(name=f"mlflow.chunk.item.{n}", attributes={"mlflow.chunk.value": json.dumps(chunk)})
        for n, chunk in enumerate(chunks)
    )
    summary = {"choices": [{"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}]}
    read = _mlflow(spanInputs={"messages": _TURNS}, spanOutputs=summary, events=events)
    assert read.choices is not None
    (call,) = read.choices[0].message.tool_calls
    assert (call.name, call.arguments, call.id) == ("get", {"city": "Oslo"}, "c1")
    assert read.finish_reasons == ("tool_call",)
    assert _mlflow(spanInputs={"messages": _TURNS}, spanOutputs=summary).finish_reasons == ("stop",)


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("llm", SpanRole.MODEL_CALL), ("chain", SpanRole.WRAPPER), ("prompt", SpanRole.WRAPPER),
        ("retriever", SpanRole.RETRIEVAL), ("tool", SpanRole.TOOL), ("odd", SpanRole.WRAPPER),
    ],
)  # fmt: skip
def test_the_run_type_decides_and_not_the_operation_name(kind: str, role: SpanRole) -> None:
    attributes = {"langsmith.span.kind": kind, "gen_ai.operation.name": "chat"}
    assert _read(LangSmith(), attributes).role is role


def test_a_langsmith_call_is_read_from_raw_inputs_and_outputs() -> None:
    human = {"lc": 1, "type": "constructor", "id": ["x", "HumanMessage"], "kwargs": {"content": "Hi"}}
    ai = {"lc": 1, "type": "constructor", "id": ["x", "AIMessage"], "kwargs": {"content": "Hello"}}
    read = _read(LangSmith(), {
        "langsmith.span.kind": "llm",
        "langsmith.metadata.ls_provider": "openai",
        "langsmith.metadata.ls_model_name": "small",
        "langsmith.metadata.session_id": "s1",
        "gen_ai.system": "langchain",
        "gen_ai.prompt": json.dumps({"messages": [[human]]}),
        "gen_ai.completion": json.dumps({"generations": [[{"text": "Hello", "message": ai}]]}),
    })  # fmt: skip
    assert (read.provider, read.request_model, read.conversation_id) == ("openai", "small", "s1")
    assert [(m.role, m.text) for m in read.messages or ()] == [("user", "Hi")]
    assert [c.message.text for c in read.choices or ()] == ["Hello"]


def test_a_laminar_call_is_read_and_its_wrappers_are_not() -> None:
    attributes = {
        "lmnr.span.type": "LLM", "lmnr.span.input": json.dumps(_TURNS), "lmnr.span.output": json.dumps(_ANSWER),
    }  # fmt: skip
    read = _read(Laminar(), attributes)
    assert read.role is SpanRole.MODEL_CALL
    assert [c.message.text for c in read.choices or ()] == ["Hello"]
    assert _read(Laminar(), {**attributes, "lmnr.span.type": "DEFAULT"}) == Reading(role=SpanRole.WRAPPER)
