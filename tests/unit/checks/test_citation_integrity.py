"""What is a citation, and whether its source was given."""

import pytest

from otel_evals.checks.citation_integrity import CitationIntegrity
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Document, Exchange, Message
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

NAMED = (
    "Answer only from the documents below and cite them like [doc-id].\n\n"
    "[kettle-001] The warranty lasts 24 months. https://aurora.example/warranty\n"
    "[kettle-003] Limescale is not covered.\n"
    "[kettle-004] It holds 1.7 litres."
)
NUMBERED = (
    "Context:\n[1] The warranty lasts 24 months.\n\n"
    "[2] Limescale is excluded. See https://aurora.example/limescale\n\nQuestion: what?"
)


def evaluate(answer, *, system="", user="What?", check=None, history=(), **fields):
    messages = (Message(role="system", text=system), *history, Message(role="user", text=user))
    exchange = Exchange(messages=messages, choices=(Choice(message=Message(role="assistant", text=answer)),), **fields)
    check = check or CitationIntegrity()
    return check.evaluate(Scan(exchange, PatternPass(check.patterns())))


@pytest.mark.parametrize(
    "answer",
    [
        "24 months [kettle-001].",
        "x [Kettle_001], y [kettle 003]",
        "x [kettle-001, kettle-003]",
        "x 【kettle-001】",
        "See [warranty](https://aurora.example/warranty/).",
        "It lasts (source: kettle-001).",
        "It lasts.\n\nSources:\n- kettle-001\n- kettle-003",
        '{"answer": "24 months", "sources": ["kettle-001"]}',
        "As stated [1].",
    ],
)
def test_a_source_that_was_given_by_name_holds(answer):
    assert evaluate(answer, system=NAMED).label is Label.PASS


@pytest.mark.parametrize(
    "answer",
    [
        "x [kettle-999].",
        "See https://aurora.example/returns for it",
        "It lasts (source: Wikipedia).",
        "It lasts.\n\nSources:\n- kettle-001\n- kettle-007",
        '{"answer": "24 months", "sources": ["kettle-042"]}',
        "As stated [7].",
    ],
)
def test_a_source_that_was_not_given_by_name_fails(answer):
    finding = evaluate(answer, system=NAMED)
    assert finding.label is Label.FAIL
    assert "kettle" not in finding.explanation


@pytest.mark.parametrize(
    "answer",
    [
        "24 months [1].",
        "x [1][2], y [1, 2], z [1-2]",
        "x【2†source】",
        "as promised.²",
        "as promised<sup>2</sup>",
        "Document 2 says so",
        "[Source 2]",
        "[doc-2]",
        "see [^2]",
        "[1](https://aurora.example/limescale)",
        '{"answer": "24 [1]", "citations": [1, 2]}',
        "Sources: [1], [2]",
        "Sources: 1, 2",
    ],
)
def test_a_number_that_a_source_carries_holds(answer):
    assert evaluate(answer, user=NUMBERED).label is Label.PASS


@pytest.mark.parametrize(
    "answer",
    [
        "x [3].",
        "x [1-3]",
        "long【3:0†source】",
        "a warranty³ here",
        "as promised<sup>5</sup>",
        "Document 4 says so",
        "(Source 3)",
        "[doc_3]",
        "see [^3]\n\n[^3]: made up",
        '{"answer": "24 [1]", "citations": [{"id": 3}]}',
        "Sources: 1, 3",
    ],
)
def test_a_number_that_no_source_carries_fails(answer):
    assert evaluate(answer, user=NUMBERED).label is Label.FAIL


@pytest.mark.parametrize(
    "answer",
    [
        "1. one\n2. two\n9. nine",
        "- [x] done\n- [ ] open",
        "Use [optional] and [Your Name]",
        "Use `a[7]` and\n```\nb[9] = 3\n```",
        "It is arr[9] = 4",
        "On [2024-01-05] it began",
        "The list [4, 8, 9] holds",
        "The interval is [0, 9].",
        '{"matrix": [[1, 2], [3, 9]]}',
        "an area of 5 km² and 3 m³",
        "Energy sources: solar, wind",
    ],
)
def test_lists_code_indices_dates_and_boxes_are_no_citations(answer):
    assert evaluate(answer, system=NAMED) is None


def test_the_score_is_the_share_of_citations_that_hold():
    assert evaluate("a [1] b [2] c [3] d [4]", user=NUMBERED).score == 0.5


def test_retrieved_documents_can_be_cited_by_id_and_by_position():
    documents = tuple(Document(text="one two", id=i) for i in ("kettle-001", "kettle-002"))
    assert evaluate("a [1], b [kettle-002]", documents=documents).label is Label.PASS
    assert evaluate("a [3]", documents=documents).label is Label.FAIL
    assert evaluate("a [kettle-010]", documents=documents).label is Label.FAIL


def test_sources_numbered_from_zero_may_be_counted_from_one():
    documents = tuple(Document(text="one two", id=str(i)) for i in range(3))
    assert evaluate("a [1], b [3]", documents=documents).label is Label.PASS
    assert evaluate("a [0], b [3]", documents=documents).label is Label.FAIL


def test_numbers_cited_from_memory_fail_when_nothing_was_given():
    assert evaluate("It is efficient [1] and quick [2].").label is Label.FAIL


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        ("Read https://docs.python.org/3/", {}),
        ("It is so【4:0†source】【4:1†source】", {}),
        ("It is so [1] and so [2].", {"provider": "perplexity"}),
        ("It is so [1] and so [2].", {"system": "You know much. " * 200}),
        ("As I said [1] [2].", {"history": (Message(role="assistant", text="First [1], then [2]."),)}),
        ("Nothing to cite.", {}),
    ],
)
def test_without_context_only_clear_cases_are_judged(answer, fields):
    assert evaluate(answer, **fields) is None


def test_addresses_can_be_left_out():
    check = CitationIntegrity(check_urls=False)
    assert evaluate("See https://aurora.example/returns", system=NAMED, check=check) is None
