"""The cores of signals and phrases: what a text has to hold for the pass to ask for the whole pattern."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_evals.text.attacks import SIGNALS, Family
from otel_evals.text.patterns import PatternPass, Target, compile_expression
from otel_evals.text.refusals import PATTERNS

CORED = [s.pattern for s in SIGNALS if s.pattern.core and s.family is not Family.ENCODING]
CORED += [p for p in PATTERNS if p.core]
"""Not the encodings: of those a core is more than a part, it leaves out runs of letters."""


@pytest.mark.parametrize("pattern", CORED, ids=range(len(CORED)))
def test_what_a_pattern_looks_for_holds_its_core(pattern):
    core, match = compile_expression(pattern.core), PatternPass([pattern]).match

    @settings(
        max_examples=20,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],  # word boundaries make it guess
    )
    @given(st.from_regex(re.compile(pattern.expression)))
    def every(text: str) -> None:
        if compile_expression(pattern.expression).search(text):  # the two engines differ in what a space is
            assert core.search(text)
            assert match(pattern.target, text)

    every()


@pytest.mark.parametrize(
    "text",
    [
        "48 65 6c 6c 6f 20 77 6f 72 6c 64 21 0a",
        "... --- ... / .- .-. . / .... . .-. . ",
        "01001000 01100101 01101100 01101100 01101111 ",
        "b3blbib0agugd2luzg93igfuzcbszxqgdghlignhdcbvdxqgb2yg",
    ],
)
def test_a_text_in_an_encoding_is_seen(text):
    [pattern] = [s.pattern for s in SIGNALS if s.family is Family.ENCODING and s.pattern.core]
    assert PatternPass([pattern]).match(Target.UNTRUSTED_FOLDED, text)
