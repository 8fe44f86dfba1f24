"""How much of an answer stands in its context, whichever way the context is looked up."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.text.overlap import Vocabulary, overlap, vocabulary
from otel_evals.text.tokens import words

CONTEXT = "The warranty covers two years. Repairs in the first year are free, batteries excluded."
ANSWERS = [
    "The warranty covers two years.",
    "Years two covers warranty the.",
    "Repaired batteries never exploded.",
    "Purple elephants sing loudly tonight.",
    "Free.",
]
TEXTS = st.lists(st.sampled_from("the jar jars holds two litres not of red water".split()), max_size=12)  # noqa: SIM905 - a list of words


def measure(answer: str, context: Vocabulary):
    return overlap(answer, words(answer.lower()), context)


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_context_that_comes_again_measures_as_it_did_at_first(answer):
    context = f"{CONTEXT} For the test with: {answer[::-1]}"
    assert measure(answer, vocabulary(context)) == measure(answer, vocabulary(context))


@given(answer=TEXTS, context=TEXTS)
def test_pairs_kept_as_a_set_and_pairs_looked_up_once_agree_on_the_longest_stray(answer, context):
    text = " ".join(context)
    once, often = Vocabulary(text), Vocabulary(text, kept=True)
    familiar = {*pairwise(context)}
    longest = run = 0
    for pair in pairwise(answer):
        run = 0 if pair in familiar else run + 1
        longest = max(longest, run)
    assert once.longest_stray(answer) == often.longest_stray(answer) == longest


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
