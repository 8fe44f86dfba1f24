"""The meters: plain dictionaries that are cheap to add to and are read at a scrape or an export.

One `Meters` a process. A worker's sums travel to the supervisor as deltas, so that the page shows the sum over all
workers and no restart of one makes a counter step back.
"""

import msgspec

from otel_evals.telemetry.catalogue import Instrument


class Exemplar(msgspec.Struct, frozen=True):
    """The span behind a measurement."""

    value: float
    trace_id: bytes
    span_id: bytes
    time_ns: int


class Meters:
    """Accumulates measurements."""

    def add(self, instrument: Instrument, value: float, *labels: str) -> None:
        """Add `value` (finite, ≥ 0) to a counter at `labels` (one for each of `instrument.keys`)."""
        raise NotImplementedError

    def set(self, instrument: Instrument, value: float, *labels: str) -> None:
        """Set a gauge."""
        raise NotImplementedError

    def observe(self, instrument: Instrument, value: float, *labels: str, exemplar: Exemplar | None = None) -> None:
        """Record `value` in a histogram."""
        raise NotImplementedError
