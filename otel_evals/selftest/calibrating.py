"""Puts labelled cases to judges and keeps each verdict. Called by the verb `judge calibrate`."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from otel_evals.records.judging import Estimate
from otel_evals.rubrics.applies import missing
from otel_evals.selftest.asking import Asking, Outcome
from otel_evals.selftest.calibration import Calibration, calibration
from otel_evals.selftest.knocking import knock
from otel_evals.selftest.labelled import Labelled
from otel_evals.selftest.subjects import Bench, Subject

_KNOCKING: Final = 120.0
"""Seconds within half of which the first answer must have come."""
_LONG: Final = 7 * 86_400.0
"""Seconds; labels are dear, so that all of them are judged however slow the judge is."""

Keep = Callable[[Labelled, Subject, Outcome], None]


class Calibrating:
    """One run: what is to be asked, and what came of it.

    Args:
        bench: the judges.
        rows: the labelled cases.
    """

    def __init__(self, bench: Bench, rows: Sequence[Labelled]) -> None:
        self._bench = bench
        self._asked: list[tuple[Subject, Labelled]] = []
        self._inapplicable: dict[str, Counter[str]] = {}
        self._outcomes: dict[int, Outcome] = {}
        for subject in bench.subjects:
            lacking = self._inapplicable[subject.id] = Counter[str]()
            for row in rows:
                if row.rubric is not None and row.rubric != subject.judge.name:
                    continue
                need = missing(subject.judge.needs, row.case)
                if need is None:
                    self._asked.append((subject, row))
                else:
                    lacking[need.value] += 1

    @property
    def most(self) -> Estimate:
        """What it takes at most, but for retries."""
        each = [subject.judge.estimate(row.case) for subject, row in self._asked]
        return Estimate(
            calls=sum(one.calls for one in each),
            tokens=sum(one.tokens for one in each),
            cost=sum(one.cost for one in each),
        )

    async def run(self, asking: Asking) -> list[Calibration]:
        """Ask about every case, and report by judge."""
        calls = [(subject.judge, row.case) for subject, row in self._asked]
        answerers = [subject.answerer for subject, _ in self._asked]
        silent = await knock(answerers, calls, asking, self._outcomes, seconds=_KNOCKING)
        left = [n for n, who in enumerate(answerers) if n not in self._outcomes and who not in silent]
        await asking.run(calls, self._outcomes, left, seconds=_LONG)
        return [self._calibration(subject, silent.get(subject.answerer)) for subject in self._bench.subjects]

    def each(self, keep: Keep) -> None:
        """Hand every outcome so far to `keep`, in the order of judges and rows."""
        for position in sorted(self._outcomes):
            subject, row = self._asked[position]
            keep(row, subject, self._outcomes[position])

    def _calibration(self, subject: Subject, unreachable: str | None) -> Calibration:
        mine = [n for n, (who, _) in enumerate(self._asked) if who is subject]
        judged = [(self._asked[n][1], self._outcomes[n]) for n in mine if n in self._outcomes]
        return calibration(
            subject,
            judged,
            rows=len(mine),
            inapplicable=dict(self._inapplicable[subject.id]),
            unpriced=self._bench.unpriced([subject]),
            unreachable=unreachable,
        )
