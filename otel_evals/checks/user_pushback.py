"""`user_pushback`: the user's latest turn says that the previous answer was wrong.

The cheapest label there is: the user's own word. It looks at the beginning of the last user turn, and only where an
answer came before it, because the same words open an ordinary question ("But isn't it cold there?") elsewhere.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

import msgspec

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.records.exchange import Message
from otel_evals.text.patterns import OPENING_REACH, Pattern, Target, compile_expression
from otel_evals.text.pushback_phrases import DENIALS, DISPUTED, OPENERS, OTHER_LANGUAGES, REPLY
from otel_evals.text.scan import Scan

_PATTERNS: Final = {
    target: tuple(Pattern(target, expression) for expression in (*DENIALS, *OPENERS, *OTHER_LANGUAGES))
    for target in (Target.QUESTION_OPENING, Target.QUESTION_FOLDED)
}
_PATTERN_SET: Final = frozenset(pattern for patterns in _PATTERNS.values() for pattern in patterns)

_REPLY: Final[Any] = compile_expression(REPLY)
_DISPUTED: Final[Any] = compile_expression(DISPUTED)
_QUESTION_MARKS: Final = ("?", "\u061f", "\uff1f")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPushback:
    """Fails when the last user turn disputes the answer before it; None where no answer came before."""

    name: ClassVar[str] = "user_pushback"
    band: ClassVar[RiskBand | None] = RiskBand.MEDIUM
    needs_content: ClassVar[bool] = True

    reach: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            description="Characters from the start of the user's turn within which the dispute has to begin. Default "
            "300: what stands deeper is pasted text or the task itself.",
        ),
    ] = 300

    def patterns(self) -> tuple[Pattern, ...]:
        """The disputing phrases of all languages."""
        return _PATTERNS[self._target]

    @property
    def _target(self) -> Target:
        return Target.QUESTION_OPENING if self.reach <= OPENING_REACH else Target.QUESTION_FOLDED

    def evaluate(self, scan: Scan) -> Finding | None:
        """Fails on a dispute at the beginning of the last user turn."""
        answer = _disputable_answer(scan.exchange.messages)
        if answer is None:
            return None
        hits = scan.hits(self._target) & _PATTERN_SET
        if not any(scan.find(hit)[0].start() <= self.reach for hit in hits):
            return passed()
        if answer.endswith(_QUESTION_MARKS) or "thank" in scan.question_folded[: self.reach]:
            said = scan.question_folded[: self.reach]
            if _REPLY.search(said) and not _DISPUTED.search(said):
                return passed("The user says no to a question or an offer.")
        return failed("The user disputes the previous answer.")


def _disputable_answer(messages: tuple[Message, ...]) -> str | None:
    """The answer before the last user turn that holds text; None when there is none."""
    asked = False
    for message in reversed(messages):
        if asked and message.role == "assistant" and message.text:
            return message.text.rstrip()
        asked = asked or (message.role == "user" and bool(message.text))
    return None
