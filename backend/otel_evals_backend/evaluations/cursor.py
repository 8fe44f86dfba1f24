"""A place in a list: opaque to callers, checked when it comes back."""

import base64
import binascii
from typing import Annotated, Final

import msgspec
from fastapi import HTTPException, Query

_KEY: Final = 24
_DIGEST: Final = 6
_TIME: Final = 8
_VERSION: Final = 1
_LENGTH: Final = 1 + _DIGEST + 1 + _TIME + _KEY


class Cursor(msgspec.Struct, frozen=True):
    """Between two calls of the list."""

    start_ns: int
    span: bytes
    newer: bool = False
    """Whether the calls before it are asked for, not those behind."""


def encode(cursor: Cursor, digest: bytes) -> str:
    """As part of an address."""
    body = bytes([_VERSION]) + digest + bytes([cursor.newer]) + cursor.start_ns.to_bytes(_TIME, "big") + cursor.span
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def decode(written: str, digest: bytes) -> Cursor | None:
    """The place; None for the begin of the list.

    Raises:
        HTTPException: it is damaged, or of a list with other filters.
    """
    if not written:
        return None
    try:
        body = base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        body = b""
    start = int.from_bytes(body[2 + _DIGEST : 2 + _DIGEST + _TIME], "big") if len(body) == _LENGTH else 1 << 63
    if body[:1] != bytes([_VERSION]) or start >= 1 << 63 or body[1 + _DIGEST] > 1:
        raise HTTPException(422, "cursor: not one of ours; begin again without it")
    if body[1 : 1 + _DIGEST] != digest:
        raise HTTPException(422, "cursor: of a list with other filters; begin again without it")
    return Cursor(start, body[-_KEY:], bool(body[1 + _DIGEST]))


After = Annotated[
    str, Query(alias="cursor", max_length=100, description="Where to go on: `next` of an earlier answer.")
]
"""Parameter of a route that lists calls."""
