"""Which finish reasons mean that the answer is not whole."""

import pytest

from otel_evals.checks.complete import Complete
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Content, Exchange, Message
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan


def evaluate(reason, text="It is", **fields):
    choice = Choice(message=Message(role="assistant", text=text), finish_reason=reason)
    return Complete().evaluate(Scan(Exchange(choices=(choice,), **fields), PatternPass(())))


@pytest.mark.parametrize("reason", ["length", "content_filter", "error"])
def test_a_cut_blocked_or_broken_answer_fails_and_names_its_reason(reason):
    finding = evaluate(reason, content=Content.OFF)
    assert finding.label is Label.FAIL
    assert reason in finding.explanation


@pytest.mark.parametrize("reason", ["stop", "tool_call"])
def test_an_answer_that_came_to_its_end_passes(reason):
    assert evaluate(reason).label is Label.PASS


def test_an_unknown_finish_reason_says_nothing():
    assert evaluate(None) is None


def test_a_call_that_failed_before_any_answer_does_not_apply():
    assert evaluate("stop", text="", failed=True) is None


def test_a_call_that_failed_in_the_middle_of_its_answer_fails():
    assert evaluate(None, failed=True).label is Label.FAIL
