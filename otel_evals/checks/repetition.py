"""Fails when the answer loops: the same word, phrase, sentence or line over and over.

Called by the engine for every choice whose content is known. Most longer answers are cleared by a few searches for
a piece that is followed by its copy and for sentences said four times; only what these leave is weighed word by word.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.text.loops import (
    comes_again,
    echoed_within_sentences,
    echoed_words,
    is_clear,
    is_verse,
    looped_words,
    prose,
    repeated_sentence_words,
    units,
)
from otel_evals.text.patterns import Pattern
from otel_evals.text.scan import Scan
from otel_evals.text.tokens import words

_SHORT: Final = 60
"""Words up to which a text is looked at whole: a single echo is a good part of it."""
_LONG: Final = 600
"""Characters from which an answer is cleared by a few searches, without a look at its words."""
_TAIL: Final = 60
_TAIL_VARIETY: Final = 24
"""Different words among the last 60 below which the end may be a loop."""
_RUN: Final = 200
"""Copies of one character at the end of an answer that are no rule or indentation any more."""
_PASSED: Final = passed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """Whether the answer goes round in circles. Score = 1 minus the share of its words that only repeat.

    Code, tables and JSON are left out: they repeat by nature.
    """

    name: ClassVar[str] = "repetition"
    band: ClassVar[RiskBand | None] = RiskBand.MEDIUM
    needs_content: ClassVar[bool] = True

    max_share: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Share of repeated words above which an answer of 60 words or more fails. Default 0.1: "
            "ordinary answers stay far below, a loop that ran into the token limit far above.",
        ),
    ] = 0.1
    max_share_short: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="The same for shorter answers, where one echo counts. Default 0.045: one echoed word in 22, "
            "fitted on machine translations that translators marked as repetitive.",
        ),
    ] = 0.045
    max_share_verse: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="The same for answers set in short lines (songs, poems, plain lists), where echoes are not "
            "counted. Default 0.5: a refrain is no loop.",
        ),
    ] = 0.5

    def patterns(self) -> tuple[Pattern, ...]:
        """None: words are counted."""
        return ()

    def evaluate(self, scan: Scan) -> Finding | None:
        """Counts what only repeats; None for an empty answer and for JSON."""
        answer = scan.answer
        if not answer or answer[0] in "{[":
            return None
        if len(answer) > _RUN and len(answer) - len(answer.rstrip(answer[-1])) >= _RUN:
            return failed("The answer ends in a run of one character.")
        if len(answer) >= _LONG and is_clear(prose(scan.answer_folded)):
            return _PASSED
        tokens = scan.answer_words
        if not tokens:
            return _PASSED
        if len(answer) < 12 * len(tokens) and _varied(tokens):
            return _PASSED
        text = prose(scan.answer_folded)
        return self._weigh(text, tokens if text is scan.answer_folded else words(text))

    def _weigh(self, text: str, tokens: list[str]) -> Finding:
        pieces = units(tokens)
        size = len(pieces)
        if not size:
            return _PASSED
        verse = is_verse(text)
        limit = self.max_share_verse if verse else self.max_share if size >= _SHORT else self.max_share_short
        echoed = 0 if verse else echoed_words(tokens)
        again = comes_again(pieces)
        counts = {
            "copies in a row": looped_words(pieces) if again else 0,
            "copies of whole sentences": repeated_sentence_words(text) if again and size >= _SHORT else 0,
            "echoes of what was just said": echoed_within_sentences(text) if echoed > limit * size else echoed,
        }
        kind, repeated = max(counts.items(), key=lambda item: item[1])
        share = min(1.0, repeated / size)
        if share <= limit:
            return passed(score=1 - share) if repeated else _PASSED
        return failed(f"The answer loops: {share:.0%} of its words are {kind}.", score=1 - share)


def _varied(tokens: list[str]) -> bool:
    """Whether a longer text has as many different words as ordinary language; a loop has few."""
    size = len(tokens)
    if size < _SHORT:
        return False
    return len(set(tokens)) > 1.3 * size**0.8 and len(set(tokens[-_TAIL:])) >= _TAIL_VARIETY
