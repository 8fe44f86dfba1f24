"""The meters: plain dictionaries that are cheap to add to and are read at a scrape or an export.

One `Meters` a process. A worker's sums travel to the supervisor as deltas (`deltas`, `merge`), so that the page shows
the sum over all workers and no restart of one makes a counter step back.

One thread measures (the event loop's). Any thread may call `snapshot`: it copies each dictionary in one step that the
interpreter does not interrupt. `deltas` and `merge` belong to the measuring thread.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from math import inf, isfinite
from typing import Any

from otel_evals.records.clock import Clock, SystemClock
from otel_evals.telemetry.cardinality import LabelCap
from otel_evals.telemetry.catalogue import INSTRUMENTS, METRICS_IGNORED, METRICS_OVERFLOW, Instrument, Kind, by_name
from otel_evals.telemetry.snapshot import Delta, Distribution, Exemplar, Labels, Series, Snapshot

__all__ = ["Exemplar", "GaugeReader", "Meters"]

GaugeReader = Callable[[], Mapping[Labels, float]]
"""Reads a gauge at the moment of a snapshot: its values by labels, `{(): value}` where it has no keys."""


class _Buckets:
    """A histogram at one combination of labels, while it grows."""

    __slots__ = ("counts", "exemplars", "total")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.total = 0.0
        self.exemplars: list[Exemplar | None] = [None] * buckets

    def freeze(self) -> Distribution:
        return Distribution(counts=tuple(self.counts), total=self.total, exemplars=tuple(self.exemplars))

    def merge(self, other: Distribution) -> None:
        self.total += other.total
        for i, count in enumerate(other.counts):
            self.counts[i] += count
            if (theirs := other.exemplars[i]) is not None:
                ours = self.exemplars[i]
                if ours is None or ours.time_ns <= theirs.time_ns:
                    self.exemplars[i] = theirs


class Meters:
    """Accumulates measurements.

    A measurement that cannot be (not a number, infinite, a negative count or duration) is not taken, and counted in
    `otel_evals.metrics.ignored`. Labels beyond the cap become `__other__` (`telemetry.cardinality`).

    Args:
        catalogue: instruments that may be measured here.
        extra_keys: configured slice keys; sliced instruments take their values after those of their own keys.
        max_values: distinct values of one label key, per instrument.
        max_slices: distinct combinations of label values that come from traffic, per instrument.
        clock: for the times of a snapshot.
    """

    def __init__(
        self,
        catalogue: Iterable[Instrument] = INSTRUMENTS,
        *,
        extra_keys: tuple[str, ...] = (),
        max_values: int = 100,
        max_slices: int = 200,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._started_ns = self._clock.time_ns()
        self._published = by_name((*catalogue, METRICS_OVERFLOW, METRICS_IGNORED), extra_keys)
        self._caps = {
            name: LabelCap(instrument, max_values=max_values, max_slices=max_slices)
            for name, instrument in self._published.items()
        }
        self._sums: dict[str, dict[Labels, float]] = self._tables(Kind.COUNTER)
        self._buckets: dict[str, dict[Labels, _Buckets]] = self._tables(Kind.HISTOGRAM)
        self._gauges: dict[str, dict[Labels, float]] = self._tables(Kind.GAUGE)
        self._readers: dict[str, list[GaugeReader]] = {}
        self._remote_gauges: dict[str, dict[tuple[str, Labels], float]] = {}

    def _tables(self, kind: Kind) -> dict[str, dict[Labels, Any]]:
        return {name: {} for name, instrument in self._published.items() if instrument.kind is kind}

    def add(self, instrument: Instrument, value: float, *labels: str) -> None:
        """Add `value` (finite, ≥ 0) to a counter at `labels` (one for each of `instrument.keys`)."""
        self.add_many(instrument, value, 1, labels)

    def add_many(self, instrument: Instrument, value: float, times: int, labels: Labels) -> None:
        """Add `value` (finite, ≥ 0), the sum of that many measurements, to a counter at `labels`."""
        if not 0 <= value < inf:
            self._ignore(instrument, times)
            return
        sums = self._sums[instrument.name]
        if labels in sums:
            sums[labels] += value
        else:
            admitted = self._admit(instrument.name, labels, times)
            sums[admitted] = sums.get(admitted, 0.0) + value

    def start_at_zero(self, instrument: Instrument, *labels: str) -> None:
        """Make a counter visible at `labels` before its first count, so that a rate sees that count rise."""
        sums = self._sums[instrument.name]
        if labels not in sums:
            admitted, _ = self._caps[instrument.name].admit(labels)
            sums.setdefault(admitted, 0.0)

    def set(self, instrument: Instrument, value: float, *labels: str) -> None:
        """Set a gauge to `value` (finite)."""
        if not isfinite(value):
            self._ignore(instrument)
            return
        gauges = self._gauges[instrument.name]
        gauges[labels if labels in gauges else self._admit(instrument.name, labels)] = value

    def watch(self, instrument: Instrument, read: GaugeReader) -> None:
        """Let a gauge be read at each snapshot; several readers of one gauge add up. `read` must be quick."""
        if instrument.name not in self._gauges:
            raise ValueError(f"{instrument.name} is not a gauge of this catalogue")
        self._readers.setdefault(instrument.name, []).append(read)

    def observe(self, instrument: Instrument, value: float, *labels: str, exemplar: Exemplar | None = None) -> None:
        """Record `value` (finite, ≥ 0) in a histogram; `exemplar` becomes the one of its bucket."""
        self.observe_many(instrument, value, 1, labels, exemplar)

    def observe_many(
        self, instrument: Instrument, value: float, times: int, labels: Labels, exemplar: Exemplar | None = None
    ) -> None:
        """Record `value` (finite, ≥ 0) that many times in a histogram at `labels`."""
        if not 0 <= value < inf:
            self._ignore(instrument, times)
            return
        buckets = self._buckets[instrument.name].get(labels)
        if buckets is None:
            buckets = self._new_buckets(instrument.name, labels, times)
        i = bisect_left(instrument.boundaries, value)
        buckets.counts[i] += times
        buckets.total += value * times
        if exemplar is not None:
            buckets.exemplars[i] = exemplar

    def _new_buckets(self, name: str, labels: Labels, times: int = 1) -> _Buckets:
        admitted = self._admit(name, labels, times)
        table = self._buckets[name]
        if admitted not in table:
            table[admitted] = _Buckets(len(self._published[name].boundaries) + 1)
        return table[admitted]

    def _admit(self, name: str, labels: Labels, times: int = 1) -> Labels:
        try:
            admitted, folded = self._caps[name].admit(labels)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if folded:
            self.add(METRICS_OVERFLOW, times, name)
        return admitted

    def _ignore(self, instrument: Instrument, times: int = 1) -> None:
        self.add(METRICS_IGNORED, times, instrument.name)

    def snapshot(self) -> Snapshot:
        """All points as they stand, gauges read now; instruments without a point are left out."""
        series = (self._series(instrument) for instrument in self._published.values())
        return Snapshot(
            started_ns=self._started_ns,
            time_ns=self._clock.time_ns(),
            series=tuple(s for s in series if s.values or s.distributions),
        )

    def _series(self, instrument: Instrument) -> Series:
        match instrument.kind:
            case Kind.COUNTER:
                return Series(instrument=instrument, values=tuple(self._sums[instrument.name].copy().items()))
            case Kind.GAUGE:
                return Series(instrument=instrument, values=tuple(self._read_gauge(instrument.name).items()))
            case Kind.HISTOGRAM:
                points = self._buckets[instrument.name].copy().items()
                return Series(instrument=instrument, distributions=tuple((k, b.freeze()) for k, b in points))

    def _read_gauge(self, name: str, *, remote: bool = True) -> dict[Labels, float]:
        values = self._gauges[name].copy()
        for read in self._readers.get(name, ()):
            for labels, value in read().items():
                if not isfinite(value):
                    continue
                values[labels] = values.get(labels, 0.0) + value
        if remote:
            for (_, labels), value in self._remote_gauges.get(name, {}).copy().items():
                values[labels] = values.get(labels, 0.0) + value
        return values

    def deltas(self) -> Delta:
        """What was measured since the last call (or the start), which is then forgotten here.

        A process that hands its sums on keeps none: its own `snapshot` shows only what has not left yet.
        """
        counters = tuple((n, k, v) for n, sums in self._sums.items() for k, v in sums.items())
        distributions = tuple((n, k, b.freeze()) for n, table in self._buckets.items() for k, b in table.items())
        gauges = tuple((n, k, v) for n in self._gauges for k, v in self._read_gauge(n, remote=False).items())
        for table in (*self._sums.values(), *self._buckets.values()):
            table.clear()
        return Delta(counters=counters, distributions=distributions, gauges=gauges)

    def merge(self, delta: Delta, *, source: str) -> None:
        """Add what another process measured. Gauges of `source` replace those that it said before.

        Instruments that this catalogue does not know (another version's) are left out, and counted as ignored.
        """
        for name, labels, value in delta.counters:
            if (instrument := self._of(name, Kind.COUNTER)) is not None:
                self.add(instrument, value, *labels)
        for name, labels, distribution in delta.distributions:
            instrument = self._of(name, Kind.HISTOGRAM)
            if instrument is not None and len(distribution.counts) == len(instrument.boundaries) + 1:
                (self._buckets[name].get(labels) or self._new_buckets(name, labels)).merge(distribution)
        self.forget(source)
        for name, labels, value in delta.gauges:
            if self._of(name, Kind.GAUGE) is not None:
                self._remote_gauges.setdefault(name, {})[source, labels] = value

    def forget(self, source: str) -> None:
        """Drop the gauges of a process that has ended; what it counted stays."""
        for name, values in self._remote_gauges.items():
            self._remote_gauges[name] = {key: value for key, value in values.items() if key[0] != source}

    def _of(self, name: str, kind: Kind) -> Instrument | None:
        instrument = self._published.get(name)
        if instrument is not None and instrument.kind is kind:
            return instrument
        self.add(METRICS_IGNORED, 1, name)
        return None
