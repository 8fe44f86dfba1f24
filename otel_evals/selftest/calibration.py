"""A judge against people: the confusion of their labels, and what follows from it where there are labels enough.

Called by the verb `judge calibrate`. Rows without a verdict are non-responses: counted, in no share.
"""

from collections.abc import Sequence

import msgspec

from otel_evals.selftest.agreement import Agreement, cohen_kappa, gwet_ac1
from otel_evals.selftest.asking import Outcome
from otel_evals.selftest.labelled import Labelled
from otel_evals.selftest.measures import Measures, measure
from otel_evals.selftest.proportion import FLOOR, Share
from otel_evals.selftest.subjects import Subject

Judged = tuple[Labelled, Outcome]


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    """How often the judge said what of cases that people passed or failed."""

    pass_pass: int = 0
    """Both pass."""
    pass_fail: int = 0
    """The judge passes what people fail: the error that hides failures."""
    fail_pass: int = 0
    """The judge fails what people pass."""
    fail_fail: int = 0
    """Both fail."""
    none_pass: int = 0
    """No verdict on what people pass."""
    none_fail: int = 0
    """No verdict on what people fail."""

    @property
    def passes(self) -> int:
        """Judged cases that people passed."""
        return self.pass_pass + self.fail_pass

    @property
    def fails(self) -> int:
        """Judged cases that people failed."""
        return self.pass_fail + self.fail_fail

    @property
    def lacking(self) -> tuple[int, int]:
        """Labels of pass and of fail that lack before anything but counts can be told."""
        return max(0, FLOOR - self.passes), max(0, FLOOR - self.fails)

    @property
    def enough(self) -> bool:
        """Whether there are labels enough."""
        return not any(self.lacking)

    @property
    def tpr(self) -> Share:
        """Of what people pass, what the judge passes."""
        return _share(self.pass_pass, self.passes)

    @property
    def tnr(self) -> Share:
        """Of what people fail, what the judge fails."""
        return _share(self.fail_fail, self.fails)

    @property
    def accuracy(self) -> Share:
        """What both say alike."""
        return _share(self.pass_pass + self.fail_fail, self.passes + self.fails)

    @property
    def table(self) -> list[list[int]]:
        """The judge's pass and fail down, people's across."""
        return [[self.pass_pass, self.pass_fail], [self.fail_pass, self.fail_fail]]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """One judge's."""

    id: str
    name: str
    version: str
    answerer: str
    rows: int
    """Cases that were to be judged."""
    inapplicable: dict[str, int]
    """Cases that lack what the rubric needs, by need."""
    confusion: Confusion
    kappa: Agreement | None
    """Cohen's; None below the floors."""
    ac1: Agreement | None
    """Gwet's; None below the floors."""
    measures: Measures
    unreachable: str | None = None
    unpriced: tuple[str, ...] = ()


def confusion(judged: Sequence[Judged]) -> Confusion:
    """The confusion of labels and verdicts."""
    counts = dict.fromkeys(Confusion.__struct_fields__, 0)
    for row, outcome in judged:
        said = "none" if outcome.verdict is None else outcome.verdict.label.value
        counts[f"{said}_{row.label.value}"] += 1
    return Confusion(**counts)


def calibration(
    subject: Subject,
    judged: Sequence[Judged],
    *,
    rows: int,
    inapplicable: dict[str, int],
    unpriced: Sequence[str],
    unreachable: str | None,
) -> Calibration:
    """The calibration of `subject` from what it said."""
    found = confusion(judged)
    return Calibration(
        id=subject.id,
        name=subject.judge.name,
        version=subject.judge.version,
        answerer=subject.answerer,
        rows=rows,
        inapplicable=inapplicable,
        confusion=found,
        kappa=cohen_kappa(found.table) if found.enough else None,
        ac1=gwet_ac1(found.table) if found.enough else None,
        measures=measure([outcome for _, outcome in judged]),
        unreachable=unreachable,
        unpriced=tuple(unpriced),
    )


def verdict_row(row: Labelled, judge: str, version: str, outcome: Outcome) -> dict[str, object]:
    """What is written of one verdict: the label beside it, and nothing of the case itself."""
    told: dict[str, object] = {"id": row.id, "line": row.line, "judge": judge, "version": version, "human": row.label}
    if (failure := outcome.failure) is not None:
        return told | {"outcome": failure.outcome, "error": failure.error_type, "seconds": round(outcome.seconds, 3)}
    verdict = outcome.verdict
    assert verdict is not None  # noqa: S101 - an outcome is one of the two
    return told | {
        "outcome": "judged",
        "label": verdict.label,
        "agrees": verdict.label is row.label,
        "score": verdict.score,
        "grade": verdict.grade,
        "confidence": verdict.confidence,
        "explanation": verdict.explanation,
        "model": verdict.model,
        "mismatched": verdict.mismatched,
        "input_tokens": verdict.usage.input_tokens,
        "output_tokens": verdict.usage.output_tokens,
        "cost": verdict.cost,
        "seconds": round(outcome.seconds, 3),
    }


def _share(hits: int, n: int) -> Share:
    return Share(hits=hits, trials=n, distinct=n)
