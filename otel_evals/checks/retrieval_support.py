"""Fails when the answer's content is not supported by the retrieved or given context.

Called by the engine for every choice whose content is known. It compares words, so it sees what was made up, not what
was turned round with the words of the context; a judge is the tool for that.
"""

import math
import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.text.context import Origin, Passage
from otel_evals.text.overlap import Overlap, Vocabulary, overlap
from otel_evals.text.patterns import Pattern
from otel_evals.text.refusals import PATTERNS, read_refusal
from otel_evals.text.scan import Scan, capped
from otel_evals.text.tokens import words

_MARKS: Final = (("[", re.compile(r"\[[^\[\]\n]{1,60}\]")), ("【", re.compile(r"【[^】\n]{1,60}】")))
"""Citation marks: they are `citation_integrity`'s matter and no words of the answer. One expression each, as one that
begins with a single character skips the text before it."""
_INTERCEPT: Final = -2.15
_PRECISION: Final = 5.6
_STRAY: Final = 2.95
_NAME: Final = 0.96
_ITSELF: Final = 1.54
_NEGATION: Final = 0.52
_MISSING: Final = 1.12
_LENGTH: Final = 0.82
"""Weights of a logistic model over public answers that people marked as supported or not (dialogue, summaries, question
answering). Precision and unfamiliar word order lead; in a long answer a single missing word weighs less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalSupport:
    """How well the given context supports the answer. Score = estimated probability that people call it supported."""

    name: ClassVar[str] = "retrieval_support"
    band: ClassVar[RiskBand | None] = RiskBand.MEDIUM
    needs_content: ClassVar[bool] = True

    threshold: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Score below which the answer fails. Default 0.6, where one pass in seven fails on public "
            "answers that include chat and one-sentence summaries; lower it where answers add of their own on purpose.",
        ),
    ] = 0.6

    def patterns(self) -> tuple[Pattern, ...]:
        """The refusing phrases: a refusal states nothing that could be supported."""
        return PATTERNS

    def evaluate(self, scan: Scan) -> Finding | None:
        """Compares the answer with its context; None without context, for JSON, refusals, and answers such as `yes`."""
        answer = scan.answer
        if not answer or answer[0] in "{[":
            return None
        passages = [f"{p.id} {p.text}" if p.id else p.text for p in scan.context.passages if _is_text(p)]
        context = capped("\n".join(passages)) if passages else ""
        if not context or ((refusal := read_refusal(scan)) and not refusal.partial):
            return None
        folded = _uncited(scan.answer_folded)
        tokens = scan.answer_words if folded is scan.answer_folded else words(folded)
        measured = overlap(answer, folded, tokens, Vocabulary(context))
        if measured is None:
            return None
        score = support(measured)
        if score >= self.threshold:
            return passed(score=score)
        return failed(_sentence(measured), score=score)


def _uncited(text: str) -> str:
    """`text` without its citation marks."""
    for opening, mark in _MARKS:
        if opening in text:
            text = mark.sub(" ", text)
    return text


def _sentence(measured: Overlap) -> str:
    missing = (
        f"{measured.missing} of {measured.content_words} content words of the answer are in no passage of its context"
    )
    signs = [
        sign
        for sign, seen in (
            ("a name is among them", measured.names_missing),
            ("it speaks of itself", measured.speaks_of_itself),
            ("it negates what no passage negates", measured.negation_added),
        )
        if seen
    ]
    stray = f"its longest run of words in an unfamiliar order is {measured.longest_stray:.0%} of it"
    return f"{'; '.join([missing, stray, *signs])}."


def support(measured: Overlap) -> float:
    """Estimated probability that people would call an answer with these measures supported."""
    precision = 1 - measured.missing / measured.content_words
    evidence = (
        _INTERCEPT
        + _PRECISION * precision
        - _STRAY * measured.longest_stray
        - _NAME * measured.names_missing
        - _ITSELF * measured.speaks_of_itself
        - _NEGATION * measured.negation_added
        + _MISSING * math.log1p(measured.missing)
        - _LENGTH * math.log1p(measured.content_words)
    )
    return 1 / (1 + math.exp(-evidence))


def _is_text(passage: Passage) -> bool:
    """Structured tool results hold facts, not sentences: an answer says them in words of its own."""
    return passage.origin is not Origin.TOOL or passage.text[:1] not in ("{", "[")
