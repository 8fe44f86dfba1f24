"""Room for bytes: whether a request may come in is decided before its body is read, not after.

One `Admission` a worker, shared by both transports. Every request holds a `Ticket` from its head to its answer; what
it reads and what it inflates is charged to the ticket as it grows, so the sum over all requests stays bounded
whatever the senders claim or compress.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from otel_evals.receive.settings import LimitSettings
from otel_evals.records.clock import Clock
from otel_evals.records.errors import Unavailable

_STATM: Final = Path("/proc/self/statm")
_MEMORY_INTERVAL: Final = 0.25
_CROWDED_SHARE: Final = 8
"""Above the memory mark the soft mark shrinks by this factor: some work goes on, else the process could never shrink
in the eyes of an allocator that gives memory back late."""


def resident_memory() -> int:
    """Resident bytes of this process; 0 where the system does not tell (no procfs)."""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Ticket:
    """The room that one request takes. `close` it when the request has its answer; closing twice is harmless."""

    __slots__ = ("_admission", "_held")

    def __init__(self, admission: "Admission") -> None:
        self._admission: Admission | None = admission
        self._held = 0

    def grow(self, size: int) -> None:
        """Take `size` more bytes. Raises Unavailable when there is no room; what was held stays held."""
        if self._admission is not None:
            self._admission.charge(size)
            self._held += size

    def shrink(self, size: int) -> None:
        """Give back `size` bytes that were reserved and not needed."""
        if self._admission is not None:
            self._admission.release(size)
            self._held -= size

    def close(self) -> None:
        """Give the room back."""
        if (admission := self._admission) is not None:
            self._admission = None
            admission.leave(self._held)


class Admission:
    """Counts requests and their bytes; refuses before they become a problem."""

    def __init__(self, settings: LimitSettings, clock: Clock, memory: Callable[[], int] = resident_memory) -> None:
        self._settings = settings
        self._clock = clock
        self._memory = memory
        self._soft = int(settings.in_flight_bytes * settings.soft_mark)
        self._memory_due = clock.monotonic()
        self._crowded = False
        self._bytes = 0
        self._requests = 0
        self._closed = False

    @property
    def in_flight_bytes(self) -> int:
        """Bytes held by all open tickets."""
        return self._bytes

    @property
    def requests(self) -> int:
        """Number of open tickets."""
        return self._requests

    def close(self) -> None:
        """Refuse everything from now on: the process is stopping. Open tickets are not touched."""
        self._closed = True

    def open(self, size: int = 0) -> Ticket:
        """A ticket for a request of `size` bytes, 0 when its length is unknown. Raises Unavailable."""
        self.check()
        ticket = Ticket(self)
        self._requests += 1
        try:
            ticket.grow(size)
        except Unavailable:
            ticket.close()
            raise
        return ticket

    def check(self) -> None:
        """Raise Unavailable when no new request would be let in now."""
        if self._closed:
            raise self._full("shutting down")
        if self._requests >= self._settings.max_requests:
            raise self._full("too many requests at one time")
        soft = self._soft // _CROWDED_SHARE if self._is_crowded() else self._soft
        if self._bytes > soft:
            raise self._full("too many bytes in flight")

    def charge(self, size: int) -> None:
        """Take `size` bytes of the whole. For tickets. Raises Unavailable."""
        if self._bytes + size > self._settings.in_flight_bytes:
            raise self._full("too many bytes in flight")
        self._bytes += size

    def release(self, size: int) -> None:
        """Give `size` bytes back. For tickets."""
        self._bytes -= size

    def leave(self, size: int) -> None:
        """A request has its answer. For tickets."""
        self._bytes -= size
        self._requests -= 1

    def _is_crowded(self) -> bool:
        mark = self._settings.memory_mark
        if mark is not None and (now := self._clock.monotonic()) >= self._memory_due:
            self._memory_due = now + _MEMORY_INTERVAL
            self._crowded = self._memory() > mark
        return self._crowded

    def _full(self, why: str) -> Unavailable:
        return Unavailable(f"cannot take this now: {why}", retry_after=self._settings.retry_after)
