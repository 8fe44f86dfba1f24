"""`answered`: the answer is an answer, not a refusal.

A refusal is no risk by itself (it may be the right thing to say), so the check has no band; its pass rate is the
answer rate that dashboards show. `wrong_refusal` tells whether a refusal was called for.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.text.patterns import Pattern
from otel_evals.text.refusals import PATTERNS, RefusalKind, read_refusal
from otel_evals.text.scan import Scan

_WHY: Final = {
    RefusalKind.UNABLE: "The answer declines to help.",
    RefusalKind.NO_INFORMATION: "The answer says that it has no information to answer with.",
    RefusalKind.OBJECTION: "The answer objects to the request instead of answering it.",
}
_PARTIAL: Final = 0.7
"""Score of an answer that begins with a refusing phrase and helps all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Fails on a refusal. Help that follows an apology is an answer; an empty answer is not judged here."""

    name: ClassVar[str] = "answered"
    band: ClassVar[RiskBand | None] = None
    needs_content: ClassVar[bool] = True

    def patterns(self) -> tuple[Pattern, ...]:
        """The refusing phrases of all languages."""
        return PATTERNS

    def evaluate(self, scan: Scan) -> Finding | None:
        """Passes an answer (score 0.7 when it refuses in part), fails a refusal; None without an answer."""
        if not scan.answer or scan.answer.isspace():
            return None
        refusal = read_refusal(scan)
        if refusal is None:
            return passed()
        if refusal.partial:
            return passed("The answer refuses a part and helps with the rest.", _PARTIAL)
        return failed(_WHY[refusal.kind])
