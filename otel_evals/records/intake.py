"""What the entrance asks of the engine: take one request body, say how much of it was accepted.

`receive` calls an `Intake` with protobuf bytes, already decompressed, of one OTLP Export request. The intake validates
them itself and returns when every part is safe: accepted by the next hop or durable on disk.
"""

from collections.abc import Awaitable, Callable

import msgspec

from otel_evals.records.signal import Signal


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The good outcome of one Export request.

    `rejected` > 0, or a non-empty `message`, makes it a partial success as OTLP defines it.
    """

    rejected: int = 0
    """Spans, log records or data points that were refused for good, exactly counted."""
    message: str = ""
    """Why, or a warning for the sender when nothing was rejected."""


Intake = Callable[[Signal, bytes], Awaitable[Accepted]]
"""Takes the encoded Export request of a signal. May raise DecodeError, TooLarge, Unavailable or Refused."""
