import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.messages.genai import choices_of, content_is_off, read_system, read_turns
from otel_evals.messages.jsons import structure
from otel_evals.messages.parts import read_message
from otel_evals.messages.typed import read_typed
from otel_evals.records.exchange import Message, ToolCall, ToolResult

USER = {"role": "user", "parts": [{"type": "text", "content": "How warm is it?"}]}
CALL = {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Quito"}}
ANSWER = {"role": "assistant", "parts": [{"type": "text", "content": "15 °C."}], "finish_reason": "stop"}


def one(value: Any, role: str = "user") -> Message:
    turns = read_turns(value, role)
    assert turns is not None
    assert len(turns.messages) == 1
    return turns.messages[0]


@pytest.mark.parametrize("carrier", [json.dumps([USER]), [USER], USER, {"messages": [USER]}, [json.dumps(USER)]])
def test_messages_come_as_json_text_as_a_list_as_a_map_or_alone(carrier: Any):
    assert one(carrier) == Message(role="user", text="How warm is it?")


def test_no_attribute_is_not_an_empty_list():
    assert read_turns(None) is None
    empty = read_turns("[]")
    assert empty is not None
    assert empty.messages == ()


def test_a_plain_sentence_is_one_message_of_the_given_role():
    assert one("Just a sentence.", "assistant") == Message(role="assistant", text="Just a sentence.")
    assert one("[doc-1] is no JSON") == Message(role="user", text="[doc-1] is no JSON")
    assert one('"an encoded sentence"') == Message(role="user", text="an encoded sentence")


@pytest.mark.parametrize("arguments", [{"city": "Quito"}, '{"city": "Quito"}'], ids=["object", "text"])
@pytest.mark.parametrize(
    "shape",
    [
        lambda a: {"role": "assistant", "parts": [{**CALL, "arguments": a}]},
        lambda a: {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "weather", "arguments": a}}]},
        lambda a: {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": a}]},
        lambda a: {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "weather", "input": a}}]},
        lambda a: {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": a},
    ],
    ids=["standard", "chat-completions", "anthropic", "bedrock", "responses"],
)
def test_a_tool_call_reads_the_same_in_every_shape(shape: Any, arguments: Any):
    expected = (ToolCall(name="weather", arguments={"city": "Quito"}, id="c1"),)
    message = one([shape(arguments)])
    assert (message.role, message.tool_calls) == ("assistant", expected)


def test_arguments_that_do_not_parse_stay_as_the_model_wrote_them():
    message = one([{"role": "assistant", "parts": [{**CALL, "arguments": '{"city": "Qu'}]}])
    assert message.tool_calls[0].arguments == '{"city": "Qu'


@pytest.mark.parametrize(
    "raw",
    [
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"t": 15}}]},
        {"role": "user", "parts": [{"type": "tool_call_response", "id": "c1", "result": {"t": 15}}]},
        {"role": "tool", "tool_call_id": "c1", "content": '{"t":15}'},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "c1", "content": [{"json": {"t": 15}}]}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": '{"t":15}'}]},
        {"type": "function_call_output", "call_id": "c1", "output": '{"t":15}'},
    ],
)
def test_a_tool_result_reads_the_same_in_every_shape_and_is_no_question(raw: Any):
    message = one([raw])
    assert message.tool_results == (ToolResult(text='{"t":15}', id="c1"),)
    assert message.text == ""


def test_what_a_tool_says_in_a_text_part_is_a_result():
    assert one([{"role": "tool", "parts": [{"type": "text", "content": "15"}]}]).tool_results == (
        ToolResult(text="15"),
    )


def test_media_parts_are_kept_without_text_and_unknown_parts_never_fail():
    parts = [
        {"type": "text", "content": "What is this?"},
        {"type": "blob", "modality": "image", "content": "aGk="},
        {"type": "image_url", "image_url": {"url": "data:"}},
        {"type": "hologram", "content": {}},
        {"type": "server_tool_call", "name": "web_search"},
        7,
        None,
    ]
    message = one([{"role": "user", "parts": parts}])
    assert message.text == "What is this?"
    assert message.media == ("image", "image", "hologram", "server_tool_call")


def test_reasoning_is_kept_apart_from_the_answer():
    parts = [{"type": "reasoning", "content": "Hm."}, {"type": "text", "content": "Yes."}]
    message = one([{"role": "assistant", "parts": parts}])
    assert (message.text, message.reasoning) == ("Yes.", "Hm.")


@pytest.mark.parametrize(
    ("written", "role"),
    [
        ("model", "assistant"), ("Human", "user"), ("MessageRole.SYSTEM", "system"), ("developer", "developer"),
        ("", "user"), (None, "user"), (5, "user"),
    ],
)  # fmt: skip
def test_roles_have_one_name(written: Any, role: str):
    assert one([{"role": written, "content": "x"}]).role == role


@pytest.mark.parametrize("text", [{"type": "text"}, {"type": "text", "content": "__REDACTED__"},
                                  {"type": "text", "content": "[Scrubbed due to 'password']"}])  # fmt: skip
def test_skeletons_and_redactions_say_that_content_was_left_out(text: Any):
    turns = read_turns([{"role": "user", "parts": [text]}])
    assert turns is not None
    assert turns.off
    assert turns.messages[0].text == ""


def test_an_empty_answer_is_not_content_left_out():
    for parts in ([], [{"type": "text", "content": ""}], [{"type": "text", "content": None}]):
        turns = read_turns([{"role": "assistant", "parts": parts, "finish_reason": "stop"}])
        assert turns is not None
        assert not turns.off
        assert choices_of(turns)[0].message.text == ""


def test_a_cut_message_is_marked_and_its_missing_text_is_no_skeleton():
    turns = read_turns('[{"role":"user","parts":[{"type":"text"')
    assert turns is not None
    assert turns.truncated
    assert not turns.off


def test_hidden_input_beside_a_known_answer_leaves_the_answer_readable():
    hidden = read_turns([{"role": "user", "content": "__REDACTED__"}])
    answered = read_turns([ANSWER])
    called = read_turns([{"role": "assistant", "parts": [CALL]}])
    assert not content_is_off(hidden, answered)
    assert content_is_off(hidden, called)
    assert content_is_off(read_turns([USER]), hidden)
    assert content_is_off(hidden, None)


def test_system_instructions_are_parts_a_part_a_text_or_messages():
    for value in ([{"type": "text", "content": "Be kind."}], {"type": "text", "content": "Be kind."}, "Be kind.",
                  '["Be kind."]', [{"role": "system", "content": "Be kind."}]):  # fmt: skip
        turns = read_system(value)
        assert turns is not None
        assert turns.messages == (Message(role="system", text="Be kind."),)


def test_several_answers_stay_apart():
    turns = read_turns([ANSWER, {**ANSWER, "finish_reason": "length"}])
    assert turns is not None
    assert [c.finish_reason for c in choices_of(turns)] == ["stop", "length"]
    unsaid = read_turns([{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}])
    assert unsaid is not None
    assert [c.finish_reason for c in choices_of(unsaid, ("stop", "length"))] == ["stop", "length"]
    assert [c.message.text for c in choices_of(unsaid)] == ["a", "b"]


def test_chunks_of_a_stream_are_one_answer():
    chunks = [{"role": "assistant", "content": "It is ", "finish_reason": ""},
              {"role": "assistant", "content": "warm.", "finish_reason": "stop"}]  # fmt: skip
    turns = read_turns(chunks)
    assert turns is not None
    assert [(c.message.text, c.finish_reason) for c in choices_of(turns)] == [("It is warm.", "stop")]


def test_items_of_one_answer_are_one_answer():
    items = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me look."}]},
             {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}]  # fmt: skip
    turns = read_turns(items, "assistant")
    assert turns is not None
    for reasons in (None, ("stop",)):
        (choice,) = choices_of(turns, reasons)
        assert choice.message.text == "Let me look."
        assert choice.finish_reason == "tool_call"


def test_of_the_messages_reason_and_the_spans_the_more_telling_one_stands():
    turns = read_turns([ANSWER])
    assert turns is not None
    assert choices_of(turns, ("content_filter",))[0].finish_reason == "content_filter"
    cut = read_turns([{**ANSWER, "finish_reason": "length"}])
    assert cut is not None
    assert choices_of(cut, ("stop",))[0].finish_reason == "length"


PART = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "reasoning", "tool_call", "tool_call_response", "image"])},
    optional={
        "content": st.sampled_from(["", "a text", "__REDACTED__", None]),
        "name": st.just("f"),
        "id": st.sampled_from(["", "c1"]),
        "arguments": st.sampled_from([{"a": 1}, '{"a":1}', "{", None]),
        "response": st.sampled_from([{"a": 1}, "text", None, [{"text": "x"}]]),
    },
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "model", ""]), "parts": st.lists(PART, max_size=3)},
    optional={"finish_reason": st.sampled_from(["stop", "", "new", None]), "name": st.none()},
)


@given(st.lists(MESSAGE, max_size=3))
def test_the_quick_reading_and_the_tolerant_one_agree(messages: list[dict[str, Any]]):
    text = json.dumps(messages)
    quick = read_typed(text)
    if quick is not None:
        raw, _ = structure(text)
        assert list(quick[0]) == [read_message(m, "user")[0] for m in raw]


def test_plain_messages_take_the_quick_way():
    assert read_typed(json.dumps([USER, {"role": "assistant", "parts": [CALL]}, ANSWER])) is not None


def test_a_choice_in_the_place_of_a_message_is_read_by_its_message():
    written = {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "15"}}
    turns = read_turns(json.dumps([written]), "assistant")
    assert turns is not None
    assert turns.messages == (Message(role="assistant", text="15"),)
    assert turns.finish == ("length",)


@pytest.mark.parametrize("beside", [[], [{"type": "hologram"}]], ids=["typed", "walked"])
def test_null_arguments_are_none_and_missing_ones_are_not_known(beside):
    calls = [{"type": "tool_call", "name": "f", "arguments": None}, {"type": "tool_call", "name": "f"}]
    message = one([{"role": "assistant", "parts": [*calls, *beside]}])
    assert [call.arguments for call in message.tool_calls] == [{}, None]
