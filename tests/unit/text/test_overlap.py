"""How much of an answer stands in its context, whichever way the context is looked up."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.text.overlap import Vocabulary, overlap
from otel_evals.text.tokens import words

CONTEXT = "The warranty covers two years. Repairs in the first year are free, batteries excluded."
TEXTS = st.lists(st.sampled_from("the jar jars holds two litres not of red water".split()), max_size=12)  # noqa: SIM905 - a list of words
QUOTABLE = [
    "the jar holds 2.5 litres",
    "a red jar, of water",
    "of water",
    "don't wash it - ever",
    "it is well-known",
    "holds 2",
    "litres",
    "-",
    "",
]
PARTS = st.lists(st.tuples(st.sampled_from(QUOTABLE), st.sampled_from([". ", ".\n", " ", "-", "'", ", "])), max_size=6)


def measure(answer: str, context: Vocabulary):
    folded = answer.lower()
    return overlap(answer, folded, words(folded), context)


def longest_stray(answer: list[str], context: list[str]) -> int:
    familiar = {*pairwise(context)}
    longest = run = 0
    for pair in pairwise(answer):
        run = 0 if pair in familiar else run + 1
        longest = max(longest, run)
    return longest


@given(answer=TEXTS, context=TEXTS)
def test_the_longest_stray_is_the_longest_run_of_neighbours_that_the_context_does_not_have(answer, context):
    assert Vocabulary(" ".join(context)).longest_stray(answer) == longest_stray(answer, context)


@given(answer=PARTS, context=PARTS)
def test_quotes_are_measured_as_the_words_of_any_answer_are(answer, context):
    said, given_text = ("".join(text for part in parts for text in part) for parts in (answer, context))
    at_a_glance = Vocabulary(given_text).longest_stray_of_quotes(said)
    if at_a_glance is not None:
        assert at_a_glance == longest_stray(words(said), words(given_text))
        assert {*words(said)} <= {*words(given_text)}


@pytest.mark.parametrize(
    ("answer", "stray"),
    [
        ("the warranty covers two years.", 0),
        ("covers two years", 0),
        ("repairs in the first year are free. the warranty covers two years.", 1),
        ("the warranty covers two years. repairs in the first year are free", None),  # familiar to each other
        ("the warranty covers two years\n\nrepairs in the first year are free", None),
        ("the warranty covers two year", None),  # ends within a word
        ("anty covers two years", None),
        ("the warranty covers two years. repairs", None),  # a sentence of one word has two strange neighbours
        ("the warranty covers three years", None),
        ("the warranty covers two years \u2013 repairs", None),
        ("", None),
        (" . ", None),
    ],
)
def test_quotes_are_seen_where_sentences_stand_in_the_context_as_they_are(answer, stray):
    assert Vocabulary(CONTEXT).longest_stray_of_quotes(answer) == stray


@pytest.mark.parametrize("context", ["Use the re-used jar lid's edge", "the used jar lid", "used jar lid-top"])
def test_a_quote_within_a_longer_word_is_none(context):
    assert (Vocabulary(context).longest_stray_of_quotes("used jar lid") == 0) == (context == "the used jar lid")


def test_a_negation_that_only_the_answer_has_is_seen_where_its_words_are_quoted():
    assert measure("Batteries excluded (don't ask)", Vocabulary("Batteries excluded don t ask")).negation_added


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ("It covered repairing a battery", 1),
        ("It covers repairs", 0),
        ("A first-year repair", 0),
        ("A first-decade repair", 1),
    ],
)
def test_a_word_in_another_form_is_no_missing_word(answer, missing):
    assert measure(answer, Vocabulary(CONTEXT)).missing == missing


def test_an_answer_of_stop_words_alone_has_no_measures():
    assert measure("It is that.", Vocabulary(CONTEXT)) is None
