"""OpenInference: roles, models, finish reasons and content, rule by rule."""

import json
from typing import Any

import pytest

from otel_evals.dialects.openinference import OpenInference
from otel_evals.records.exchange import Document, ToolCall, ToolResult
from otel_evals.records.reading import Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, EventView, SpanView

_SCOPE = "openinference.instrumentation."


def _read(kind: str = "LLM", *, scope: str = "openai", status: int = 1, **attributes: Any) -> Reading:
    said = {key.replace("__", "."): value for key, value in attributes.items()}
    return _read_all({"openinference.span.kind": kind, **said}, scope=scope, status=status)


def _read_all(attributes: dict[str, Any], *, scope: str = "openai", status: int = 1) -> Reading:
    span = SpanView(trace_id=b"t", span_id=b"s", attributes=attributes, scope_name=_SCOPE + scope, status_code=status)
    dialect = OpenInference()
    assert dialect.detect(span)
    return dialect.read(span)


_CALL = {
    "openinference.span.kind": "LLM",
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "Hi",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "Hello",
}


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("LLM", SpanRole.MODEL_CALL), ("llm", SpanRole.MODEL_CALL), ("AGENT", SpanRole.AGENT), ("TOOL", SpanRole.TOOL),
        ("RETRIEVER", SpanRole.RETRIEVAL), ("RERANKER", SpanRole.RETRIEVAL), ("EMBEDDING", SpanRole.EMBEDDING),
        ("CHAIN", SpanRole.WRAPPER), ("PROMPT", SpanRole.WRAPPER), ("UNKNOWN", SpanRole.WRAPPER),
        ("SOMETHING_NEW", SpanRole.WRAPPER), ("GUARDRAIL", SpanRole.OTHER), ("EVALUATOR", SpanRole.OTHER),
    ],
)  # fmt: skip
def test_the_kind_decides_the_role(kind: str, role: SpanRole) -> None:
    assert _read(kind).role is role


def test_a_span_without_a_kind_is_left_to_others() -> None:
    assert not OpenInference().detect(SpanView(trace_id=b"t", span_id=b"s", attributes={"llm.model_name": "m"}))


@pytest.mark.parametrize(
    ("scope", "attributes"),
    [
        ("llama_index", {"input.value": '{"tools": [], "user_msg": null}', "output.value": "text"}),
        ("llama_index", {"input.value": '{"prompt": "…"}', "llm.prompt_template.template": "Answer {q}"}),
        ("llama_index", {"input.value": '{"chat_history": ["ChatMessage(…)"]}', "output.value": '{"messages": ["…"]}'}),
        ("haystack", {"llm.prompt_template.template": "Answer {{q}}", "output.value": "Answer this"}),
    ],
)
def test_a_span_of_kind_llm_that_only_prepares_a_call_is_a_wrapper(scope: str, attributes: dict[str, Any]) -> None:
    assert _read_all({"openinference.span.kind": "LLM", **attributes}, scope=scope).role is SpanRole.WRAPPER


def test_a_failed_call_without_any_content_is_still_a_call() -> None:
    assert _read(scope="openai_agents", status=STATUS_ERROR).role is SpanRole.MODEL_CALL


def test_a_hand_written_llm_span_with_texts_only_is_a_call() -> None:
    read = _read(scope="my_app", input__value="Where?", output__value="Here.")
    assert read.role is SpanRole.MODEL_CALL
    assert read.messages is not None
    assert read.messages[0].text == "Where?"
    assert read.choices is not None
    assert read.choices[0].message.text == "Here."


def test_messages_are_read_in_numeric_order_across_gaps() -> None:
    attributes: dict[str, Any] = {"openinference.span.kind": "LLM"}
    for index, text in ((1, "a"), (10, "c"), (2, "b")):
        attributes[f"llm.input_messages.{index}.message.role"] = "user"
        attributes[f"llm.input_messages.{index}.message.content"] = text
    read = _read_all(attributes)
    assert [m.text for m in read.messages or ()] == ["a", "b", "c"]


def test_tool_calls_written_twice_are_read_once() -> None:
    prefix = "llm.output_messages.0.message."
    call = {"id": "c1", "function.name": "get", "function.arguments": '{"city": "Oslo"}'}
    read = _read_all(
        {
            **_CALL,
            prefix + "contents.0.message_content.type": "tool_use",
            **{f"{prefix}contents.0.tool_call.{key}": value for key, value in call.items()},
            **{f"{prefix}tool_calls.0.tool_call.{key}": value for key, value in call.items()},
            "llm.finish_reason": "stop",
        }
    )
    assert read.choices is not None
    assert read.choices[0].message.tool_calls == (ToolCall(name="get", arguments={"city": "Oslo"}, id="c1"),)
    assert read.finish_reasons == ("tool_call",)


def test_a_tool_turn_is_a_result() -> None:
    read = _read_all(
        {
            **_CALL,
            "llm.input_messages.1.message.role": "tool",
            "llm.input_messages.1.message.tool_call_id": "c1",
            "llm.input_messages.1.message.content": "4 °C",
        }
    )
    assert read.messages is not None
    assert read.messages[1].tool_results == (ToolResult(text="4 °C", id="c1"),)
    assert not read.messages[1].text


def test_an_image_beside_the_text_is_kept_as_media() -> None:
    prefix = "llm.input_messages.0.message.contents."
    read = _read_all(
        {
            "openinference.span.kind": "LLM",
            "llm.input_messages.0.message.role": "user",
            prefix + "0.message_content.type": "text",
            prefix + "0.message_content.text": "What is this?",
            prefix + "1.message_content.type": "image",
            prefix + "1.message_content.image.image.url": "data:…",
        }
    )
    assert read.messages is not None
    assert (read.messages[0].text, read.messages[0].media) == ("What is this?", ("image",))


@pytest.mark.parametrize(
    ("side", "value"), [("llm.input_messages.", "input.value"), ("llm.output_messages.", "output.value")]
)
def test_a_redaction_says_that_content_is_off(side: str, value: str) -> None:
    hidden = {key: said for key, said in _CALL.items() if not key.startswith(side)}
    assert not _read_all(_CALL).content_off
    assert _read_all({**hidden, value: "__REDACTED__"}).content_off
    assert _read_all({**_CALL, side + "0.message.content": "__REDACTED__"}).content_off


def test_the_model_that_answered_and_the_one_that_was_asked_for_are_told_apart() -> None:
    asked = {**_CALL, "llm.invocation_parameters": '{"model": "openai/small"}'}
    read = _read_all({**asked, "llm.model_name": "small-2024"})
    assert (read.provider, read.request_model, read.response_model) == ("openai", "small", "small-2024")
    read = _read_all({**asked, "llm.model_name": "openai/small"}, scope="litellm")
    assert (read.request_model, read.response_model) == ("small", None)
    read = _read_all({**asked, "llm.model_name": "small", "output.value": '{"model": "small-1", "id": "r1"}'})
    assert (read.response_model, read.response_id) == ("small-1", "r1")


def test_on_an_error_the_only_model_is_the_one_that_was_asked_for() -> None:
    read = _read(llm__model_name="small", status=STATUS_ERROR)
    assert (read.request_model, read.response_model) == ("small", None)


def test_parameters_that_echo_the_response_name_the_model_that_answered() -> None:
    echoed = json.dumps({"id": "resp_1", "created_at": 1.0, "model": "small-2024"})
    read = _read_all({**_CALL, "llm.invocation_parameters": echoed, "llm.model_name": "small-2024"})
    assert read.response_model == "small-2024"


@pytest.mark.parametrize(
    ("said", "body", "wanted"),
    [
        ("stop", None, "stop"),
        (None, {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ("stop", {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        (None, {"choices": [{"finish_reason": "length"}]}, "length"),
        (None, {"replies": ["…"], "meta": [{"finish_reason": "length"}]}, "length"),
        (None, {"generations": [[{"generation_info": {"finish_reason": "length"}}]]}, "length"),
        (
            None,
            {"generations": [[{"message": {"kwargs": {"response_metadata": {"stop_reason": "max_tokens"}}}}]]},
            "length",
        ),
        ("MAX_TOKENS", None, "length"),
        ("weird", None, None),
    ],
)
def test_the_reason_falls_back_to_the_whole_response(said: str | None, body: Any, wanted: str | None) -> None:
    attributes: dict[str, Any] = dict(_CALL)
    if said is not None:
        attributes["llm.finish_reason"] = said
    if body is not None:
        attributes["output.value"] = json.dumps(body)
    read = _read_all(attributes)
    assert read.finish_reasons == (None if wanted is None else (wanted,))


def test_several_answers_stay_apart_but_items_of_one_response_are_joined() -> None:
    attributes = {
        **_CALL,
        "llm.output_messages.1.message.role": "assistant",
        "llm.output_messages.1.message.content": "Good day",
    }
    assert [c.message.text for c in _read_all(attributes).choices or ()] == ["Hello", "Good day"]
    joined = _read_all({**attributes, "output.value": '{"object": "response", "output": []}'})
    assert [c.message.text for c in joined.choices or ()] == ["Hello\nGood day"]


def test_a_wanted_schema_is_found_in_the_parameters() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    read = _read_all({**_CALL, "llm.invocation_parameters": json.dumps({"response_format": wanted})})
    assert (read.output_type, read.output_schema) == ("json", {"type": "object"})


def test_old_completions_are_read() -> None:
    read = _read_all(
        {
            "openinference.span.kind": "LLM",
            "llm.prompts.0.prompt.text": "Once",
            "llm.choices.0.completion.text": " upon",
            "llm.finish_reason": "length",
        }
    )
    assert read.operation == "text_completion"
    assert read.messages is not None
    assert read.messages[0].text == "Once"
    assert read.choices is not None
    assert (read.choices[0].message.text, read.choices[0].finish_reason) == (" upon", "length")


def test_documents_come_with_ids_from_metadata_or_from_the_whole_output() -> None:
    content = {"retrieval.documents.0.document.content": "text"}
    metadata = {"retrieval.documents.0.document.metadata": '{"doc_id": "d1"}'}
    assert _read_all({"openinference.span.kind": "RETRIEVER", **content, **metadata}).documents == (
        Document(text="text", id="d1"),
    )
    output = {"output.value": '{"documents": [{"id": "d2", "page_content": "text"}]}'}
    read = _read_all({"openinference.span.kind": "RETRIEVER", **content, **output})
    assert read.documents == (Document(text="text", id="d2"),)


def test_a_reranker_gives_what_it_kept() -> None:
    read = _read_all(
        {
            "openinference.span.kind": "RERANKER",
            "reranker.input_documents.0.document.content": "dropped",
            "reranker.output_documents.0.document.content": "kept",
            "reranker.output_documents.0.document.score": -0.5,
        }
    )
    assert read.documents == (Document(text="kept", score=-0.5),)


def test_python_representations_are_no_documents() -> None:
    assert _read("RETRIEVER", output__value='["<NodeWithScore(node=…)>"]').documents is None


def test_an_agent_carries_its_turns_and_its_answer() -> None:
    turns = [
        {"role": "system", "content": "You are kind."},
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": "Here."},
    ]
    read = _read("AGENT", input__value='{"agent": {"role": "x"}}', output__value=json.dumps({"messages": turns}))
    assert [m.role for m in read.messages or ()] == ["system", "user"]
    assert [c.message.text for c in read.choices or ()] == ["Here."]


def test_the_error_is_named_by_the_exception_of_a_failed_span_only() -> None:
    event = EventView(name="exception", attributes={"exception.type": "openai.RateLimitError"})
    for status, wanted in ((STATUS_ERROR, "openai.RateLimitError"), (1, None)):
        span = SpanView(trace_id=b"t", span_id=b"s", attributes=_CALL, events=(event,), status_code=status)
        assert OpenInference().read(span).error_type == wanted


def test_an_empty_generation_of_a_failed_call_is_no_answer() -> None:
    read = _read_all({**_CALL, "llm.output_messages.0.message.content": ""}, status=STATUS_ERROR)
    assert read.choices is None


def test_a_stream_is_known_by_its_parameters_or_its_first_token() -> None:
    assert _read_all(_CALL).streaming is None
    assert _read_all({**_CALL, "llm.invocation_parameters": '{"stream": true}'}).streaming is True
    event = EventView(name="First Token Stream Event", attributes={})
    span = SpanView(trace_id=b"t", span_id=b"s", attributes=_CALL, events=(event,))
    assert OpenInference().read(span).streaming is True


def test_a_template_and_its_version_are_the_prompts() -> None:
    read = _read("PROMPT", **{"llm.prompt_template.template": "Hi {name}", "llm.prompt_template.version": 2})
    assert (read.prompt_template, read.prompt_version) == ("Hi {name}", "2")


def test_a_tool_may_be_declared_by_name_and_bare_schema() -> None:
    schema = '{"type": "object", "properties": {"harbour": {"type": "string"}}}'
    reading = _read_all(_CALL | {"llm.tools.0.tool.name": "next_departure", "llm.tools.0.tool.json_schema": schema})
    assert reading.tools is not None
    (tool,) = reading.tools
    assert (tool.name, tool.parameters) == ("next_departure", json.loads(schema))


def test_a_whole_definition_beside_the_name_of_a_tool_is_read_as_it_stands() -> None:
    whole = '{"type": "function", "function": {"name": "next_departure", "parameters": {"type": "object"}}}'
    reading = _read_all(_CALL | {"llm.tools.0.tool.name": "next_departure", "llm.tools.0.tool.json_schema": whole})
    assert reading.tools is not None
    (tool,) = reading.tools
    assert (tool.name, tool.parameters) == ("next_departure", {"type": "object"})


@pytest.mark.parametrize(
    "output",
    [
        {"finish_reason": "length", "content": "Hello"},
        {"content": "Hello", "raw": "ChatCompletion(id='c', choices=[Choice(finish_reason='length', index=0)])"},
        {"replies": ["ChatMessage(_content=[TextContent(text='Hello')], _meta={'finish_reason': 'length'})"]},
    ],
)
def test_the_reason_may_stand_in_the_output_alone(output: dict[str, Any]) -> None:
    reading = _read_all(_CALL | {"output.value": json.dumps(output), "output.mime_type": "application/json"})
    assert reading.finish_reasons == ("length",)


def test_an_answer_that_quotes_a_reason_does_not_give_one() -> None:
    shown = "ChatMessage(_content=[TextContent(text=\"'finish_reason': 'length'\")], _meta={'index': 0})"
    reading = _read_all(_CALL | {"output.value": json.dumps({"replies": [shown]})})
    assert reading.finish_reasons is None
