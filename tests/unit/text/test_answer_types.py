# ruff: noqa: RUF001 - questions of many languages
import pytest

from otel_evals.text.answer_types import asked_type

TEXT = "Ana Oman sold 12 clocks in Kanal on May 3, 2011."


@pytest.mark.parametrize(
    ("question", "thing"),
    [
        ("who sold the clocks?", "Oman"),
        ("where were they sold?", "Kanal"),
        ("which city is it?", "Kanal"),
        ("when were they sold?", "May 3"),
        ("what year was it?", "2011"),
        ("how many clocks did she sell?", "12"),
        ("wer hat sie verkauft?", "Oman"),
        ("cuándo se vendieron?", "2011"),
        ("сколько часов?", "12"),
    ],
)
def test_a_question_asks_for_things_that_the_text_names(question, thing):
    assert thing in set(asked_type(question).things(TEXT))


@pytest.mark.parametrize("question", ["what is a clock made of?", "is it old?", "", "它是什么？"])
def test_other_questions_ask_for_no_plain_type(question):
    assert asked_type(question) is None


def test_a_text_without_such_a_thing_names_none():
    assert not list(asked_type("when was it?").things("It was sold in Kanal."))
