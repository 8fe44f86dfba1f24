"""`tone`: whether an answer keeps the shop's tone. Judged in this process: no network, no key, no price.

It stands for any judge that is too dear for every call: a small model of your own, a classifier, a rule that takes a
second. `blocking = True` has each judgement run in a thread, since the data path runs in the same process.
"""

import hashlib
import re
from dataclasses import astuple, dataclass
from typing import ClassVar

from otel_evals.api import CoverageOutcome, Estimate, JudgeCase, JudgeFailure, JudgeTarget, Label, Need, Verdict

_RUDE = re.compile(r"\b(?:stupid|obviously|calm down|not my (?:job|problem)|as i (?:already )?said)\b", re.IGNORECASE)
_LOUD = re.compile(r"!{2,}|\b[A-Z]{4,}(?:\s+[A-Z]{4,})+\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneJudge:
    """Fails an answer that is rude or loud; the score falls with each such place."""

    name: ClassVar[str] = "tone"
    target: ClassVar[JudgeTarget] = JudgeTarget.EXCHANGE
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ANSWER})
    blocking: ClassVar[bool] = True

    allowed: int = 0
    """Rude or loud places that an answer may have. Default: 0."""

    @property
    def version(self) -> str:
        """Hash of all that decides: the phrases and the settings."""
        decides = (_RUDE.pattern, _LOUD.pattern, *astuple(self))
        return hashlib.sha256(repr(decides).encode()).hexdigest()[:12]

    def estimate(self, case: JudgeCase) -> Estimate:
        """One call that costs nothing."""
        return Estimate(calls=1)

    async def judge(self, case: JudgeCase) -> Verdict:
        """The verdict on the last answer. Raises JudgeFailure when there is none."""
        texts = [choice.message.text for choice in case.exchange.choices]
        if not texts:
            raise JudgeFailure("there is no answer", outcome=CoverageOutcome.FILTERED, error_type="no_answer")
        found = _places(texts[-1])
        score = 1.0 / (1 + found)
        if found <= self.allowed:
            return Verdict(label=Label.PASS, score=score, explanation="The answer keeps the tone.", cost=0.0)
        return Verdict(label=Label.FAIL, score=score, explanation="The answer is rude or loud.", cost=0.0)

    async def close(self) -> None:
        """It holds nothing."""


def _places(text: str) -> int:
    return len(_RUDE.findall(text)) + len(_LOUD.findall(text))
