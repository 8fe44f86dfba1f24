"""What the sums of the processor say, cut for people: by check, by model and prompt version, by destination.

Pure. The live view, the plain lines and the summary all take their numbers from here, and so do one process and many.
"""

from collections import defaultdict
from collections.abc import Mapping
from operator import attrgetter
from typing import Final

import msgspec

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import EvaluatorType, Label
from otel_evals.semconv import gen_ai, instruments, otel_evals
from otel_evals.telemetry.snapshot import Snapshot
from otel_evals.view.judge_figures import JudgeFigures, judge_figures
from otel_evals.view.legible import legible

LEAST: Final = 20
"""Results from which a pass rate is called a worst one: below, a single failure would win."""
_UNKNOWN: Final = "unknown"


class CheckFigures(msgspec.Struct, kw_only=True):
    """The results of one check."""

    name: str
    passed: int = 0
    failed: int = 0
    errors: int = 0
    """Evaluations that ended in an error: neither passed nor failed."""

    @property
    def total(self) -> int:
        """Results with a label."""
        return self.passed + self.failed

    @property
    def rate(self) -> float | None:
        """Share that passed; None without results."""
        return self.passed / self.total if self.total else None


class SliceFigures(msgspec.Struct, kw_only=True):
    """The calls of one model with one prompt version."""

    model: str
    prompt: str
    """`name version`, either alone when the other is unknown."""
    bands: dict[str, int]
    checks: dict[str, CheckFigures]

    @property
    def calls(self) -> int:
        """Evaluated calls."""
        return sum(self.bands.values())

    @property
    def clean(self) -> float | None:
        """Share of the calls with low risk; None without calls."""
        return self.bands.get(RiskBand.LOW.value, 0) / self.calls if self.calls else None

    @property
    def worst(self) -> CheckFigures | None:
        """The check with the lowest pass rate that has failed here, if one has enough results to say so."""
        known = [c for c in self.checks.values() if c.failed and c.total >= LEAST]
        return min(known, key=lambda c: c.passed / c.total, default=None)


class DestinationFigures(msgspec.Struct, kw_only=True):
    """What became of the items for one destination."""

    name: str
    forwarded: int = 0
    dropped: int = 0
    waiting: int = 0
    retries: int = 0


class Figures(msgspec.Struct, kw_only=True):
    """Everything at one moment."""

    spans: dict[str, int]
    """By outcome: received, forwarded, refused, failed."""
    waiting: int
    bands: dict[str, int]
    checks: list[CheckFigures]
    """Those with results, by name."""
    slices: list[SliceFigures]
    """The busiest first."""
    destinations: list[DestinationFigures]
    crashes: int
    judges: dict[str, JudgeFigures] = {}
    """By id of the judge."""

    @property
    def received(self) -> int:
        """Spans that arrived."""
        return self.spans.get("received", 0)

    @property
    def calls(self) -> int:
        """Evaluated GenAI calls."""
        return sum(self.bands.values())

    @property
    def evaluations(self) -> int:
        """Results of checks with a label."""
        return sum(check.total for check in self.checks)

    @property
    def verdicts(self) -> int:
        """Results of judges with a label, shadows included."""
        return sum(judge.verdicts for judge in self.judges.values())


Point = tuple[Mapping[str, str], float]


def figures(snapshot: Snapshot) -> Figures:
    """The figures that a snapshot holds."""
    points: dict[str, list[Point]] = {
        series.instrument.name: [
            (dict(zip(series.instrument.keys, labels, strict=True)), value) for labels, value in series.values
        ]
        for series in snapshot.series
    }
    checks: dict[str, CheckFigures] = {}
    slices: dict[tuple[str, str], SliceFigures] = {}
    for labels, value in filter(_is_check, points.get(instruments.EVALUATIONS, ())):
        name = labels[gen_ai.EVALUATION_NAME]
        for table in (checks, _slice(slices, labels).checks):
            _count(table.setdefault(name, CheckFigures(name=name)), labels[gen_ai.EVALUATION_LABEL], int(value))
    for labels, value in filter(_is_check, points.get(instruments.EVALUATION_ERRORS, ())):
        name = labels[gen_ai.EVALUATION_NAME]
        checks.setdefault(name, CheckFigures(name=name)).errors += int(value)
    bands: dict[str, int] = defaultdict(int)
    for labels, value in points.get(instruments.RISK, ()):
        band, cut = labels[otel_evals.RISK_BAND], _slice(slices, labels)
        bands[band] += int(value)
        cut.bands[band] = cut.bands.get(band, 0) + int(value)
    return Figures(
        spans=_by(points.get(instruments.SPANS, []), otel_evals.OUTCOME),
        waiting=_total(points.get(instruments.WAITING, [])),
        bands=dict(bands),
        checks=sorted(checks.values(), key=attrgetter("name")),
        slices=sorted(slices.values(), key=lambda s: (-s.calls, s.model, s.prompt)),
        destinations=_destinations(points),
        crashes=_total(points.get(instruments.TASK_CRASHES, [])),
        judges=_judges(snapshot, points),
    )


def _is_check(point: Point) -> bool:
    """Whether a result is of an inline check: judges see a sample, and their plain rates say nothing."""
    return point[0][otel_evals.EVALUATOR_TYPE] != EvaluatorType.LLM_JUDGE.value


def _judges(snapshot: Snapshot, points: Mapping[str, list[Point]]) -> dict[str, JudgeFigures]:
    lags = next((series for series in snapshot.series if series.instrument.name == instruments.JUDGE_LAG), None)
    if lags is None:
        return judge_figures(points, (), ())
    keys = lags.instrument.keys
    bucketed = [(dict(zip(keys, labels, strict=True)), found) for labels, found in lags.distributions]
    return judge_figures(points, bucketed, lags.instrument.boundaries)


def _count(check: CheckFigures, label: str, value: int) -> None:
    if label == Label.PASS.value:
        check.passed += value
    else:
        check.failed += value


def _slice(slices: dict[tuple[str, str], SliceFigures], labels: Mapping[str, str]) -> SliceFigures:
    model = legible(labels[gen_ai.REQUEST_MODEL] or labels[gen_ai.RESPONSE_MODEL] or _UNKNOWN)
    prompt = legible(f"{labels[gen_ai.PROMPT_NAME]} {labels[gen_ai.PROMPT_VERSION]}".strip() or _UNKNOWN)
    key = (model, prompt)
    if key not in slices:
        slices[key] = SliceFigures(model=model, prompt=prompt, bands={}, checks={})
    return slices[key]


def _destinations(points: Mapping[str, list[Point]]) -> list[DestinationFigures]:
    found: dict[str, DestinationFigures] = {}

    def of(labels: Mapping[str, str]) -> DestinationFigures:
        name = labels[otel_evals.DESTINATION]
        return found.setdefault(name, DestinationFigures(name=name))

    for labels, value in points.get(instruments.DESTINATION_ITEMS, ()):
        if labels[otel_evals.OUTCOME] == "forwarded":
            of(labels).forwarded += int(value)
        elif labels[otel_evals.OUTCOME] == "dropped":  # else it is configured not to get them
            of(labels).dropped += int(value)
    for labels, value in points.get(instruments.DESTINATION_WAITING, ()):
        of(labels).waiting += int(value)
    for labels, value in points.get(instruments.DESTINATION_RETRIES, ()):
        of(labels).retries += int(value)
    return [found[name] for name in sorted(found) if name]  # no name: there is no destination at all


def _by(points: list[Point], key: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for labels, value in points:
        sums[labels[key]] += int(value)
    return dict(sums)


def _total(points: list[Point]) -> int:
    return sum(int(value) for _, value in points)
