"""Whether a rubric applies: each need is met by what it names, wherever that stands, and by nothing else."""

import pytest

from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolCall, ToolDefinition, ToolResult
from otel_evals.records.judging import JudgeCase, Need, Step
from otel_evals.rubrics.applies import missing


def case(*messages, answer=None, steps=(), refused=False, reference=None, **fields):
    choices = () if answer is None else (Choice(message=Message(role="assistant", text=answer)),)
    exchange = Exchange(messages=messages, choices=choices, **fields)
    return JudgeCase(exchange=exchange, steps=steps, refused=refused, reference=reference)


def user(text):
    return Message(role="user", text=text)


CALL = ToolCall(name="t")
RESULT = Message(role="tool", tool_results=(ToolResult(text="found it"),))
HOLDING = [
    ("a user turn", Need.QUESTION, case(user("Hi"))),
    ("an answer", Need.ANSWER, case(answer="Yes")),
    ("documents", Need.DOCUMENTS, case(documents=(Document(text="x"),))),
    ("a tool's result", Need.DOCUMENTS, case(RESULT)),
    ("a retrieval step", Need.DOCUMENTS, case(steps=(Step(kind="retrieval", name="r", output="x"),))),
    ("context in the prompt", Need.DOCUMENTS, case(user("Context:\n[1] It is blue.\n\nQuestion: What colour?"))),
    (
        "context in the instructions",
        Need.DOCUMENTS,
        case(Message(role="system", text="Answer.\n\nContext:\n[1] It is blue.\n[2] It is old.")),
    ),
    ("tools offered", Need.TOOLS, case(tools=(ToolDefinition(name="t"),))),
    ("an earlier call", Need.TOOLS, case(Message(role="assistant", tool_calls=(CALL,)))),
    ("a tool step", Need.TOOLS, case(steps=(Step(kind="tool", name="t"),))),
    ("two user turns", Need.CONVERSATION, case(user("Hi"), user("Ho"))),
    ("a refusal", Need.REFUSAL, case(answer="No", refused=True)),
    ("system instructions", Need.INSTRUCTIONS, case(Message(role="system", text="Be brief."))),
    ("developer instructions", Need.INSTRUCTIONS, case(Message(role="developer", text="Be brief."))),
    ("a reference", Need.REFERENCE, case(reference="42")),
]


@pytest.mark.parametrize(("need", "held"), [row[1:] for row in HOLDING], ids=[row[0] for row in HOLDING])
def test_a_need_is_met_by(need, held):
    assert missing({need}, held) is None


LACKING = [
    ("a blank user turn", Need.QUESTION, case(user(" \n"))),
    ("instructions alone", Need.QUESTION, case(Message(role="system", text="x"))),
    ("no choice", Need.ANSWER, case()),
    ("a blank answer", Need.ANSWER, case(answer=" ")),
    ("a bare question", Need.DOCUMENTS, case(user("What colour is it?"), documents=(Document(text=" "),))),
    ("plain instructions", Need.DOCUMENTS, case(Message(role="system", text="Be brief."))),
    ("no tools", Need.TOOLS, case(user("Hi"), tools=())),
    ("one user turn", Need.CONVERSATION, case(user("Hi"), Message(role="assistant", text="Ho"))),
    ("an answer that is no refusal", Need.REFUSAL, case(answer="Yes")),
    ("blank instructions", Need.INSTRUCTIONS, case(Message(role="system", text=" "))),
    ("a blank reference", Need.REFERENCE, case(reference=" ")),
]


@pytest.mark.parametrize(("need", "lacking"), [row[1:] for row in LACKING], ids=[row[0] for row in LACKING])
def test_a_need_is_not_met_by(need, lacking):
    assert missing({need}, lacking) is need


def test_without_needs_every_case_will_do():
    assert missing((), case()) is None


def test_the_first_need_in_the_order_of_the_contract_is_told():
    assert missing({Need.REFERENCE, Need.ANSWER, Need.QUESTION}, case()) is Need.QUESTION
    assert missing(frozenset(Need), case(user("Hi"), answer="Yes")) is Need.DOCUMENTS


def test_a_call_that_the_answer_asks_for_needs_no_list_of_tools():
    choice = Choice(message=Message(role="assistant", tool_calls=(CALL,)))
    assert missing({Need.TOOLS}, JudgeCase(exchange=Exchange(choices=(choice,)))) is None
