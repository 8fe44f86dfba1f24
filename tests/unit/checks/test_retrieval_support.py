"""How the support of an answer by its context is weighed."""

import pytest

from otel_evals.checks.retrieval_support import RetrievalSupport
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolResult
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

KETTLE = Document(
    id="kettle-001",
    text="The Aurora X2 kettle holds at most 1.7 litres of water. The manufacturer warranty lasts 24 months from the "
    "date of purchase. Damage caused by limescale is not covered by the warranty.",
)


def evaluate(answer, *, documents=(KETTLE,), check=None, messages=()):
    check = check or RetrievalSupport()
    messages = messages or (Message(role="user", text="Tell me about the kettle."),)
    choice = Choice(message=Message(role="assistant", text=answer))
    exchange = Exchange(messages=messages, choices=(choice,), documents=documents)
    return check.evaluate(Scan(exchange, PatternPass(check.patterns())))


@pytest.mark.parametrize(
    "answer",
    [
        "The Aurora X2 kettle holds at most 1.7 litres of water.",
        "The warranty lasts 24 months from the date of purchase [kettle-001].",
        "Damage caused by limescale is not covered.",
    ],
)
def test_an_answer_in_the_words_of_its_context_passes(answer):
    assert evaluate(answer).label is Label.PASS


@pytest.mark.parametrize(
    "answer",
    [
        "I love tea, and my grandmother in Brighton brews it every morning.",
        "You can return any toaster within ninety days at Harrods for a full refund.",
    ],
)
def test_an_answer_with_other_content_fails_without_a_word_of_it(answer):
    finding = evaluate(answer)
    assert finding.label is Label.FAIL
    assert not {"Harrods", "Brighton", "toaster", "tea"} & set(finding.explanation.replace(".", " ").split())


def test_each_invented_word_lowers_the_score():
    good = evaluate("The manufacturer warranty lasts 24 months.").score
    some = evaluate("The manufacturer warranty lasts 24 months in Norway.").score
    more = evaluate("The distributor guarantee lasts sixty months in Norway.").score
    assert good > some > more


@pytest.mark.parametrize("answer", ["", "Yes.", '{"warranty": "for ever"}', "I'm sorry, but I cannot help with that."])
def test_answers_that_state_nothing_do_not_apply(answer):
    assert evaluate(answer) is None


def test_without_context_it_does_not_apply():
    assert evaluate("The warranty lasts for ever.", documents=()) is None


def test_a_structured_tool_result_is_no_text_to_compare_with():
    asked = Message(role="user", text="How is the weather?")
    told = Message(role="tool", tool_results=(ToolResult(text='{"temp_c": 4, "conditions": "fog"}'),))
    assert evaluate("It is four degrees and foggy.", documents=(), messages=(asked, told)) is None


def test_the_threshold_is_a_setting():
    answer = "The distributor guarantee lasts sixty months."
    assert evaluate(answer).label is Label.FAIL
    assert evaluate(answer, check=RetrievalSupport(threshold=0.0)).label is Label.PASS
