"""Tokens of forms and of our own scripts' requests: proof that a page of ours made the request.

A token is derived from the session (before log-in: from the visitor's cookie; without log-in: from nothing) with a key
that only the server knows. Nothing is stored, a token of another session is refused, and a page of a stranger cannot
read it. Every answer masks it anew, so that the size of compressed answers tells nothing of it (BREACH). Forms
carry it as the first field, scripts as a header. Called by the door; the field is written by `{{ csrf(request) }}` of
`web.pages`.
"""

import hmac
import secrets
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import FormParser, parse_options_header
from starlette.requests import Request
from starlette.types import Message, Receive

FIELD: Final = "csrf"
HEADER: Final = "x-csrf-token"
MAX_FORM: Final = 1 << 20
"""Bytes of a form without files."""
_MAX_BEFORE_TOKEN: Final = 64 << 10
"""Bytes of a form with files before the token must have come."""


class FormTooLarge(Exception):  # noqa: N818 - named for the condition, as the status it becomes
    """A form without files is larger than any of ours."""


def token_for(key: bytes, binding: str) -> bytes:
    """The token of whoever shows the cookie `binding` ("" = no cookie)."""
    return hmac.digest(key, b"csrf\x00" + binding.encode("utf-8", "surrogatepass"), "sha256")


def masked(token: bytes) -> str:
    """The token as it stands in one answer, and looks random there."""
    mask = secrets.token_bytes(len(token))
    return (mask + _xor(token, mask)).hex()


def matches(expected: bytes, shown: str) -> bool:
    """Whether what is shown is the token expected, masked, in constant time."""
    try:
        raw = bytes.fromhex(shown)
    except ValueError:
        return False
    half = len(expected)
    return len(raw) == 2 * half and hmac.compare_digest(expected, _xor(raw[half:], raw[:half]))


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


async def shown_token(request: Request) -> tuple[str, Receive]:
    """The token that a request carries ("" = none), and what reads its body from the beginning.

    Raises:
        FormTooLarge: see there.
    """
    receive = request.receive
    if header := request.headers.get(HEADER):
        return header, receive
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == b"application/x-www-form-urlencoded":
        read, again = await _read_until(receive, MAX_FORM, lambda _part: False)
        if len(read) > MAX_FORM:
            raise FormTooLarge
        return parse_qs(read.decode("utf-8", "replace"), max_num_fields=1000).get(FIELD, [""])[0], again
    if kind == b"multipart/form-data" and options.get(b"boundary"):
        return await _of_multipart(receive, options[b"boundary"])
    return "", receive


async def _of_multipart(receive: Receive, boundary: bytes) -> tuple[str, Receive]:
    found: list[str] = []

    def on_field(field: Any) -> None:
        if field.field_name == FIELD.encode():
            found.append((field.value or b"").decode("utf-8", "replace"))

    parser = FormParser("multipart/form-data", on_field, lambda _file: None, boundary=boundary)

    def feed(part: bytes) -> bool:
        try:
            parser.write(part)
        except FormParserError:
            return True
        return bool(found)

    try:
        _read, again = await _read_until(receive, _MAX_BEFORE_TOKEN, feed)
    finally:
        parser.close()
    return (found[0] if found else ""), again


async def _read_until(receive: Receive, limit: int, enough: Callable[[bytes], bool]) -> tuple[bytes, Receive]:
    messages: list[Message] = []
    parts: list[bytes] = []
    size = 0
    while size <= limit:
        message = await receive()
        messages.append(message)
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if enough(part) or message["type"] != "http.request" or not message.get("more_body", False):
            break
    waiting = iter(messages)

    async def again() -> Message:
        return next(waiting, None) or await receive()

    return b"".join(parts), again
