"""What is a loop, and what repeats by nature."""

import pytest

from otel_evals.checks.repetition import Repetition
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

RUNBOOK = " ".join(
    f"Section {n}. The migration moves table number {n} from the old cluster to the new one, verifies the row count, "
    "compares checksums, and only then switches the read traffic over."
    for n in range(1, 31)
)


def evaluate(answer, check=None):
    exchange = Exchange(choices=(Choice(message=Message(role="assistant", text=answer)),))
    return (check or Repetition()).evaluate(Scan(exchange, PatternPass(())))


@pytest.mark.parametrize(
    "answer",
    [
        "I cannot do that. " * 20,
        "ok " * 50,
        "我不知道" * 30,
        "The soup was hot and the soup was hot.",
        "The camera is a DMC-DMC-DMC-DMC-DMC-DMC.",
        "The meeting begins at nine. " + "We then review the open items of the last quarter in detail. " * 12,
        RUNBOOK[:800] + " and so on" * 100,
        "The result is " + "0" * 400,
        RUNBOOK[:900] + " first the pump, then the valve," * 5 + RUNBOOK[900:1500],
        " ".join(
            f"{RUNBOOK[n * 140 : n * 140 + 140]}. Please write to our support team at any time. " for n in range(8)
        ),
    ],
)
def test_a_loop_fails(answer):
    finding = evaluate(answer)
    assert finding.label is Label.FAIL
    assert finding.score < 0.96


@pytest.mark.parametrize(
    "answer",
    [
        "It was very, very good and we had more and more fun, step by step.",
        RUNBOOK,
        "| a | b |\n|--|--|\n" + "| yes | yes |\n" * 40,
        "Here it is:\n```python\n" + "    print('x')\n" * 30 + "```\nRun it.",
        "Row, row, row your boat,\nGently down the stream.\nMerrily, merrily, merrily, merrily,\nLife is but a dream.",
        "What is a self-driving car? A self-driving car is a car that drives by itself.",
        "Yes.",
    ],
)
def test_what_repeats_by_nature_passes(answer):
    assert evaluate(answer).label is Label.PASS


@pytest.mark.parametrize("answer", ["", '[{"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}]'])
def test_nothing_and_json_do_not_apply(answer):
    assert evaluate(answer) is None


def test_the_explanation_quotes_nothing():
    assert "hunter2" not in evaluate("hunter2 " * 40).explanation


def test_the_share_is_a_setting():
    answer = RUNBOOK[:800] + " and so on" * 100
    assert evaluate(answer, Repetition(max_share=1.0)).label is Label.PASS
