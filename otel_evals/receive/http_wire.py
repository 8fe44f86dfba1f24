"""An HTTP/1.1 answer as bytes."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from otel_evals.receive.http_message import Response

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_STATUS_LINES: Final = {status: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def encode_response(
    response: Response, *, connection: str, date: str, extra: Iterable[tuple[str, str]] = (), with_body: bool = True
) -> bytes:
    """The whole answer. `connection` is the value of that field, "" to leave it out; `date` an HTTP date."""
    lines = [_STATUS_LINES[response.status], f"date: {date}\r\n"]
    if response.status not in _BODILESS:
        lines.append(f"content-type: {response.content_type}\r\ncontent-length: {len(response.body)}\r\n")
    if connection:
        lines.append(f"connection: {connection}\r\n")
    lines.extend(f"{name}: {value}\r\n" for name, value in (*response.headers, *extra))
    lines.append("\r\n")
    head = "".join(lines).encode("latin-1", "replace")
    return head + response.body if with_body else head
