"""Which answers are final and how long to wait otherwise: the rules of the OTLP specification for senders, as data."""

import random
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from google.protobuf.message import DecodeError as ProtobufDecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from otel_evals.forward.answer import Verdict
from otel_evals.forward.settings import RetrySettings

GRPC_VERDICTS: Final = {
    "OK": Verdict.DELIVERED,
    "CANCELLED": Verdict.RETRY,
    "DEADLINE_EXCEEDED": Verdict.RETRY,
    "ABORTED": Verdict.RETRY,
    "OUT_OF_RANGE": Verdict.RETRY,
    "UNAVAILABLE": Verdict.RETRY,
    "DATA_LOSS": Verdict.RETRY,
    "UNAUTHENTICATED": Verdict.DENIED,
    "PERMISSION_DENIED": Verdict.DENIED,
    "UNIMPLEMENTED": Verdict.UNSUPPORTED,
}
"""Every code that is not here is REFUSED, RESOURCE_EXHAUSTED is decided by `grpc_verdict`."""

HTTP_VERDICTS: Final = {
    429: Verdict.RETRY,
    502: Verdict.RETRY,
    503: Verdict.RETRY,
    504: Verdict.RETRY,
    413: Verdict.TOO_LARGE,
    401: Verdict.DENIED,
    403: Verdict.DENIED,
    407: Verdict.DENIED,
    404: Verdict.UNSUPPORTED,
    405: Verdict.UNSUPPORTED,
    415: Verdict.UNSUPPORTED,
}
"""2xx is DELIVERED, 3xx UNSUPPORTED (redirects are not followed), every other status REFUSED."""

RETRY_AFTER_CAP: Final = 300.0
"""Seconds that a next hop can make us wait at most."""

_ABOUT_SIZE: Final = re.compile(
    r"larger than|too large|exceeds? (?:the )?max|max(?:imum)? (?:message )?size", re.IGNORECASE
)
_LIKELY_SIZE: Final = 1 << 20
_LOCAL_CUTS: Final = ("Received RST_STREAM", "Stream removed", "Connection reset", "Socket closed")
"""How the gRPC library words a cut connection under a code that a server could have sent as well."""


def grpc_verdict(code: str, details: str, *, body_bytes: int, has_retry_info: bool) -> Verdict:
    """What a gRPC status means for a request of `body_bytes`."""
    if code == "RESOURCE_EXHAUSTED":
        if has_retry_info:
            return Verdict.RETRY
        return Verdict.TOO_LARGE if _ABOUT_SIZE.search(details) or body_bytes > _LIKELY_SIZE else Verdict.REFUSED
    if code in {"INTERNAL", "UNKNOWN"} and details.startswith(_LOCAL_CUTS):
        return Verdict.RETRY
    return GRPC_VERDICTS.get(code, Verdict.REFUSED)


def http_verdict(status: int) -> Verdict:
    """What an HTTP status means."""
    if 200 <= status < 300:
        return Verdict.DELIVERED
    if 300 <= status < 400:
        return Verdict.UNSUPPORTED
    return HTTP_VERDICTS.get(status, Verdict.REFUSED)


def retry_info(status_details: bytes) -> float | None:
    """Seconds of the RetryInfo in an encoded `google.rpc.Status` (`grpc-status-details-bin`), None without one."""
    try:
        for detail in Status.FromString(status_details).details:
            info = RetryInfo()
            if detail.Unpack(info):
                return _capped(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    except ProtobufDecodeError:
        return None
    return None


def retry_after(header: str, now_ns: int) -> float | None:
    """Seconds of a `Retry-After` header, which holds seconds or a date; None when it holds neither."""
    header = header.strip()
    if header.isascii() and header.isdigit():
        return _capped(float(header[:9]))
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return _capped(date.timestamp() - now_ns / 1e9)


def pause(settings: RetrySettings, tries: int, asked: float | None, rng: random.Random) -> float:
    """Seconds to wait after `tries` (≥ 1) failed tries: grows, is capped, partly random, never less than `asked`."""
    full = min(settings.max, settings.initial * settings.multiplier ** min(tries - 1, 64))
    return max(full * (1 - settings.jitter * rng.random()), asked or 0.0)


def _capped(seconds: float) -> float:
    return min(max(seconds, 0.0), RETRY_AFTER_CAP)
