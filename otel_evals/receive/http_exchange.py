"""One HTTP request on its way to its answer, as a connection keeps it in its queue."""

import asyncio
from dataclasses import dataclass, field

from otel_evals.receive.admission import Ticket
from otel_evals.receive.http_message import Head, Response, Route
from otel_evals.records.errors import TooLarge


@dataclass(slots=True, eq=False)
class Exchange:
    """A request and its answer."""

    head: Head | None = None
    """None until all header fields are there."""
    route: Route | None = None
    """None until the head has been admitted."""
    ticket: Ticket | None = None
    parts: list[bytes] = field(default_factory=list[bytes])
    size: int = 0
    """Bytes of body read so far."""
    complete: bool = False
    """The whole request has been read."""
    discard: bool = False
    """It has its answer already; what still comes of its body is thrown away."""
    expects: bool = False
    """The sender waits for `100 Continue` before it sends the body."""
    keep_alive: bool = False
    """The connection goes on after the answer."""
    response: Response | None = None
    task: "asyncio.Task[None] | None" = None

    def add(self, body: bytes, *, charged: bool) -> None:
        """Take a piece of the body. Raises TooLarge; Unavailable when it was not `charged` before and has no room."""
        self.size += len(body)
        if self.discard:
            return
        if self.route is not None and self.size > self.route.max_body:
            raise TooLarge(f"the body is larger than {self.route.max_body} bytes")
        if not charged and self.ticket is not None:
            self.ticket.grow(len(body))
        self.parts.append(body)

    def take_body(self) -> bytes:
        """The whole body, given away once."""
        parts, self.parts = self.parts, []
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def abandon(self) -> None:
        """Nobody waits for the answer any more."""
        if self.task is not None:
            self.task.cancel()
        self.close()

    def close(self) -> None:
        """Give its room back."""
        self.parts.clear()
        if self.ticket is not None:
            self.ticket.close()
