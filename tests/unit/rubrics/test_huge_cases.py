"""Cases of any size: a bounded part of them is read, and what a judge needs is still in the question."""

import re

import pytest

from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolCall, ToolDefinition, ToolResult
from otel_evals.records.judging import JudgeCase, Step
from otel_evals.rubrics.question import ask
from tests.unit.rubrics.test_question import EVERYTHING, NONCE, blocks_of

MAX_CHARS = 12_000
BOUND = 600_000
"""Characters that redaction is given at most, of a case of any size."""
QUESTION = "How long is the warranty?"
END = "THE END OF THE ANSWER"
ANSWER = Choice(message=Message(role="assistant", text=f"It depends. {END}"))
ASKED = Message(role="user", text=QUESTION)
FILLER = "filler words of no use " * 400
SECRET = "KEY-0123456789-0123456789-KEY"


def turns(number, text):
    return tuple(Message(role="assistant" if i % 2 else "user", text=f"turn {i} {text}") for i in range(number))


def results(number, text):
    return tuple(
        Message(role="tool", tool_results=(ToolResult(text=f"{i} {text}", name=f"t{i}"),)) for i in range(number)
    )


def documents(number, text):
    return tuple(Document(text=f"{i} {text}", id=f"d{i}") for i in range(number))


def tools(number, text):
    return tuple(ToolDefinition(name=f"t{i}", description=f"{i} {text}", parameters={"a": i}) for i in range(number))


def steps(number, text):
    return tuple(Step(kind="tool", name=f"s{i}", input=f"{i} {text}", output=text) for i in range(number))


def call(arguments):
    return Message(role="assistant", tool_calls=(ToolCall(name="t", arguments=arguments),))


def case(*, messages=(ASKED,), steps=(), **fields):
    return JudgeCase(exchange=Exchange(messages=messages, choices=(ANSWER,), **fields), steps=steps)


HUGE = {
    "long documents": case(documents=documents(60, FILLER * 8)),
    "many documents": case(documents=documents(20_000, "x" * 50)),
    "long turns": case(messages=(*turns(60, FILLER * 8), ASKED)),
    "many turns": case(messages=(*turns(20_000, "x"), ASKED)),
    "many results": case(messages=(ASKED, *results(20_000, "x"))),
    "many tools": case(tools=tools(20_000, "x")),
    "many steps": case(steps=steps(10_000, "x")),
    "long instructions": case(messages=(Message(role="system", text=FILLER * 500), ASKED)),
    "a prompt beyond all size": case(messages=(Message(role="system", text="Context:\n" + FILLER * 500), ASKED)),
    "arguments": case(messages=(ASKED, call({"rows": [FILLER] * 500}))),
    "long names": case(documents=tuple(Document(text="x", id=f"{i}" + FILLER * 50) for i in range(300))),
    "everything": case(
        messages=(*turns(200, FILLER * 2), ASKED, *results(200, FILLER * 2)),
        documents=documents(200, FILLER * 2),
        tools=tools(200, FILLER * 2),
        steps=steps(200, FILLER * 2),
    ),
}


def asked(case, redact=str):
    return ask(EVERYTHING, case, nonce=NONCE, max_chars=MAX_CHARS, redact=redact)


@pytest.mark.parametrize("name", HUGE)
def test_of_a_huge_case_a_bounded_part_is_redacted_and_question_and_answer_stay(name):
    read = []
    question = asked(HUGE[name], redact=lambda text: read.append(len(text)) or text)
    assert sum(read) + 256 * len(read) < BOUND
    assert question.cut
    assert len(question.system) + len(question.user) <= MAX_CHARS
    blocks = blocks_of(question)
    assert f"| {QUESTION}" in blocks["question"]
    assert blocks["answer"][-1].endswith(END)
    assert "left out" in question.user
    assert asked(HUGE[name]) == question


@pytest.mark.parametrize(
    ("name", "block", "number"),
    [("many documents", "documents", 20_000), ("many turns", "conversation", 20_000), ("many tools", "tools", 20_000)],
)
def test_how_many_entries_of_a_huge_case_are_missing_is_said(name, block, number):
    lines = blocks_of(asked(HUGE[name]))[block]
    (note,) = [line for line in lines if re.fullmatch(r"\[… \d+ more left out …\]", line)]
    shown = [line for line in lines if not line.startswith("|") and line != note]
    assert int(re.search(r"\d+", note)[0]) + len(shown) == number


def test_of_a_huge_conversation_the_latest_turns_are_shown():
    lines = blocks_of(asked(HUGE["many turns"]))["conversation"]
    assert lines[-1] == "| turn 19999 x"
    assert "| turn 0 x" not in lines


def test_of_documents_beyond_cleaning_those_that_share_words_with_the_answer_are_shown():
    many = list(documents(300, FILLER))
    many[211] = Document(text="Marmots whistle loudly when eagles approach. " + FILLER, id="marmots")
    answer = Choice(message=Message(role="assistant", text="Marmots whistle loudly when eagles approach."))
    huge = JudgeCase(exchange=Exchange(messages=(ASKED,), choices=(answer,), documents=tuple(many)))
    assert 'document 212, id "marmots":' in blocks_of(asked(huge))["documents"]


@pytest.mark.parametrize("shift", range(0, 60, 3))
def test_no_half_of_a_secret_is_shown_wherever_the_texts_of_a_huge_case_are_sliced(shift):
    # Secrets so dense that whatever is cut goes through one of them.
    dense = "x" * shift + f"{SECRET} word " * 8_000
    huge = case(documents=documents(30, dense), messages=(*turns(30, dense), ASKED, *results(20, dense)))
    question = asked(huge, redact=lambda text: text.replace(SECRET, "*"))
    assert question.cut
    assert not re.search(r"KEY|\d-\d|0123", question.user)


def test_a_secret_that_fills_a_name_is_not_shown_in_part():
    name = f"{SECRET} " * 5_000
    lines = blocks_of(asked(case(documents=(Document(text="x", id=name),)), lambda t: t.replace(SECRET, "*")))
    assert not re.search(r"KEY|0123", lines["documents"][0])
