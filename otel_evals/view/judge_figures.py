"""What the sums of the processor say of its judges. Pure, as `figures`, which calls it.

Rates are weighted by 1/π, since judges see a sample; a figure with too little behind it is None, and the views say so.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import EvaluatorType, Label
from otel_evals.semconv import gen_ai, instruments, otel_evals
from otel_evals.statistics.proportion import wilson
from otel_evals.telemetry.snapshot import Distribution

ENOUGH: Final = 20
"""Verdicts from which a quantile or an agreement is shown."""
ENOUGH_WEIGHTED: Final = 30
"""Effective sample size from which a weighted pass rate is shown."""

Point = tuple[Mapping[str, str], float]
Bucketed = tuple[Mapping[str, str], Distribution]


class JudgeFigures(msgspec.Struct, kw_only=True):
    """The judgements of one judge."""

    id: str
    passed: int = 0
    failed: int = 0
    weights: dict[str, float] = {}
    """Σ 1/π by label."""
    squared: float = 0.0
    """Σ 1/π² of all verdicts."""
    outcomes: dict[str, int] = {}
    """GenAI spans by final outcome."""
    pending: int = 0
    lag: Distribution | None = None
    bounds: tuple[float, ...] = ()
    """Upper ends of the buckets of `lag`, s."""
    cost: float | None = None
    """USD since the start; None = unknown, or nothing yet."""
    compared: int = 0
    """Spans that a shadow and the active judge of its name both judged."""
    agreed: int = 0
    errors: dict[str, int] = {}
    """Judgements that could not be made, by error type."""

    @property
    def verdicts(self) -> int:
        """Results with a label."""
        return self.passed + self.failed

    @property
    def effective(self) -> float:
        """Effective sample size: (Σw)² / Σw²."""
        total = sum(self.weights.values())
        return total * total / self.squared if self.squared else 0.0

    @property
    def rate(self) -> float | None:
        """Share of all spans that would pass, estimated; None with too few verdicts."""
        total = sum(self.weights.values())
        if not total or self.effective < ENOUGH_WEIGHTED:
            return None
        return self.weights.get(Label.PASS.value, 0.0) / total

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of `rate`, 95 %, by Wilson with the effective sample size."""
        return None if self.rate is None else wilson(self.rate, self.effective)

    @property
    def agreement(self) -> float | None:
        """Share of the compared spans with the same label; None with too few."""
        return self.agreed / self.compared if self.compared >= ENOUGH else None

    @property
    def lost(self) -> int:
        """Spans that were selected and did not get a verdict."""
        return sum(self.outcomes.get(outcome.value, 0) for outcome in LOST)

    def quantile(self, share: float) -> float | None:
        """Seconds from the end of a span to its verdict, interpolated within a bucket; None with too few verdicts."""
        if self.lag is None or self.lag.count < ENOUGH:
            return None
        return quantile(self.lag, self.bounds, share)


LOST: Final = (
    CoverageOutcome.OVER_BUDGET, CoverageOutcome.RATE_LIMITED, CoverageOutcome.UNPARSEABLE, CoverageOutcome.TIMEOUT,
    CoverageOutcome.JUDGE_ERROR,
)  # fmt: skip
"""Outcomes of spans that were selected and did not get a verdict."""


def quantile(distribution: Distribution, bounds: Sequence[float], share: float) -> float:
    """The value below which `share` of the measurements lie; above the last bound it is that bound."""
    wanted, seen, low = share * distribution.count, 0, 0.0
    for bound, number in zip(bounds, distribution.counts, strict=False):
        if number and seen + number >= wanted:
            return low + (bound - low) * (wanted - seen) / number
        seen, low = seen + number, bound
    return low


def judge_figures(
    points: Mapping[str, Sequence[Point]], lags: Sequence[Bucketed], bounds: tuple[float, ...]
) -> dict[str, JudgeFigures]:
    """The figures by judge id. `points`: counters and gauges by name; `lags`: the points of `judge.lag`."""
    judges: dict[str, JudgeFigures] = {}

    def of(labels: Mapping[str, str]) -> JudgeFigures:
        name = labels[otel_evals.EVALUATOR_ID]
        return judges.setdefault(name, JudgeFigures(id=name))

    def each(instrument: str) -> Sequence[tuple[Mapping[str, str], float]]:
        return [(labels, value) for labels, value in points.get(instrument, ()) if _is_judge(labels)]

    for labels, value in each(instruments.COVERAGE):
        _add(of(labels).outcomes, labels[otel_evals.OUTCOME], value)
    for labels, value in each(instruments.COVERAGE_PENDING):
        of(labels).pending += int(value)
    for instrument in (instruments.EVALUATIONS, instruments.SHADOW_EVALUATIONS):
        for labels, value in each(instrument):
            _count(of(labels), labels[gen_ai.EVALUATION_LABEL], int(value))
    for labels, value in each(instruments.EVALUATIONS_WEIGHTED):
        weights, label = of(labels).weights, labels[gen_ai.EVALUATION_LABEL]
        weights[label] = weights.get(label, 0.0) + value
    for labels, value in each(instruments.EVALUATIONS_WEIGHTED_SQUARED):
        of(labels).squared += value
    for labels, value in each(instruments.SHADOW_COMPARISONS):
        judge = of(labels)
        judge.compared += int(value)
        judge.agreed += int(value) if labels[gen_ai.EVALUATION_LABEL] == labels[otel_evals.ACTIVE_LABEL] else 0
    for labels, value in each(instruments.EVALUATION_ERRORS):
        _add(of(labels).errors, labels[gen_ai.ERROR_TYPE], value)
    for labels, value in each(instruments.JUDGE_COST):
        judge = of(labels)
        judge.cost = (judge.cost or 0.0) + value
    for judge_id, distribution in _by_judge(lags).items():
        judge = of({otel_evals.EVALUATOR_ID: judge_id})
        judge.lag, judge.bounds = distribution, bounds
    return judges


def _by_judge(lags: Sequence[Bucketed]) -> dict[str, Distribution]:
    """One distribution a judge, over its versions and the models that answered."""
    counts: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for labels, distribution in lags:
        counts[labels[otel_evals.EVALUATOR_ID]].append(distribution.counts)
    return {
        judge: Distribution(counts=tuple(map(sum, zip(*rows, strict=True))), total=0.0, exemplars=())
        for judge, rows in counts.items()
    }


def _count(judge: JudgeFigures, label: str, value: int) -> None:
    if label == Label.PASS.value:
        judge.passed += value
    else:
        judge.failed += value


def _add(sums: dict[str, int], key: str, value: float) -> None:
    sums[key] = sums.get(key, 0) + int(value)


def _is_judge(labels: Mapping[str, str]) -> bool:
    """Whether a point is of a judge: of one that the point names, and no inline check."""
    judge = EvaluatorType.LLM_JUDGE.value
    return bool(labels[otel_evals.EVALUATOR_ID]) and labels.get(otel_evals.EVALUATOR_TYPE, judge) == judge
