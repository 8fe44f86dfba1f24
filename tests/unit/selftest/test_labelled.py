import json

import pytest

from otel_evals.app.evaluator import build_evaluator
from otel_evals.config.schema import Config
from otel_evals.records.evaluation import Label
from otel_evals.selftest.labelled import read_labelled


@pytest.fixture
def read(tmp_path):
    def read(*rows):
        file = tmp_path / "rows.jsonl"
        file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
        return read_labelled(file, build_evaluator(Config()))

    return read


def test_the_short_form_becomes_a_case(read):
    (row,) = read(
        {"id": "a", "instructions": "Be kind.", "question": "Why?", "documents": ["One.", {"text": "Two.", "id": "d2"}],
         "answer": "So.", "label": "fail", "reference": "Because."}
    )  # fmt: skip
    exchange = row.case.exchange
    assert (row.id, row.label, row.case.reference) == ("a", Label.FAIL, "Because.")
    assert [(m.role, m.text) for m in exchange.messages] == [("system", "Be kind."), ("user", "Why?")]
    assert [(d.text, d.id) for d in exchange.documents] == [("One.", None), ("Two.", "d2")]
    assert exchange.choices[0].message.text == "So."


def test_messages_and_the_rows_of_data_sets_are_read_too(read):
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "Q"},
    ]
    first, second = read(
        {"messages": turns, "answer": "A", "label": "pass"},
        {"input": {"messages": turns}, "output": "A", "label": "pass", "documents": None, "check": "x", "note": "y"},
    )
    assert [m.text for m in first.case.exchange.messages] == ["Hi", "Yes?", "Q"]
    assert first.case == second.case
    assert (first.id, second.id) == ("1", "2")


def test_tool_calls_and_steps_are_kept(read):
    call = {"name": "stock", "arguments": '{"item": 7}'}
    step = {"kind": "tool", "name": "stock", "input": "7", "output": "none", "failed": True}
    (row,) = read(
        {"question": "Q", "tools": [{"name": "stock"}], "tool_calls": [call], "steps": [step], "label": "pass"}
    )
    (made,) = row.case.exchange.choices[0].message.tool_calls
    assert made.name == "stock"
    assert row.case.exchange.tools is not None
    assert (row.case.steps[0].kind, row.case.steps[0].failed) == ("tool", True)


def test_whether_an_answer_refuses_is_what_the_row_says_else_what_the_check_says(read):
    refusal = {"question": "How?", "answer": "I'm sorry, but I can't help with that.", "label": "pass"}
    by_check, by_row, answer = read(
        refusal, {**refusal, "refused": False}, {"question": "How?", "answer": "Turn the key.", "label": "pass"}
    )
    assert (by_check.case.refused, by_row.case.refused, answer.case.refused) == (True, False, False)


def test_published_rows_of_people_are_read_whole(check_rows):
    rows = read_labelled(check_rows / "retrieval_support.jsonl", None)
    assert {row.label for row in rows} == {Label.PASS, Label.FAIL}
    assert all(row.case.exchange.documents and row.case.exchange.choices for row in rows)
