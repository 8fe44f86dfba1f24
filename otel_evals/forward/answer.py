"""What a next hop said to one request, translated once from gRPC and HTTP."""

from enum import Enum, auto

import msgspec


class Verdict(Enum):
    """What follows from an answer."""

    DELIVERED = auto()
    """It has the data (but for what a partial success rejects). Never send it again."""
    RETRY = auto()
    """It may take the same data later."""
    TOO_LARGE = auto()
    """It may take the same data in smaller pieces."""
    REFUSED = auto()
    """It will never take this data. Other data may be fine."""
    DENIED = auto()
    """It does not know us or does not let us (credentials): every request will end so until somebody mends it."""
    UNSUPPORTED = auto()
    """It does not speak this signal or protocol here: every request of the signal will end so."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one request."""

    verdict: Verdict
    code: str
    """gRPC status name, HTTP status, or our own word for what happened to the connection."""
    message: str = ""
    """The next hop's words, for logs and senders; bounded."""
    rejected: int = 0
    """Items that a partial success rejected."""
    retry_after: float | None = None
    """Seconds that the next hop asked us to wait."""
