"""`language`: the answer is in the language that the user wrote.

It fires only where both languages are beyond doubt and nobody asked for the other one: not on short or mixed texts, not
on code or data, not when user or system name the answer's language or speak of translation, not when the user wrote in
that language before.
"""

from dataclasses import dataclass
from typing import ClassVar

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.text.fold import fold
from otel_evals.text.language_words import NAMES
from otel_evals.text.languages import count_words, detect, is_asked_for, opens_in_english, prose, script_share
from otel_evals.text.patterns import Pattern
from otel_evals.text.scan import Scan
from otel_evals.text.tokens import words

_MIXED_WORDS = 0.12
"""Share of function words of the answer's language in the question that makes the question a mixed one."""
_MIXED_SCRIPT = 0.2
"""The same for letters of the answer's script, and of the question's script in the answer."""
_LEAST_MIXED = 3
_OPENING = 350
"""Characters that settle the matter when both texts agree."""
_WHOLE = 1500
"""Characters that are looked at before a failure."""
_LEAST_ASKED = 2
"""Little words that tell the language of a question: fewer than for an answer, as questions are short."""
_SHARED_SCRIPT = frozenset({"ja", "zh"})
_PASSED = passed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Fails when the answer's language is not the user's; None when either cannot be told."""

    name: ClassVar[str] = "language"
    band: ClassVar[RiskBand | None] = RiskBand.MEDIUM
    needs_content: ClassVar[bool] = True

    def patterns(self) -> tuple[Pattern, ...]:
        """None: function words and scripts decide."""
        return ()

    def evaluate(self, scan: Scan) -> Finding | None:
        """Compares the languages of the last user turn and of the answer."""
        answer = scan.answer
        if not answer or not scan.question or answer.lstrip().startswith(("{", "[")):
            return None
        question = scan.context.question
        if opens_in_english(answer) and opens_in_english(question):
            return _PASSED
        answered = _language_of(answer, length=_OPENING)
        asked = _language_of(question, _LEAST_ASKED, _OPENING) if answered else None
        if asked is not None and asked == answered:
            return _PASSED
        if len(answer) > _OPENING:  # else its opening was all of it
            answered = _language_of(answer)
        if answered and (asked is None or len(question) > _OPENING):
            asked = _language_of(question, _LEAST_ASKED)
        if answered is None or asked is None:
            return None
        if answered == asked or _is_wanted(scan, answered) or _is_mixed(scan, asked, answered):
            return _PASSED
        return failed(f"The user wrote {NAMES[asked]}, the answer is in {NAMES[answered]}.")


def _language_of(text: str, least_hits: int = _LEAST_MIXED, length: int = _WHOLE) -> str | None:
    return detect(prose(text, length), least_hits)


def _is_wanted(scan: Scan, answered: str) -> bool:
    """Whether somebody asked for the answer's language, or the user wrote in it before."""
    earlier = [m.text for m in scan.exchange.messages if m.role == "user" and m.text and m.text != scan.question]
    asked = fold("\n".join((scan.context.question, scan.system, *earlier)))
    return is_asked_for(answered, asked) or any(_language_of(text) == answered for text in earlier)


def _is_mixed(scan: Scan, asked: str, answered: str) -> bool:
    """Whether one of the two texts also speaks the language of the other."""
    question, answer = prose(scan.context.question), prose(scan.answer)
    if _SHARED_SCRIPT.issuperset((asked, answered)):
        return False
    if script_share(answered, question) > _MIXED_SCRIPT or script_share(asked, answer) > _MIXED_SCRIPT:
        return True
    return _speaks(answered, question, asked) or _speaks(asked, answer, answered)


def _speaks(language: str, text: str, main: str) -> bool:
    """Whether a text in `main` holds enough function words of `language` that are none of its own."""
    found = words(fold(text))
    foreign = count_words(language, (w for w in found if not count_words(main, (w,))))
    return foreign >= max(_LEAST_MIXED, _MIXED_WORDS * min(len(found), 120))
