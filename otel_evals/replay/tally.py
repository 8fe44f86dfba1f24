"""The last line of a replay: how much was read, and how it was decided."""

from collections import Counter, defaultdict

import msgspec

from otel_evals.records.signal import Signal
from otel_evals.replay.formats import Body
from otel_evals.replay.lines import SpanLine


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """How much a recording holds."""

    files: int
    bodies: int
    spans: int
    log_records: int
    evaluated: int
    repeated: int
    """Spans recorded more than once; only the first is decided."""
    faults: dict[str, int]
    """Spans that could not be read or decided, by type of error."""
    skipped: tuple[str, ...]
    """JSON files of a folder that hold no OTLP."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of a replay."""

    summary: Read
    bands: dict[str, int]
    routes: dict[str, int]
    checks: dict[str, dict[str, int]]
    """By check: `pass`, `fail`, `error`."""


class Volume:
    """Counts what is read."""

    def __init__(self) -> None:
        self.bodies = 0
        self._items: Counter[Signal] = Counter()

    def add(self, body: Body) -> None:
        """Count one body."""
        self.bodies += 1
        self._items[body.signal] += body.items

    def read(self, *, files: int, evaluated: int, repeated: int, faults: Counter[str], skipped: set[str]) -> Read:
        """The counts, completed by what others counted."""
        return Read(
            files=files,
            bodies=self.bodies,
            spans=self._items[Signal.TRACES],
            log_records=self._items[Signal.LOGS],
            evaluated=evaluated,
            repeated=repeated,
            faults=dict(faults),
            skipped=tuple(sorted(skipped)),
        )


class Tally:
    """Counts decisions."""

    def __init__(self) -> None:
        self.evaluated = 0
        self._bands: Counter[str] = Counter()
        self._routes: Counter[str] = Counter()
        self._checks: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, line: SpanLine) -> None:
        """Count one span."""
        self.evaluated += 1
        self._bands[line.band] += 1
        self._routes[line.route] += 1
        for result in line.results:
            self._checks[result.name][result.label] += 1
        for failure in line.failures:
            self._checks[failure.name]["error"] += 1

    def summary(self, read: Read) -> Summary:
        """The last line."""
        return Summary(
            summary=read,
            bands=dict(self._bands),
            routes=dict(self._routes),
            checks={name: dict(counts) for name, counts in self._checks.items()},
        )
