"""How large a body may be: said once, at the door, for every room.

What programs send under `/v1/` has bounds of its own, in the rooms that read it in parts.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from otel_evals_backend.access.public import PROGRAMS

BODY: Final = 1 << 20
"""Bytes of JSON, and of forms without files: more than any label, with all that it says, is long."""
FILES: Final = 64 << 20
"""Bytes of a form with files; whoever takes files bounds each of them too."""


def limit_of(request: Request) -> int | None:
    """Bytes that the body may have; None = its room says."""
    if request.url.path.startswith(PROGRAMS):
        return None
    kind = request.headers.get("content-type", "")
    return FILES if kind.lower().startswith("multipart/form-data") else BODY


def too_large(request: Request) -> bool:
    """Whether the body says of itself that it is."""
    limit, length = limit_of(request), request.headers.get("content-length", "")
    return limit is not None and length.isdecimal() and int(length) > limit


def limited(request: Request) -> Receive:
    """What reads the body, and stops where it turns out to be too large.

    Raises:
        HTTPException: 413, from the reading.
    """
    limit, receive, read = limit_of(request), request.receive, 0
    if limit is None:
        return receive

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(413, "the body is too large")
        return message

    return counted
