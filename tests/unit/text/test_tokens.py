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


def test_folding_evens_out_quotes_hyphens_and_spaces_and_drops_what_has_no_width():
    assert fold("\u201cDON\u2019T\u201d\u00a0re\u2010read\u200b \u00abIT\u00bb\u00ad") == '"don\'t" re-read "it"'
