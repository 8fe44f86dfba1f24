"""Leaves an endpoint alone that only fails, and lets one call try whether it is back.

Called by the client around each try. Closed → open after `failures` faults in a row → half open after `pause`: one
probe → closed when it succeeds, open again when it does not.
"""

from otel_evals.judges.settings import BreakerSettings
from otel_evals.records.clock import Clock


class Breaker:
    """The state of one endpoint."""

    def __init__(self, settings: BreakerSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._faults = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether a call now would be refused."""
        return self._open_until is not None and (self._probing or self._clock.monotonic() < self._open_until)

    def admit(self) -> bool:
        """Whether a try may go out. Who is let in must tell how it ended."""
        if self.is_open:
            return False
        self._probing = self._open_until is not None
        return True

    def succeeded(self) -> None:
        """The endpoint answered, whatever it said."""
        self._faults = 0
        self._open_until = None
        self._probing = False

    def failed(self) -> bool:
        """The endpoint is out of order; whether this opened the circuit."""
        self._faults += 1
        now = self._clock.monotonic()
        # Later than the pause it was a probe; earlier it is a call that had begun before the circuit opened.
        opens = self._faults >= self._settings.failures if self._open_until is None else now >= self._open_until
        if opens:
            self._open_until = now + self._settings.pause
        self._probing = False
        return opens

    def abandoned(self) -> None:
        """The try ended without a word on the endpoint (cancelled): the next one may probe."""
        self._probing = False
