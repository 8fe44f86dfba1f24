# ruff: noqa: RUF001 - sentences of many languages
import pytest

from otel_evals.checks.wrong_refusal import WrongRefusal
from otel_evals.records.evaluation import Label, passed
from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolResult
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

EVIDENCE = "The Lumen 3 lamp has a battery of 5200 mAh. The lamp is sold in green."
QUESTION = "How large is the battery of the Lumen 3 lamp?"
REFUSAL = "I'm sorry, but the documents do not say anything about that."
CHECK = WrongRefusal()
PATTERNS = PatternPass(CHECK.patterns())


def finding_of(answer: str, *, question: str = QUESTION, system: str = "", document: str = "", tool: str = ""):
    messages = (
        Message(role="system", text=system),
        Message(role="user", text=question),
        Message(role="tool", tool_results=(ToolResult(text=tool),) if tool else ()),
    )
    exchange = Exchange(
        messages=messages,
        choices=(Choice(message=Message(role="assistant", text=answer)),),
        documents=(Document(text=document),) if document else (),
    )
    return CHECK.evaluate(Scan(exchange, PATTERNS))


@pytest.mark.parametrize(
    "place",
    [
        {"document": EVIDENCE},
        {"tool": EVIDENCE},
        {"system": f"Answer from the documents below.\n\n[lamp-1] {EVIDENCE}"},
        {"question": f"Context:\n[1] {EVIDENCE}\n\nQuestion: {QUESTION}"},
    ],
    ids=["retriever", "tool", "system prompt", "user message"],
)
def test_a_refusal_in_spite_of_evidence_fails_wherever_the_evidence_stood(place):
    assert finding_of(REFUSAL, **place).label is Label.FAIL


@pytest.mark.parametrize(
    ("question", "document", "refusal"),
    [
        (
            "¿Qué capacidad tiene la batería de la lámpara Lumen 3?",
            "La batería de la lámpara Lumen 3 tiene una capacidad de 5200 mAh.",
            "Lo siento, los documentos no contienen esa información.",
        ),
        (
            "Wie groß ist der Akku der Lampe Lumen 3?",
            "Der Akku der Lampe Lumen 3 ist 5200 mAh groß.",
            "Dazu enthalten die Dokumente keine Informationen. Ich kann die Frage nicht beantworten.",
        ),
        ("Lumen 3灯的电池容量是多少？", "Lumen 3灯的电池容量是5200毫安时。", "抱歉，文档中没有提到相关信息。"),
    ],
)
def test_it_knows_other_languages(question, document, refusal):
    assert finding_of(refusal, question=question, document=document).label is Label.FAIL


def test_a_refusal_without_evidence_passes():
    found = finding_of(REFUSAL, document="The harbour of the town was closed for repairs in the spring.")
    assert found.label is Label.PASS


def test_an_answer_passes():
    assert finding_of("It has 5200 mAh.", document=EVIDENCE).label is Label.PASS


def test_without_context_it_does_not_apply():
    assert finding_of(REFUSAL) is None


def test_partial_help_is_no_refusal():
    answer = (
        "I could not find the exact figure in the documents. However, I can tell you that the lamp is sold in green."
    )
    assert finding_of(answer, document=EVIDENCE).label is Label.PASS


@pytest.mark.parametrize(
    "answer",
    [
        "The battery has 5200 mAh [1]. The documents don't mention the colour.",
        "The documents don't mention the weight. The battery has 5200 mAh.",
        "The lamp is sold in green [lamp-1].\nI could not find any information about its weight.",
        "Die Lampe hat 5200 mAh. Zur Farbe enthalten die Dokumente keine Informationen.",
    ],
)
def test_what_an_answer_states_besides_is_an_answer_in_part(answer):
    assert finding_of(answer, document=EVIDENCE) == passed()


@pytest.mark.parametrize(
    "answer",
    [
        "The documents do not mention the battery [1].",
        "The documents describe lamps [1]. I could not find any information about the battery.",
        "You asked about the Lumen 3 lamp. The documents do not mention its battery.",
        "I read 2 documents. I could not find any information about the battery.",
        "The documents do not mention the battery. Please call 0800 123456.",
    ],
)
def test_a_refusal_that_states_nothing_besides_is_one(answer):
    assert finding_of(answer, document=EVIDENCE).label is Label.FAIL


def test_a_document_that_comes_twice_weighs_once():
    once = finding_of(REFUSAL, document=EVIDENCE)
    twice = finding_of(REFUSAL, document=EVIDENCE, question=f"Context:\n[1] {EVIDENCE}\n\nQuestion: {QUESTION}")
    assert twice == once


def test_the_threshold_decides_how_much_evidence_is_needed():
    strict = WrongRefusal(threshold=1.0)
    exchange = Exchange(
        messages=(Message(role="user", text=QUESTION),),
        choices=(Choice(message=Message(role="assistant", text=REFUSAL)),),
        documents=(Document(text=EVIDENCE),),
    )
    assert strict.evaluate(Scan(exchange, PATTERNS)).label is Label.PASS
