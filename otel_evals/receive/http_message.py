"""What an HTTP handler gets and gives, and the `Route` that binds a handler to its limits."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec

from otel_evals.receive.admission import Ticket
from otel_evals.records.signal import Signal

TEXT: Final = "text/plain; charset=utf-8"


class Head(msgspec.Struct, kw_only=True, gc=False):
    """The head of a request. Field names are lower case; repeated fields are joined by commas."""

    method: str
    path: str
    query: str
    headers: dict[bytes, bytes]

    def header(self, name: str) -> str | None:
        """The value of the field with this lower-case name."""
        value = self.headers.get(name.encode())
        return None if value is None else value.decode("latin-1")


class Request(msgspec.Struct, kw_only=True):
    """A whole request. `ticket` is its room in memory: charge to it what the handler makes of the body."""

    head: Head
    body: bytes
    ticket: Ticket | None = None


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. `close` ends the connection after it."""

    status: HTTPStatus = HTTPStatus.OK
    body: bytes = b""
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()
    close: bool = False


Handler = Callable[[Request], Awaitable[Response]]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A handler and what a request must pass before its body is read."""

    handler: Handler
    max_body: int = 1 << 20
    """Bytes; a longer body is refused with 413."""
    check: Callable[[Head], None] | None = None
    """Raises the error that refuses a request by its head: credentials, content type."""
    signal: Signal | None = None
    """For the counters."""


Routes = dict[tuple[str, str], Route]
"""(method, path) → route."""
