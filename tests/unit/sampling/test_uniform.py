"""The number of a trace: reproducible elsewhere, even, and independent from phase to phase."""

import hashlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.sampling.uniform import uniform, uniforms

TRACE = bytes.fromhex("0123456789abcdef0123456789abcdef")
TRACES = [hashlib.md5(str(n).encode(), usedforsecurity=False).digest() for n in range(20_000)]
"""Fixed ids, as random as those of tracers."""
SEQUENTIAL = [n.to_bytes(16, "big") for n in range(20_000)]
"""Ids of a tracer that counts."""


def chi_squared(counts: list[int], expected: float) -> float:
    return sum((count - expected) ** 2 / expected for count in counts)


def upper_bound(degrees: int) -> float:
    """Wilson-Hilferty: what chi-squared exceeds once in 30 000 times."""
    return degrees * (1 - 2 / (9 * degrees) + 4 * math.sqrt(2 / (9 * degrees))) ** 3


def test_the_golden_vector_holds() -> None:
    assert uniform(TRACE, "otel-evals") == 5119472094777569 / 2**53
    assert uniform(TRACE, "otel-evals", "human") == 1310473265821001 / 2**53


def test_the_documented_definition_is_the_one_that_runs() -> None:
    digest = hashlib.sha256("sälz".encode() + b"\0judge\0" + TRACE).digest()
    assert uniform(TRACE, "sälz") == (int.from_bytes(digest[:8], "big") >> 11) / 2**53


@given(st.binary(min_size=16, max_size=16), st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_every_number_is_at_least_0_and_below_1(trace_id: bytes, salt: str) -> None:
    assert 0.0 <= uniform(trace_id, salt) < 1.0


@pytest.mark.parametrize("traces", [TRACES, SEQUENTIAL], ids=["random ids", "counted ids"])
def test_numbers_are_spread_evenly(traces: list[bytes]) -> None:
    number, counts = uniforms("otel-evals"), [0] * 100
    for trace_id in traces:
        counts[int(number(trace_id) * 100)] += 1
    assert chi_squared(counts, len(traces) / 100) < upper_bound(99)


@pytest.mark.parametrize(
    ("first", "second"),
    [(("s", "judge"), ("s", "human")), (("s", "judge"), ("t", "judge"))],
    ids=["phases", "salts"],
)
def test_phases_and_salts_are_independent(first: tuple[str, str], second: tuple[str, str]) -> None:
    one, other, counts = uniforms(*first), uniforms(*second), [0] * 100
    for trace_id in TRACES:
        counts[int(one(trace_id) * 10) * 10 + int(other(trace_id) * 10)] += 1
    assert chi_squared(counts, len(TRACES) / 100) < upper_bound(99)


def test_salt_and_phase_cannot_be_shifted_into_each_other() -> None:
    assert uniform(TRACE, "ab", "c") != uniform(TRACE, "a", "bc")
    with pytest.raises(ValueError, match="NUL"):
        uniform(TRACE, "a\0b")
    with pytest.raises(ValueError, match="NUL"):
        uniform(TRACE, "a", "b\0")
