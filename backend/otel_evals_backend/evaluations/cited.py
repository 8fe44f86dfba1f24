"""The sources of an answer, with those that it cites and the passages of them that it rests on.

Which sources are cited is read as the check `citation_integrity` reads it. A passage is a sentence of a cited source
most of whose telling words stand in the answer: a help for the eye, no verdict.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from otel_evals.records.exchange import Document, Exchange
from otel_evals.text.citations import Style, citations
from otel_evals_backend.web.conversation import visible

_SENTENCE: Final = re.compile(r"[^.!?\n]*(?:[.!?]+(?=\s|$)|\n|$)\s*")
_WORD: Final = re.compile(r"[^\W_]{4,}|\d+")
_SHARE: Final = 0.5
_TELLING: Final = 2
"""Words that a passage shares at least: one alone says nothing."""
_LONGEST: Final = 20_000
"""Characters of a source that are shown."""


class Piece(msgspec.Struct, frozen=True):
    """A part of a source's text."""

    text: str
    marked: bool


class CitedSource(msgspec.Struct, frozen=True, kw_only=True):
    """A retrieved document as the page of a call shows it."""

    number: int
    title: str
    cited: bool
    score: float | None
    pieces: tuple[Piece, ...]
    cut: int
    """Characters that are left out."""


def cited_sources(exchange: Exchange) -> tuple[CitedSource, ...]:
    """The documents of the call, in their order."""
    answer = "\n".join(choice.message.text for choice in exchange.choices)
    labels = {citation.label.casefold() for citation in citations(answer) if citation.style is not Style.LINK}
    words = {word.casefold() for word in _WORD.findall(answer)}
    return tuple(_source(number, document, labels, words) for number, document in enumerate(exchange.documents, 1))


def _source(number: int, document: Document, labels: set[str], words: set[str]) -> CitedSource:
    cited = str(number) in labels or (document.id or "").casefold() in labels - {""}
    shown = document.text[:_LONGEST]
    return CitedSource(
        number=number,
        title=visible(document.id or "")[:120],
        cited=cited,
        score=document.score,
        pieces=tuple(_pieces(shown, words)) if cited else (Piece(visible(shown), marked=False),),
        cut=len(document.text) - len(shown),
    )


def _pieces(text: str, words: set[str]) -> Iterable[Piece]:
    """`text` cut into runs of sentences that the answer rests on and others."""
    run, marked = "", False
    for sentence in _SENTENCE.findall(text):
        telling = {word.casefold() for word in _WORD.findall(sentence)}
        shared = len(telling & words)
        rests = shared >= _TELLING and shared >= _SHARE * len(telling)
        if rests != marked and run:
            yield Piece(visible(run), marked)
            run = ""
        marked = rests
        run += sentence
    if run:
        yield Piece(visible(run), marked)
