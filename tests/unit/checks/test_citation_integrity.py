"""What is a citation, and whether its source was given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.checks.citation_integrity import CitationIntegrity
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Document, Exchange, Message
from otel_evals.text.citation_marks import BESIDES
from otel_evals.text.citations import citations, labelled, plain_labels
from otel_evals.text.patterns import PatternPass, Target
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


FILES = {"documents": tuple(Document(text="one two", id=name) for name in ("a.pdf", "b.pdf"))}
XML = {
    "user": "<documents>\n<document index='1'>\n<source>a.pdf</source>\n<content>\nOne.\n</content>\n</document>\n"
    "<document index='2'>\n<source>b.pdf</source>\n<content>\nTwo.\n</content>\n</document>\n</documents>\n\n"
    "Question: what?"
}
PLAIN_NUMBERED = {"user": "Context:\n[1] It lasts.\n\n[2] Limescale.\n\nQuestion: what?"}


@pytest.mark.parametrize("answer", ["[7, 8]", "[[1, 2], [7, 9]]", '["a [", 9]', '[{"a": [4, 9]}]'])
def test_a_whole_answer_in_json_cites_only_in_its_fields_for_sources(answer):
    assert evaluate(answer, user=NUMBERED, output_type="json") is None
    assert evaluate('[{"sources": [1, 9]}]', user=NUMBERED).label is Label.FAIL


@pytest.mark.parametrize(
    "answer",
    [
        'The body is {"a":[4,5,6]} [1]',
        "x = arr[7]; use [1].",
        "print(items[10]) [1]",
        "Matrix [[1, 2], [3, 4]] [1]",
        "Matrix [\n  [1, 2],\n  [3, 4]\n] [1]",
        "As said [[1]](https://aurora.example/limescale).",
    ],
)
def test_values_and_indices_beside_a_citation_are_none(answer):
    finding = evaluate(answer, user=NUMBERED)
    assert finding.label is Label.PASS


@pytest.mark.parametrize("answer", ["an efficiency[9]", 'so {"sources": [1, 9]}', "so [[9]] and [1]"])
def test_a_citation_may_stand_close_to_a_word_and_in_a_field(answer):
    assert evaluate(answer, user=NUMBERED).label is Label.FAIL


def test_numbers_are_values_where_the_answer_cites_by_name():
    assert evaluate("Levels [0] to [9] and [7-8] months [kettle-001].", system=NAMED).label is Label.PASS
    assert evaluate("Levels [9], 24 months [kettle-999].", system=NAMED).score == 0


@pytest.mark.parametrize("label", ["kettle-001\u2013003", "kettle-001-003", "kettle-001\u2013kettle-004"])
def test_a_range_of_ids_holds_when_both_of_its_ends_were_given(label):
    assert evaluate(f"x [{label}]", system=NAMED).label is Label.PASS


def test_a_range_of_ids_that_runs_beyond_the_sources_fails():
    assert evaluate("x [kettle-001\u2013009]", system=NAMED).label is Label.FAIL


def test_a_linked_number_is_weighed_as_a_number_and_its_address_only_against_given_ones():
    assert evaluate("x [1](https://example.com)", **PLAIN_NUMBERED).label is Label.PASS
    assert evaluate("x [9](https://example.com)", **PLAIN_NUMBERED).score == 0
    assert evaluate("x [1](https://example.com)", user=NUMBERED).score == 0.5
    without = CitationIntegrity(check_urls=False)
    assert evaluate("x [9](https://example.com)", user=NUMBERED, check=without).label is Label.FAIL


@pytest.mark.parametrize("mark", ["[doc: kettle-{}]", "[source kettle-{}]", "(kettle-{})", "(source: kettle-{})"])
def test_an_id_may_follow_its_kind_or_stand_in_parentheses(mark):
    assert evaluate(f"24 months {mark.format('001')}.", system=NAMED).label is Label.PASS
    assert evaluate(f"24 months {mark.format('999')}.", system=NAMED).label is Label.FAIL


@pytest.mark.parametrize(
    "answer", ["a virus (COVID-19)", "a kettle (e.g. new)", "either (and/or)", "24 months (approx)"]
)
def test_other_words_in_parentheses_are_no_citations(answer):
    assert evaluate(answer, system=NAMED) is None


@pytest.mark.parametrize("given", [FILES, XML], ids=["documents", "xml"])
def test_files_are_cited_by_their_names(given):
    assert evaluate("x [a.pdf], y (b.pdf)", **given).label is Label.PASS
    assert evaluate("x [c.pdf]", **given).label is Label.FAIL


def test_a_bracketed_word_is_no_id_because_the_known_ids_have_no_digits_either():
    assert evaluate("Use [optional] or [follow-up]", **FILES) is None


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "hostile",
    ["[[1, 2]" + " " * 60_000, "[[" + "1," * 30_000, "[[1]," * 12_000, "(" + "a-" * 30_000, "[a" + "-1" * 30_000],
)
def test_no_answer_and_no_document_makes_the_search_slow(hostile):
    documents = (Document(text=f"<source>{' ' * 60_000}", id="kettle-001"),)
    assert evaluate(f"[kettle-999] {hostile}", documents=documents).label is Label.FAIL
    assert evaluate(f'{{"sources": ["{hostile}", "kettle-999"]}}', documents=documents).label is Label.FAIL


PIECES = st.sampled_from([
    "lasting[1]", "so.[2]", "nums[3]", "xs", "is[1]", "f(", "call(name", "[2]", "\n[3] ", "  [1]", "=", "; ", "?",
    "__", "\u00e9",
    "It lasts [1].", "x [2] ", "Use [12]", " [kettle-001]", "[1]", "[", "]", "[a.pdf]", "[v1.2]", "[doc.1]",
    " [doc.1-2]",
    " ", "\n", "word", "a", "_", "= ", "\u2208 ", ": ", "'a': ", "/ 2", "(", ")", ".join(", " .x(", "==", "<b>", "`",
    "~~~",
    "{", "!", "^", " \u30102\u3011", "\u00b2", "clause.\u2074", "<sup>3</sup>", "https://a.example/b ",
    "(source: kettle-001)", "( Source : x)", "(doc-2 ,a.b-c)", "(\u00fcber-12)", "(see passage 3)", "Document 2",
    "Source #4",
    "\nSources: x, Y z\n", "\n- **Quellen** :", "arr", "list", '{"a": ', '"}', "1, 2",
])  # fmt: skip


PATTERNS = PatternPass(CitationIntegrity().patterns())


def plain(answer):
    return [] if BESIDES in PATTERNS.match(Target.ANSWER, answer) else plain_labels(answer)


@given(st.lists(PIECES, max_size=9).map("".join))
def test_brackets_that_are_told_without_parsing_are_what_the_parser_finds(answer):
    labels = plain(answer)
    assert not labels or labelled(labels) == citations(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "x = [1]", "x \u2208 [1] y", "so 'a': [1] y", "see a[1]", "use [1] + 2", "so [1].append(2)", "so [1] .pop()",
        "to [1](https://a.example)", "`x [1]`", "~~~\nx [1]\n~~~", '{"a": "x [1]"}', "as [1] and [^2]",
        "x [1], \u30109\u3011",
        "x [1], said.\u2079", "x [1] y<sup>9</sup>", "x [1] (source: y)", "x [1] ( Sources : y)", "x [1], (a-b-9)",
        "x [1], (\u00fcber-12)", "x [1], (see doc 9)", "x [1]. Document 9", "x [1].\nSources:\n- Y z",
        "x [1] https://a.example",
        "nums[1]", "the idx[1]", "so f(word[1])", "x = word[1]", "call(a, word [1])", "is[1]",
        "\u00e9\u00e9\u00e9[1]", "x =\n[1]",
        "x [1, 2]", "x [doc.1]", "x [doc 1]", "x [1] and [see below]", "x [2024]", "no mark",
    ],
)  # fmt: skip
def test_what_may_be_more_or_less_than_a_plain_bracket_is_parsed(answer):
    assert plain(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "lasting[1]. So.[2]",
        "x  [1]\n\n[2] y\n[3]",
        "x [1].",
        "x [1][2], y [kettle-001]",
        "x (so) [1]; y: z [a.pdf]",
        "\u00fcber [2]\u3002",
    ],
)
def test_plain_brackets_are_told_without_parsing(answer):
    assert plain(answer)
    assert labelled(plain(answer)) == citations(answer)


def test_a_plain_bracket_is_weighed_like_any_other():
    documents = tuple(Document(text="one two", id=i) for i in ("1", "kettle-002"))
    assert evaluate("a [1], b [kettle-002].", documents=documents).label is Label.PASS
    assert evaluate("a [1], b [kettle-003].", documents=documents).score == 0.5
    assert evaluate("a [1], b [7] [1].", documents=documents).score == pytest.approx(2 / 3)
    assert evaluate("a [1], b [optional].", documents=documents).label is Label.PASS
    assert evaluate("b [optional].", documents=documents) is None
