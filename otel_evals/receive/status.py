"""The one table from an error to what the sender is told, over gRPC and over HTTP.

Two rules of OTLP stand behind it: a sender must see at once whether a retry can ever help, and every HTTP refusal
carries a protobuf `Status`, in JSON when the request was JSON. No answer says INTERNAL, UNKNOWN or any 5xx but 503:
what we failed at ourselves is worth a retry.
"""

from http import HTTPStatus
from typing import Final

import grpc
import msgspec

from otel_evals.receive.compression import UnsupportedEncoding
from otel_evals.records.errors import DecodeError, Refused, TooLarge, Unauthenticated, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_MAX_MESSAGE: Final = 1024
_RETRY_INFO: Final = b"type.googleapis.com/google.rpc.RetryInfo"
_REJECTED_KEY: Final = {
    Signal.TRACES: "rejectedSpans",
    Signal.LOGS: "rejectedLogRecords",
    Signal.METRICS: "rejectedDataPoints",
}


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What a sender is told instead of a good answer."""

    reason: str
    """Short name for counters: undecodable, too_large, unavailable, …"""
    grpc_code: grpc.StatusCode
    http_status: HTTPStatus
    message: str = ""
    retry_after: float | None = None
    """Seconds, only where a retry can help."""
    headers: tuple[tuple[str, str], ...] = ()
    """Further HTTP headers of the answer."""


class HttpRefusal(Exception):  # noqa: N818 - it is an answer on its way, not a fault
    """Raised inside the HTTP door to end a request with `refusal`."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


_G, _H = grpc.StatusCode, HTTPStatus
_TABLE: Final[tuple[tuple[type[BaseException], tuple[str, grpc.StatusCode, HTTPStatus]], ...]] = (
    (DecodeError, ("undecodable", _G.INVALID_ARGUMENT, _H.BAD_REQUEST)),
    (TooLarge, ("too_large", _G.RESOURCE_EXHAUSTED, _H.REQUEST_ENTITY_TOO_LARGE)),
    (Unavailable, ("unavailable", _G.UNAVAILABLE, _H.SERVICE_UNAVAILABLE)),
    (Unauthenticated, ("unauthenticated", _G.UNAUTHENTICATED, _H.UNAUTHORIZED)),
    (UnsupportedEncoding, ("unsupported_encoding", _G.UNIMPLEMENTED, _H.UNSUPPORTED_MEDIA_TYPE)),
    (Refused, ("refused_downstream", _G.INVALID_ARGUMENT, _H.BAD_REQUEST)),
    (TimeoutError, ("timeout", _G.UNAVAILABLE, _H.SERVICE_UNAVAILABLE)),
)
_UNFORESEEN: Final = ("failed", _G.UNAVAILABLE, _H.SERVICE_UNAVAILABLE)


def refusal_of(error: BaseException) -> Refusal:
    """What to tell the sender whose request ended in `error`. An error that nobody foresaw is worth a retry."""
    if isinstance(error, HttpRefusal):
        return error.refusal
    row = next((row for kind, row in _TABLE if isinstance(error, kind)), _UNFORESEEN)
    reason, grpc_code, http_status = row
    retry_after = getattr(error, "retry_after", None)
    if grpc_code is _G.UNAVAILABLE and retry_after is None:
        retry_after = 1.0
    message = str(error) if reason not in {"failed", "timeout"} else f"cannot take this now: {reason}"
    headers = (("www-authenticate", "Bearer"),) if http_status == _H.UNAUTHORIZED else ()
    return Refusal(
        reason=reason,
        grpc_code=grpc_code,
        http_status=http_status,
        message=message[:_MAX_MESSAGE],
        retry_after=retry_after,
        headers=headers,
    )


def encode_status(refusal: Refusal) -> bytes:
    """The refusal as an encoded `google.rpc.Status`, with RetryInfo when a retry can help."""
    code: int = refusal.grpc_code.value[0]
    status = _number(1, code) + _bytes(2, refusal.message.encode("utf-8", "replace"))
    if refusal.retry_after is not None:
        seconds, nanos = divmod(round(refusal.retry_after * 1e9), 10**9)
        retry_info = _bytes(1, _number(1, seconds) + _number(2, nanos))
        status += _bytes(3, _bytes(1, _RETRY_INFO) + _bytes(2, retry_info))
    return status


def encode_status_json(refusal: Refusal) -> bytes:
    """The refusal as `google.rpc.Status` in JSON."""
    return msgspec.json.encode({"code": refusal.grpc_code.value[0], "message": refusal.message})


def encode_accepted(accepted: Accepted) -> bytes:
    """The encoded Export response of any signal. Empty for a full success, as OTLP demands."""
    if not accepted.rejected and not accepted.message:
        return b""
    return _bytes(1, _number(1, accepted.rejected) + _bytes(2, accepted.message.encode("utf-8", "replace")))


def encode_accepted_json(signal: Signal, accepted: Accepted) -> bytes:
    """The Export response of `signal` in JSON; a 64-bit count is a string there."""
    if not accepted.rejected and not accepted.message:
        return b"{}"
    partial = {"errorMessage": accepted.message}
    if accepted.rejected:
        partial[_REJECTED_KEY[signal]] = str(accepted.rejected)
    return msgspec.json.encode({"partialSuccess": partial})


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _number(field: int, number: int) -> bytes:
    return bytes((field << 3,)) + _varint(number) if number else b""


def _bytes(field: int, payload: bytes) -> bytes:
    return bytes((field << 3 | 2,)) + _varint(len(payload)) + payload
