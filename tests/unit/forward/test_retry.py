"""The rules for senders: pauses and what a next hop may ask for."""

import random
from email.utils import formatdate

import pytest
from google.protobuf.any_pb2 import Any
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.forward.answer import Verdict
from otel_evals.forward.retry import RETRY_AFTER_CAP, grpc_verdict, http_verdict, pause, retry_after, retry_info
from otel_evals.forward.settings import RetrySettings
from otel_evals.records.units import Duration

NOW = 1_800_000_000
SETTINGS = RetrySettings(initial=Duration(1), max=Duration(10), multiplier=2, jitter=0.5)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5), (" 7 ", 7), ("0", 0), ("99999999999999999999", RETRY_AFTER_CAP),
        (formatdate(NOW + 30, usegmt=True), 30), (formatdate(NOW - 30, usegmt=True), 0),
        (formatdate(NOW + 10**6, usegmt=True), RETRY_AFTER_CAP),
        ("soon", None), ("", None), ("-5", None), ("1.5", None), ("٣", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_and_capped(header, seconds):
    assert retry_after(header, NOW * 10**9) == seconds


@given(st.text(max_size=40))
def test_no_header_breaks_the_reader(header):
    asked = retry_after(header, NOW * 10**9)
    assert asked is None or 0 <= asked <= RETRY_AFTER_CAP


@given(st.binary(max_size=60))
def test_no_status_detail_breaks_the_reader(noise):
    asked = retry_info(noise)
    assert asked is None or 0 <= asked <= RETRY_AFTER_CAP


@pytest.mark.parametrize(("nanoseconds", "seconds"), [(1_500_000_000, 1.5), (-1, 0), (10**15, RETRY_AFTER_CAP)])
def test_retry_info_is_read_and_capped(nanoseconds, seconds):
    info, detail = RetryInfo(), Any()
    info.retry_delay.FromNanoseconds(nanoseconds)
    detail.Pack(info)
    assert retry_info(Status(details=[Any(type_url="other"), detail]).SerializeToString()) == seconds


@given(st.integers(1, 10_000), st.integers(0, 2**32))
def test_a_pause_grows_up_to_its_cap_with_a_random_part(tries, seed):
    rng = random.Random(seed)  # noqa: S311 - pauses, not secrets
    full = min(10, 2.0 ** min(tries - 1, 60))
    assert full / 2 <= pause(SETTINGS, tries, None, rng) <= full
    assert pause(SETTINGS, tries, 42.0, rng) == 42.0


def test_pauses_differ_between_senders():
    assert len({pause(SETTINGS, 5, None, random.Random(n)) for n in range(20)}) == 20  # noqa: S311 - pauses


@pytest.mark.parametrize(
    ("code", "details", "size", "info", "verdict"),
    [
        ("RESOURCE_EXHAUSTED", "quota", 100, True, Verdict.RETRY),
        ("RESOURCE_EXHAUSTED", "quota", 100, False, Verdict.REFUSED),
        ("RESOURCE_EXHAUSTED", "grpc: received message larger than max (5 vs. 4)", 100, False, Verdict.TOO_LARGE),
        ("RESOURCE_EXHAUSTED", "CLIENT: Sent message larger than max", 100, False, Verdict.TOO_LARGE),
        ("RESOURCE_EXHAUSTED", "gRPC message exceeds maximum size 4194304: 5", 100, False, Verdict.TOO_LARGE),
        ("RESOURCE_EXHAUSTED", "", 5 << 20, False, Verdict.TOO_LARGE),
        ("INTERNAL", "Received RST_STREAM with error code 2", 100, False, Verdict.RETRY),
        ("INTERNAL", "the server's own words", 100, False, Verdict.REFUSED),
        ("A_CODE_OF_THE_FUTURE", "", 100, False, Verdict.REFUSED),
    ],
)
def test_a_grpc_status_that_has_two_meanings(code, details, size, info, verdict):
    assert grpc_verdict(code, details, body_bytes=size, has_retry_info=info) is verdict


def test_every_http_status_has_a_verdict_and_only_four_are_retried():
    verdicts = {status: http_verdict(status) for status in range(200, 600)}
    assert [s for s, v in verdicts.items() if v is Verdict.RETRY] == [429, 502, 503, 504]
    assert [s for s, v in verdicts.items() if v is Verdict.DELIVERED] == list(range(200, 300))
    assert [s for s, v in verdicts.items() if v is Verdict.TOO_LARGE] == [413]
