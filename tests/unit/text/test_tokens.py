"""Words, and the folding before them: quick ways that must say what the plain ones say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.text.fold import fold
from otel_evals.text.tokens import words

_PLAIN = re.compile(r"[^\W_]+(?:['\-][^\W_]+)*")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't re-read it", ["don't", "re-read", "it"]),
        ("'so' -- it's 'a-b'-", ["so", "it's", "a-b"]),
        ("a--b a'-c d-'e", ["a", "b", "a", "c", "d", "e"]),
        ("snake_case 3.5 x", ["snake", "case", "3", "5", "x"]),
        ("das war's \u2013 größer", ["das", "war's", "größer"]),
        ("", []),
    ],
)
def test_hyphens_and_apostrophes_join_only_inside_a_word(text: str, expected: list[str]):
    assert words(text) == expected


@given(st.text(alphabet="ab1'-_ .,\n", max_size=20))
def test_plain_texts_are_cut_as_the_expression_cuts_them(text: str):
    assert words(text) == _PLAIN.findall(text)


@given(
    st.lists(
        st.sampled_from(["plain words of it ", "it's ", "re-read ", "-", "'", "_", "caf\u00e9", "\u2013", "\u2003"])
    )
)
def test_texts_with_a_few_other_characters_or_marks_are_cut_as_the_expression_cuts_them(parts: list[str]):
    text = "".join(parts) + "and some more words in plain English behind them, so that marks are few. " * 3
    assert words(text) == _PLAIN.findall(text)


@given(st.text(alphabet="ab-'_ \u00e9\u0436\u4e2d\u0663\u0301\u2013\u00b2\ud800", max_size=30))
def test_texts_with_many_other_characters_are_cut_as_the_expression_cuts_them(text: str):
    assert words(text) == _PLAIN.findall(text)


def test_folding_evens_out_quotes_hyphens_and_spaces_and_drops_what_has_no_width():
    assert fold("\u201cDON\u2019T\u201d\u00a0re\u2010read\u200b \u00abIT\u00bb\u00ad") == '"don\'t" re-read "it"'
