"""The AI SDK's own keys: operations, roots, answers that are left out, and the applications' metadata."""

import json
from typing import Any

import pytest

from otel_evals.dialects.ai_sdk import AiSdk
from otel_evals.records.reading import Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, SpanView

_MESSAGES = json.dumps([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}])


def _read(operation: str, *, status: int = 0, **fields: Any) -> Reading:
    attributes = {"ai.operationId": operation, **{f"ai.{key.replace('__', '.')}": v for key, v in fields.items()}}
    span = SpanView(trace_id=b"t", span_id=b"s", attributes=attributes, status_code=status, scope_name="ai")
    assert AiSdk().detect(span)
    return AiSdk().read(span)


@pytest.mark.parametrize(
    ("operation", "role"),
    [
        ("ai.generateText.doGenerate", SpanRole.MODEL_CALL), ("ai.streamText.doStream", SpanRole.MODEL_CALL),
        ("ai.generateObject.doGenerate", SpanRole.MODEL_CALL), ("ai.streamObject.doStream", SpanRole.MODEL_CALL),
        ("ai.generateText", SpanRole.AGENT), ("ai.streamObject", SpanRole.AGENT), ("ai.toolCall", SpanRole.TOOL),
        ("ai.embed", SpanRole.EMBEDDING), ("ai.embedMany.doEmbed", SpanRole.EMBEDDING),
        ("ai.generateImage", SpanRole.OTHER), ("ai.rerank.doRerank", SpanRole.OTHER),
    ],
)  # fmt: skip
def test_the_operation_decides_the_role(operation: str, role: SpanRole) -> None:
    assert _read(operation).role is role


def test_an_empty_answer_that_is_left_out_is_an_answer() -> None:
    read = _read("ai.generateText.doGenerate", prompt__messages=_MESSAGES, response__finishReason="stop")
    assert [c.message.text for c in read.choices or ()] == [""]


def test_without_messages_nothing_says_that_the_answer_was_empty() -> None:
    read = _read("ai.generateText.doGenerate", response__finishReason="tool-calls")
    assert read.choices is None
    assert read.finish_reasons == ("tool_call",)


def test_tool_traffic_is_read_with_parsed_arguments() -> None:
    turns = [
        {"role": "assistant", "content": [
            {"type": "tool-call", "toolCallId": "c", "toolName": "get", "input": {"a": 1}},
        ]},
        {"role": "tool", "content": [
            {"type": "tool-result", "toolCallId": "c", "output": {"type": "json", "value": {"t": 4}}},
        ]},
    ]  # fmt: skip
    read = _read(
        "ai.generateText.doGenerate",
        prompt__messages=json.dumps(turns),
        response__toolCalls=json.dumps([{"toolCallId": "d", "toolName": "get", "input": '{"a": 2}'}]),
        prompt__tools=[json.dumps({"type": "function", "name": "get", "inputSchema": {"type": "object"}})],
    )
    assert read.messages is not None
    assert read.messages[0].tool_calls[0].arguments == {"a": 1}
    assert (read.messages[1].tool_results[0].text, read.messages[1].tool_results[0].id) == ('{"t":4}', "c")
    assert read.choices is not None
    assert read.choices[0].message.tool_calls[0].arguments == {"a": 2}
    assert read.tools is not None
    assert read.tools[0].parameters == {"type": "object"}


def test_version_three_writes_results() -> None:
    read = _read(
        "ai.generateText.doGenerate", prompt__messages=_MESSAGES, result__text="Hello", finishReason="stop",
        usage__promptTokens=3, usage__completionTokens=1,
    )  # fmt: skip
    assert read.choices is not None
    assert (read.choices[0].message.text, read.choices[0].finish_reason) == ("Hello", "stop")
    assert read.usage is not None
    assert read.usage.input_tokens == 3


def test_the_root_has_system_prompt_and_schema() -> None:
    read = _read(
        "ai.generateObject",
        prompt=json.dumps({"system": "Be brief.", "prompt": "Hi"}),
        schema='{"type": "object", "properties": {}}',
        usage__inputTokens=30,
    )
    assert read.system is not None
    assert read.system[0].text == "Be brief."
    assert [m.text for m in read.messages or ()] == ["Hi"]
    assert (read.output_type, read.output_schema) == ("json", {"type": "object", "properties": {}})
    assert read.usage is None  # the sum over its calls


@pytest.mark.parametrize(
    "metadata",
    [
        {"promptName": "support", "promptVersion": 3},
        {"prompt_name": "support", "prompt_version": "3"},
        {"langfusePrompt": '{"name": "support", "version": 3}'},
    ],
)
def test_the_prompt_is_found_under_the_usual_names(metadata: dict[str, Any]) -> None:
    fields = {f"telemetry__metadata__{key}": value for key, value in metadata.items()}
    read = _read("ai.generateText.doGenerate", **fields)
    assert (read.prompt_name, read.prompt_version) == ("support", "3")


def test_a_failed_call_has_no_answer() -> None:
    read = _read("ai.streamText.doStream", prompt__messages=_MESSAGES, status=STATUS_ERROR)
    assert read.choices is None
    assert read.streaming is True


def test_generated_files_are_an_answer_without_text() -> None:
    files = json.dumps([{"type": "file", "mediaType": "image/png", "data": "aGk="}, {"mimeType": "audio/wav"}])
    read = _read(
        "ai.generateText.doGenerate", prompt__messages=_MESSAGES, response__finishReason="stop", response__files=files
    )
    assert read.choices is not None
    assert read.choices[0].message.media == ("image", "audio")
