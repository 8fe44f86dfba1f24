"""What the meters said at one moment, and what they gained since the last time: plain records.

`Snapshot` is read by the renderer of the scrape and by the OTLP export. `Delta` travels from a worker to its
supervisor (msgspec can encode it) and is added there by `Meters.merge`.
"""

import msgspec

from otel_evals.telemetry.catalogue import Instrument

Labels = tuple[str, ...]
"""Values of an instrument's keys, in their order; empty text = the point has no such label."""


class Exemplar(msgspec.Struct, frozen=True):
    """The span behind a measurement. `time_ns` is when it was measured, ns since the epoch."""

    value: float
    trace_id: bytes
    span_id: bytes
    time_ns: int


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """A histogram's state at one combination of labels."""

    counts: tuple[int, ...]
    """One a bucket, not cumulative; the last is everything above the last boundary."""
    total: float
    exemplars: tuple[Exemplar | None, ...]
    """The latest of each bucket."""

    @property
    def count(self) -> int:
        """Number of measurements."""
        return sum(self.counts)


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """All points of one instrument: `values` of a counter or gauge, `distributions` of a histogram."""

    instrument: Instrument
    values: tuple[tuple[Labels, float], ...] = ()
    distributions: tuple[tuple[Labels, Distribution], ...] = ()


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All instruments that have a point. Times in ns since the epoch; the sums count from `started_ns`."""

    started_ns: int
    time_ns: int
    series: tuple[Series, ...]


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """What one process measured since its previous delta; gauges are as they stand."""

    counters: tuple[tuple[str, Labels, float], ...] = ()
    distributions: tuple[tuple[str, Labels, Distribution], ...] = ()
    gauges: tuple[tuple[str, Labels, float], ...] = ()
