"""Judging the head of a request before its body is read: framing that must have one reading only.

`httptools` (llhttp in strict mode) already refuses bare line feeds, folded headers, NUL, both or differing lengths and
bad chunk sizes. Here is what it leaves to its caller: fields that must not repeat, transfer codings other than
`chunked`, versions, a missing Host (RFC 9112 §3.2, §6.1, §11.2).
"""

from http import HTTPStatus
from typing import Final

import grpc
import httptools

from otel_evals.receive.http_message import Head
from otel_evals.receive.status import HttpRefusal, Refusal

_SINGLE: Final = frozenset({
    b"host", b"content-length", b"content-type", b"content-encoding", b"transfer-encoding", b"authorization",
    b"expect", b"origin",
})  # fmt: skip
"""Header fields whose repetition could be read in two ways."""


def malformed(message: str) -> Refusal:
    """The answer to bytes that are not one clear HTTP request; the connection ends with it."""
    return Refusal(
        reason="malformed_http",
        grpc_code=grpc.StatusCode.INVALID_ARGUMENT,
        http_status=HTTPStatus.BAD_REQUEST,
        message=message,
    )


def head_too_large() -> Refusal:
    """The answer to too many or too long header fields; the connection ends with it."""
    return Refusal(
        reason="head_too_large",
        grpc_code=grpc.StatusCode.INVALID_ARGUMENT,
        http_status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        message="the request's head is too large",
    )


def too_slow() -> Refusal:
    """The answer to a request that did not arrive in time; the connection ends with it."""
    return Refusal(
        reason="too_slow",
        grpc_code=grpc.StatusCode.UNAVAILABLE,
        http_status=HTTPStatus.REQUEST_TIMEOUT,
        message="the request did not arrive in time",
    )


def join_fields(fields: list[tuple[bytes, bytes]], max_count: int, max_bytes: int) -> dict[bytes, bytes]:
    """The header fields by lower-case name. Raises HttpRefusal: too many, too long, or one repeats that must not."""
    headers: dict[bytes, bytes] = {}
    size = 0
    for name, value in fields:
        size += len(name) + len(value) + 4
        name = name.lower()  # noqa: PLW2901 - the one name that counts from here on
        if name in headers:
            if name in _SINGLE:
                raise HttpRefusal(malformed("a header field repeats that must not"))
            value = headers[name] + b", " + value  # noqa: PLW2901
        headers[name] = value
    if len(fields) > max_count or size > max_bytes:
        raise HttpRefusal(head_too_large())
    return headers


def parse_head(method: str, url: bytes, version: str, headers: dict[bytes, bytes]) -> Head:
    """The head of a request whose fields are all there. Raises HttpRefusal."""
    if version not in {"1.1", "1.0"}:
        raise HttpRefusal(malformed("HTTP/1.1 and HTTP/1.0 are spoken here"))
    if version == "1.1" and b"host" not in headers:
        raise HttpRefusal(malformed("the Host field is missing"))
    coding = headers.get(b"transfer-encoding")
    if coding is not None and (coding.lower() != b"chunked" or version == "1.0" or b"content-length" in headers):
        raise HttpRefusal(malformed("the only transfer coding is chunked, in HTTP/1.1, without a Content-Length"))
    if not url.startswith(b"/") and url != b"*":
        url = _origin_form(url)
    path, _, query = url.partition(b"?")
    return Head(method=method, path=path.decode("latin-1"), query=query.decode("latin-1"), headers=headers)


def _origin_form(url: bytes) -> bytes:
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        return url
    return (parsed.path or b"/") + (b"?" + parsed.query if parsed.query else b"")
