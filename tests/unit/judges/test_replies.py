import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.judges.capabilities import Form
from otel_evals.judges.failures import CallFailure
from otel_evals.judges.replies import Completion, read_reply
from otel_evals.judges.settings import Api


def read(content: bytes, api: Api = Api.CHAT, form: Form = Form.SCHEMA) -> Completion:
    return read_reply(api, content, endpoint="front", form=form, tool="give_verdict")


def error_of(content: bytes, api: Api = Api.CHAT) -> CallFailure:
    with pytest.raises(CallFailure) as caught:
        read(content, api)
    assert caught.value.outcome == "unparseable"
    assert not caught.value.retry
    return caught.value


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_completion_or_an_unparseable_failure(content):
    for api in Api:
        error_of(content, api)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "message", "content", "tool_calls", "usage", "output", "type", "text", "model", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_json_comes_never_breaks_the_reader(value):
    for api in Api:
        with contextlib.suppress(CallFailure):
            assert read(json.dumps(value).encode(), api).text.strip()


@pytest.mark.parametrize(
    ("content", "error_type"),
    [
        (b"", "invalid_response"),
        (b"null", "invalid_response"),
        (b"[" * 100_000, "invalid_response"),
        (b'{"choices": [{"message": {"content": "a\xff"}}]}', "invalid_response"),
        (b'{"choices": []}', "empty_answer"),
        (b'{"choices": [{"message": {"content": "  "}}]}', "empty_answer"),
        (b'{"choices": [{"message": {"content": 5}}]}', "invalid_response"),
        (b'{"choices": [{"message": {"content": "{}"}, "finish_reason": "length"}]}', "cut_off"),
        (b'{"choices": [{"message": {"content": ""}, "finish_reason": "length"}]}', "cut_off"),
        (b'{"choices": [{"message": {"content": "{}"}, "finish_reason": "content_filter"}]}', "content_filter"),
        (b'{"choices": [{"message": {"content": "{}", "refusal": "no"}}]}', "refused_to_judge"),
        (b'{"error": {"message": "in a 200"}}', "invalid_response"),
    ],
)
def test_an_answer_without_a_text_of_the_judge_says_why(content, error_type):
    assert error_of(content).error_type == error_type


def test_the_tokens_of_a_broken_answer_are_known():
    failure = error_of(b'{"model": "m", "choices": 5, "usage": {"prompt_tokens": 3, "completion_tokens": 4}}')
    assert (failure.usage.input_tokens, failure.usage.output_tokens, failure.model) == (3, 4, "m")


@pytest.mark.parametrize("usage", [b'"many"', b'{"prompt_tokens": -1}', b'{"prompt_tokens": "3"}', b"{}", b"null"])
def test_counts_that_are_none_are_unknown_and_do_not_cost_the_verdict(usage):
    reply = read(b'{"choices": [{"message": {"content": "{}"}}], "usage": ' + usage + b"}")
    assert reply.text == "{}"
    assert reply.usage.input_tokens is None


def test_cached_and_reasoning_tokens_are_read():
    reply = read(
        b'{"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": 9, "completion_tokens": 5, '
        b'"prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2}}}'
    )
    assert (reply.usage.cache_read_tokens, reply.usage.reasoning_tokens) == (4, 2)


def test_a_name_that_is_no_name_is_bounded_and_printable():
    assert read(b'{"model": 7, "choices": [{"message": {"content": "{}"}}]}').model is None
    long = read(b'{"model": "a\\n\\u0000' + b"b" * 5000 + b'", "choices": [{"message": {"content": "{}"}}]}').model
    assert long is not None
    assert len(long) <= 128
    assert long.isprintable()


TOOL = b'{"function": {"name": "give_verdict", "arguments": "{}"}}'


@pytest.mark.parametrize(
    ("calls", "readable"),
    [(TOOL, True), (TOOL + b"," + TOOL, False), (TOOL.replace(b"give_verdict", b"other"), False), (b"", False)],
)
def test_the_one_call_of_the_tool_is_the_answer(calls, readable):
    content = b'{"choices": [{"message": {"content": null, "tool_calls": [' + calls + b"]}}]}"
    if readable:
        assert read(content, form=Form.TOOL).text == "{}"
    else:
        assert error_of(content).error_type == "empty_answer"


def test_reasoning_beside_the_answer_of_responses_is_not_read():
    reply = read(
        b'{"status": "completed", "output": [{"type": "reasoning", "summary": [{"type": "x", "text": "{1}"}]}, '
        b'{"type": "message", "content": [{"type": "output_text", "text": "{}"}]}]}',
        Api.RESPONSES,
    )
    assert (reply.text, reply.finish_reason) == ("{}", "completed")
