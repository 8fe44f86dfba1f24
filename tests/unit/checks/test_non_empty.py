"""When an absent text is an empty answer, and when it is something else."""

import pytest

from otel_evals.checks.non_empty import NonEmpty
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Content, Exchange, Message, ToolCall, Usage
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan


def evaluate(*choices, **fields):
    exchange = Exchange(messages=(Message(role="user", text="Say it."),), choices=choices, **fields)
    return NonEmpty().evaluate(Scan(exchange, PatternPass(())))


def answer(text="", finish_reason="stop", **fields):
    return Choice(message=Message(role="assistant", text=text, **fields), finish_reason=finish_reason)


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\ufeff", "\u00a0"])
def test_an_answer_without_a_visible_character_fails(text):
    assert evaluate(answer(text)).label is Label.FAIL


@pytest.mark.parametrize(
    "choice",
    [
        answer("4"),
        answer(tool_calls=(ToolCall(name="f"),), finish_reason="tool_call"),
        answer(media=("image",)),
    ],
)
def test_text_a_tool_call_or_an_image_is_an_answer(choice):
    assert evaluate(choice).label is Label.PASS


def test_a_missing_carrier_is_an_empty_answer_when_tokens_say_that_it_answered():
    assert evaluate(usage=Usage(output_tokens=0)).label is Label.FAIL


def test_nothing_that_says_whether_it_answered_is_no_finding():
    assert evaluate() is None


@pytest.mark.parametrize("content", [Content.OFF, Content.UNKNOWN])
def test_content_that_nobody_captured_is_no_finding(content):
    assert evaluate(answer(), content=content) is None


def test_a_failed_call_owes_no_answer():
    assert evaluate(answer(), failed=True) is None


@pytest.mark.parametrize("reason", ["content_filter", "error", "tool_call"])
def test_a_finish_reason_that_explains_the_absence_is_left_to_other_checks(reason):
    assert evaluate(answer(finish_reason=reason)) is None


def test_an_answer_whose_tokens_all_went_into_reasoning_is_empty():
    finding = evaluate(answer(reasoning="first, I", finish_reason="length"))
    assert finding.label is Label.FAIL
    assert "reasoned" in finding.explanation
