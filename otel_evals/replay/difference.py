"""What another configuration would decide differently: span by span, and in sum.

Two results are the same when label and score are. Versions and wording are left out: a changed setting changes every
version, and the question is what it decides. That a check of one side alone passes is counted but makes no span differ,
so that a new rule shows the spans that it fails.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping

import msgspec

from otel_evals.records.evaluation import Label
from otel_evals.replay.lines import Failure, Judged, Result, Sampled, SpanLine
from otel_evals.replay.tally import Read

_ABSENT = "none"
"""Stands for the label of a check that says nothing about a span."""
_ERROR = "error"
_PASS = Label.PASS.value
_QUIET = frozenset({(_ABSENT, _PASS), (_PASS, _ABSENT)})
"""Changes of label that are counted only."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration's decision, with those results that differ."""

    band: str
    reasons: tuple[str, ...]
    route: str
    results: tuple[Result, ...]
    failures: tuple[Failure, ...]
    sampling: Sampled | None = None
    judges: tuple[Judged, ...] = ()
    """Those whose outcome differs."""


class DiffLine(msgspec.Struct, frozen=True, kw_only=True):
    """One span on which two configurations differ; a side is null where its configuration leaves the span alone."""

    file: str
    trace: str
    span: str
    service: str | None
    changed: tuple[str, ...]
    """Which of `band`, `reasons`, `route`, `sampling` differ, and the names of the checks and judges that do."""
    before: Side | None
    after: Side | None


class DiffSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of a comparison."""

    summary: Read
    changed: int
    """Spans on which the two differ."""
    bands: dict[str, int]
    """Spans by change of band, as `low>high`."""
    routes: dict[str, int]
    checks: dict[str, dict[str, int]]
    """By check: results by change of label, as `pass>fail`; `score` counts equal labels with other scores."""
    judges: dict[str, dict[str, int]]
    """By judge: spans by change of outcome, as `sampled_out>selected`."""


class Difference:
    """Compares line by line and counts."""

    def __init__(self) -> None:
        self._changed = 0
        self._bands: Counter[str] = Counter()
        self._routes: Counter[str] = Counter()
        self._checks: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._judges: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def compare(self, before: SpanLine | None, after: SpanLine | None) -> DiffLine | None:
        """The difference between two decisions on one span; None when there is none."""
        line = before or after
        if line is None:
            return None
        names = self._count_checks(before, after)
        judges = self._count_judges(before, after)
        changed = (*_fields(before, after), *names, *judges)
        if not changed:
            return None
        self._changed += 1
        for counter, field in ((self._bands, "band"), (self._routes, "route")):
            if field in changed:
                counter[f"{_value(before, field)}>{_value(after, field)}"] += 1
        return DiffLine(
            file=line.file,
            trace=line.trace,
            span=line.span,
            service=line.service,
            changed=changed,
            before=_side(before, names, judges),
            after=_side(after, names, judges),
        )

    def summary(self, read: Read) -> DiffSummary:
        """The last line."""
        return DiffSummary(
            summary=read,
            changed=self._changed,
            bands=dict(self._bands),
            routes=dict(self._routes),
            checks={name: dict(counts) for name, counts in self._checks.items()},
            judges={name: dict(counts) for name, counts in self._judges.items()},
        )

    def _count_judges(self, before: SpanLine | None, after: SpanLine | None) -> tuple[str, ...]:
        """The judges whose outcome differs, in order, each counted by how."""
        old, new = ({j.judge: j.outcome for j in line.judges} if line else {} for line in (before, after))
        changed = [j for j in dict.fromkeys((*old, *new)) if old.get(j) != new.get(j)]
        for judge in changed:
            self._judges[judge][f"{old.get(judge, _ABSENT)}>{new.get(judge, _ABSENT)}"] += 1
        return tuple(changed)

    def _count_checks(self, before: SpanLine | None, after: SpanLine | None) -> tuple[str, ...]:
        """The names of the checks that differ, in order, each counted by how."""
        old, new = _outcomes(before), _outcomes(after)
        names: list[str] = []
        for name in dict.fromkeys((*old, *new)):
            was, now = old.get(name, (_ABSENT, 0.0)), new.get(name, (_ABSENT, 0.0))
            if was == now:
                continue
            self._checks[name]["score" if was[0] == now[0] else f"{was[0]}>{now[0]}"] += 1
            if (was[0], now[0]) not in _QUIET:
                names.append(name)
        return tuple(names)


def _outcomes(line: SpanLine | None) -> Mapping[str, tuple[str, float]]:
    if line is None:
        return {}
    found = {r.name: (r.label, r.score) for r in line.results}
    return found | {f.name: (_ERROR, 0.0) for f in line.failures}


def _fields(before: SpanLine | None, after: SpanLine | None) -> tuple[str, ...]:
    return tuple(f for f in ("band", "reasons", "route", "sampling") if _value(before, f) != _value(after, f))


def _value(line: SpanLine | None, field: str) -> object:
    return _ABSENT if line is None else getattr(line, field)


def _side(line: SpanLine | None, names: tuple[str, ...], judges: tuple[str, ...]) -> Side | None:
    if line is None:
        return None
    return Side(
        band=line.band,
        reasons=line.reasons,
        route=line.route,
        results=tuple(r for r in line.results if r.name in names),
        failures=tuple(f for f in line.failures if f.name in names),
        sampling=line.sampling,
        judges=tuple(j for j in line.judges if j.judge in judges),
    )
