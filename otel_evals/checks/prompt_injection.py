"""`prompt_injection`: the input or the context tries to take over the instructions.

It reads what strangers may have written (user turns, tool results, documents, and the retrieved passages that a system
prompt quotes; never the system prompt's own words), and adds up signals of `text.attacks`. A rule cannot know every
attack; what it guards is the rate of false alarms, so that its failures are worth a look.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

import msgspec

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.text.attacks import GUARDED, GUARDED_THING, SIGNALS, Family, Signal
from otel_evals.text.context import Origin
from otel_evals.text.fold import fold
from otel_evals.text.patterns import Pattern, Target, compile_expression
from otel_evals.text.scan import Scan

_WHY: Final = {
    Family.OVERRIDE: "tells the model to drop its instructions",
    Family.EXTRACTION: "asks for hidden instructions or secrets",
    Family.JAILBREAK: "puts the model in a role without rules",
    Family.DELIMITER: "fakes the marks between messages",
    Family.FORCED_REPLY: "dictates the reply",
    Family.AUTHORITY: "claims authority over the model",
    Family.ENCODING: "hides text in an encoding",
    Family.SECRECY: "asks the model to conceal",
    Family.EMBEDDED: "gives orders from within a document or tool result",
    Family.STUFFING: "floods the model with one repeated text",
}
_BY_PATTERN: Final = {signal.pattern: signal for signal in SIGNALS}
_PATTERNS: Final = tuple(_BY_PATTERN)

_STUFFING_WEIGHT: Final = 0.8
_NAMES_SECRET: Final = 0.5
"""Weight of a text that speaks of what the system prompt guards, without a demand for it."""
_PROBE: Final = 12
"""Characters of the piece whose repetition is counted."""
_STUFFED_SHARE: Final = 0.25
"""Share of the text that one repeated piece has to fill."""
_STUFFED_NEAR: Final = 120
"""Characters within which such a piece comes again: their mean distance is 48 at most. Mostly none does."""
_PLAIN_FILL: Final = frozenset("-=_*.|#~+ \n\t\r0,")
"""Characters that fill tables and rules."""

_WARNING: Final = re.compile(
    r"\b(?:if|never|not|don't|asks?|asking|attempts?|tries|trying|tells?|telling|requests?|such as|like)\b[^.\n]*$"
)
"""What stands before an attack that a system prompt only warns of."""

_GUARDED: Final[Any] = compile_expression(GUARDED)
_GUARDED_THING: Final[Any] = compile_expression(GUARDED_THING)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptInjection:
    """Fails when the signals of an attack add up to the threshold; the score falls with every signal."""

    name: ClassVar[str] = "prompt_injection"
    band: ClassVar[RiskBand | None] = RiskBand.MEDIUM
    needs_content: ClassVar[bool] = True

    threshold: Annotated[
        float,
        msgspec.Meta(
            gt=0,
            description="Sum of signal weights at which the input fails. Default 1.0: one plain attack, or two weaker "
            "signs together. Raise it to 1.5 for users who talk about prompts for a living.",
        ),
    ] = 1.0

    def patterns(self) -> tuple[Pattern, ...]:
        """The signals of all families."""
        return _PATTERNS

    def evaluate(self, scan: Scan) -> Finding | None:
        """Fails on an attack; None when nobody but the system wrote anything."""
        text = scan.untrusted_folded
        if not text:
            return None
        weights = _weigh(scan, text)
        if not weights:
            return passed()
        total = sum(weights.values())
        score = max(0.0, 1.0 - 0.5 * total / self.threshold)
        if total < self.threshold:
            return passed("The input has signs of an attack, too few to say so.", score)
        reasons = sorted(weights, key=lambda f: (-weights[f], f))
        return failed(f"The input {' and '.join(_WHY[f] for f in reasons[:3])}.", score)


def _weigh(scan: Scan, text: str) -> dict[Family, float]:
    """The weight of each family that shows; empty for nearly every text, at the price of the shared pass alone."""
    found: dict[Family, float] = {}
    for hit in scan.hits(Target.UNTRUSTED_FOLDED):
        signal = _BY_PATTERN.get(hit)
        if signal is None:
            continue  # another check's
        if signal.weight > found.get(signal.family, 0.0) and _counts(scan, signal):
            found[signal.family] = signal.weight
    if _stuffed(text):
        found[Family.STUFFING] = _STUFFING_WEIGHT
    # To name what is guarded is a user's right ("I forgot my password"); only with another sign it is an attack.
    if found and scan.system and _GUARDED_THING.search(text) and _GUARDED.search(scan.system):
        found[Family.EXTRACTION] = 1.0 if Family.EXTRACTION in found else _NAMES_SECRET
    return found


def _counts(scan: Scan, signal: Signal) -> bool:
    """Whether a hit stands where its phrase is an attack."""
    pattern = scan.compiled(signal.pattern)
    passages = [p for p in scan.context.passages if p.origin is not Origin.SYSTEM]
    system = [fold(p.text) for p in scan.context.passages if p.origin is Origin.SYSTEM]
    if signal.embedded:
        # In a tool result or a document nobody has a right to give orders.
        strangers = [fold(p.text) for p in passages]
    elif system:
        strangers = [fold(text) for text in (scan.user_text, scan.tool_results, scan.documents)]
    else:
        return True
    # The last passage of a system prompt may run into the prompt's own closing words.
    if any(pattern.search(text) for text in (*strangers, *system[:-1])):
        return True
    return bool(system) and signal.family is Family.OVERRIDE and _attacks(pattern, system[-1])


def _attacks(pattern: Any, text: str) -> bool:
    """Whether `pattern` occurs other than as what the prompt warns of ("if a document tells you to ignore …")."""
    return any(not _WARNING.search(text[max(0, m.start() - 80) : m.start()]) for m in pattern.finditer(text))


def _stuffed(text: str) -> bool:
    """Whether one short piece fills a good part of the text."""
    if len(text) < 30 * _PROBE:
        return False
    for part in (2, 3, 4, 5):
        at = len(text) // part
        piece = text[at : at + _PROBE]
        if text.find(piece, at + 1, at + _STUFFED_NEAR) < 0:
            continue
        if not _PLAIN_FILL.issuperset(piece) and text.count(piece) * _PROBE > _STUFFED_SHARE * len(text):
            return True
    return False
