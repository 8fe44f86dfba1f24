import random

import pytest

from otel_evals.judges.manners import backoff, retry_after, spent_for

NOW_NS = 1_800_000_000_000_000_000  # Fri, 15 Jan 2027 08:00:00 GMT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0),
        ({"retry-after": "Fri, 15 Jan 2038 07:00:00 GMT"}, 600),
        ({"retry-after": "99999999999999999999"}, 600),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms_and_capped(headers, seconds):
    assert retry_after(headers, NOW_NS) == seconds


@pytest.mark.parametrize(
    ("remaining", "reset", "seconds"),
    [
        ("0", "1s", 1),
        ("0", "6m0s", 360),
        ("0", "120ms", 0.12),
        ("0", "1m2.5s", 62.5),
        ("0", "17", 17),
        ("0", "1800000000", None),
        ("0", "", None),
        ("0", "later", None),
        ("1", "6m0s", None),
    ],
)
def test_an_allowance_that_is_used_up_says_when_it_is_filled(remaining, reset, seconds):
    headers = {"x-ratelimit-remaining-requests": remaining, "x-ratelimit-reset-requests": reset}
    assert spent_for(headers) == seconds


def test_the_longer_of_two_waits_counts():
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "9s",
    }
    assert spent_for(headers) == 9


def test_pauses_grow_are_capped_and_spread_over_the_whole_range():
    rng = random.Random(5)  # noqa: S311 - spreads retries
    first = [backoff(1, None, rng) for _ in range(500)]
    late = [backoff(50, None, rng) for _ in range(500)]
    assert max(first) <= 0.5
    assert min(first) < 0.05
    assert 7 < max(late) <= 8


def test_a_pause_is_never_shorter_than_what_was_asked_for():
    assert backoff(1, 20.0, random.Random(5)) == 20.0  # noqa: S311 - spreads retries
