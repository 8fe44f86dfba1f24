"""Fails when the answer was cut off or blocked: finish reason `length`, `content_filter` or `error`.

It needs no content, so it also serves applications that do not capture any. Called by the engine for every choice.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.text.patterns import Pattern
from otel_evals.text.scan import Scan

_FAILURES: Final = {
    "length": failed("The answer was cut off at the token limit (finish reason length)."),
    "content_filter": failed("The answer was blocked by a content filter (finish reason content_filter)."),
    "error": failed("The provider broke the answer off (finish reason error)."),
}
_BROKEN_OFF: Final = failed("The call failed after a part of the answer had arrived.")
_PASSED: Final = passed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Whether the model came to the end of its answer. An unknown finish reason says nothing."""

    name: ClassVar[str] = "complete"
    band: ClassVar[RiskBand | None] = RiskBand.HIGH
    needs_content: ClassVar[bool] = False

    def patterns(self) -> tuple[Pattern, ...]:
        """None: the finish reason decides."""
        return ()

    def evaluate(self, scan: Scan) -> Finding | None:
        """Fails by finish reason; None when it is unknown, or when the call failed before any answer came."""
        reason = scan.choice.finish_reason
        if scan.exchange.failed:
            started = bool(scan.choice.message.text or scan.choice.message.tool_calls)
            return _FAILURES.get(reason or "", _BROKEN_OFF) if started else None
        if reason is None:
            return None
        return _FAILURES.get(reason, _PASSED)
