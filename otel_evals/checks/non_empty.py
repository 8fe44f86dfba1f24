"""Fails when the answer is empty and no tool was called.

Absence means three things on the wire: content was not captured, the call failed, or the model really said nothing.
Only the last one is a finding. Called by the engine for every choice of an exchange whose content is known.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.records.exchange import Content
from otel_evals.text.patterns import Pattern
from otel_evals.text.scan import Scan

_INVISIBLE: Final = " \t\r\n\u200b\u200c\u200d\u2060\ufeff\u00a0\u3000"
_EXPLAINED_ELSEWHERE: Final = frozenset({"content_filter", "error", "tool_call"})
"""Finish reasons with which an empty text is no news: `complete` reports a blocked or broken answer, and a tool call
whose arguments did not reach us is still a tool call."""
_PASSED: Final = passed()


@dataclass(frozen=True, slots=True, kw_only=True)
class NonEmpty:
    """Whether the model said anything. A blocked answer is left to `complete`: one cause, one alarm."""

    name: ClassVar[str] = "non_empty"
    band: ClassVar[RiskBand | None] = RiskBand.HIGH
    needs_content: ClassVar[bool] = True

    def patterns(self) -> tuple[Pattern, ...]:
        """None: it looks for any visible character."""
        return ()

    def evaluate(self, scan: Scan) -> Finding | None:
        """Fails an answer without text, media or tool calls; None when the call failed or nobody knows its answer."""
        exchange, message = scan.exchange, scan.choice.message
        if message.text.strip(_INVISIBLE) or message.tool_calls or message.media:
            return _PASSED
        if exchange.failed or exchange.content is not Content.PRESENT:
            return None
        if scan.choice.finish_reason in _EXPLAINED_ELSEWHERE:
            return None
        if not exchange.choices and exchange.usage.output_tokens is None:
            return None  # no carrier of an answer and no sign that there was one
        if message.reasoning:
            return failed("The model reasoned but gave no answer and called no tool.")
        return failed("The answer is empty and no tool was called.")
