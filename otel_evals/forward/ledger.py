"""What forwarding counts, and its log lines. The roof wires a ledger to the meters."""

import logging
from typing import Final, Protocol

from otel_evals.records.clock import Clock
from otel_evals.records.signal import Signal

_LOG: Final = logging.getLogger(__name__)
_INTERVAL: Final = 30.0
"""Seconds between two log lines of one destination about one code."""

PARTIAL_SUCCESS: Final = "partial_success"
"""The destination took the rest of a request. Reasons of `Ledger.dropped` are a closed set, as they become labels."""
TOO_LARGE: Final = "too_large"
"""A single item beyond what the destination takes."""
REFUSED: Final = "refused"
"""The destination refused the request for good; its sender was told."""
DEAD_LETTER: Final = "dead_letter"
"""The destination refused for good what had been acknowledged: it is set aside and can be sent again by command."""
DEAD_LETTER_FULL: Final = "dead_letter_full"
"""The same, but there was no room to set it aside."""
QUEUE_FULL: Final = "queue_full"
"""The queue of a destination that is not required had no room."""
RETRIES_EXHAUSTED: Final = "retries_exhausted"
"""A destination that is not required did not take it in time."""
DAMAGED: Final = "damaged"
"""The disk no longer holds what was written."""
NO_DESTINATION: Final = "no_destination"
"""No destination takes this signal."""


class Ledger(Protocol):
    """Counts of items (spans, log records, data points) by destination."""

    def forwarded(self, destination: str, signal: Signal, items: int) -> None:
        """The destination took them."""
        ...

    def dropped(self, destination: str, signal: Signal, items: int, reason: str) -> None:
        """The destination will not get them; `reason` is one of this module's constants."""
        ...

    def filtered(self, destination: str, signal: Signal, items: int) -> None:
        """The destination does not get them because it is configured so (`spans`)."""
        ...

    def retried(self, destination: str, code: str) -> None:
        """A request failed with `code` and is sent again."""
        ...

    def recovered(self, destination: str, signal: Signal, items: int) -> None:
        """Items that a former run, or another worker, left in the destination's disk queue."""
        ...

    def resent(self, destination: str, signal: Signal, items: int) -> None:
        """Dropped as dead letters before; by an operator's command they wait for the destination again."""
        ...

    def waiting(self, destination: str, signal: Signal, items: int) -> None:
        """How many of a signal wait for the destination now."""
        ...


class Notices:
    """Log lines of one destination, each kind at most once an interval."""

    def __init__(self, destination: str, clock: Clock) -> None:
        self._destination = destination
        self._clock = clock
        self._last: dict[str, float] = {}

    def say(self, code: str, message: str) -> None:
        """Warn that the destination answered `code`; `message` is bounded and holds neither content nor secrets."""
        now = self._clock.monotonic()
        if now - self._last.get(code, float("-inf")) >= _INTERVAL:
            self._last[code] = now
            _LOG.warning("destination %s: %s %s", self._destination, code, message)
