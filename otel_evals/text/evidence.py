"""Whether given passages hold evidence for a question: words, how close together, and an answer of the asked type.

Called by `wrong_refusal`, only for answers that refuse, so it may cost tens of microseconds.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from otel_evals.text.fold import fold
from otel_evals.text.tokens import words

_STOP: Final = frozenset(
    (
        "a an the of and or to in on at for from by with as is are was were be been being am do does did done has have had having it its this that "
        "these those there here he she they them his her their we our you your i me my who whom whose which what when where why how many much long "
        "old often far can could will would shall should may might must not no if then than so such into about over under between during after before "
        "also any some all both each other another one ones same own only just very more most please tell give say name find list explain describe "
        "el la los las un una unos de del y o en que es son fue por para con su sus se como cual quien donde cuando cuanto der die das ein eine und oder "
        "ist sind war von zu mit auf für im den dem wer was wann wo wie viele welche welcher le les des du et ou est sont pour dans qui que quand où combien "
        "quel quelle il lo gli e di da per con chi cosa dove quale quanto os as um uma do dos em no na por qual quem onde quando het een van en is dat wie wat "
        "waar wanneer hoe в на и с по что как где кто когда сколько какой какая это"
    ).split()
)
_SUFFIX: Final = re.compile(r"(?:'s|ingly|edly|ations?|ing|ies|ied|ers?|ors?|ed|es|s|ly|en|e|y)$")
_CJK: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?。！？])\s+|\n+")  # noqa: RUF001 - full-width marks end sentences too
_WINDOW: Final = 3
"""Sentences of a passage that may share the words of one question."""

_NUMBER: Final = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion)\b",
    re.IGNORECASE,
)
_DATE: Final = re.compile(
    r"\b(?:1\d|20)\d\d\b|\b\d{1,2}(?:st|nd|rd|th)\b|\b\d{1,2}[./-]\d{1,2}\b|\bcentur|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d"
    r"|\b\d{1,2}:\d\d\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\bdays?\b|\bmonths?\b|\byears?\b|\b\d+ ?(?:am|pm)\b",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"(?<![.!?\n] )(?<!^)\b[A-Z][\w'-]+")
_WANTS: Final = (
    (
        re.compile(
            r"\bhow (?:many|much|long|old|far|tall|high|big|large|often|fast)\b|\b(?:wie viele?|cu[aá]nt[oa]s?|combien|quant[ie]|hoeveel|сколько)\b"
        ),
        _NUMBER,
    ),
    (
        re.compile(
            r"\b(?:when|what (?:year|date|day|month|time|century|decade)|which year|in which (?:year|month)|wann|cu[aá]ndo|quand|quando|wanneer|когда)\b"
        ),
        _DATE,
    ),
    (
        re.compile(
            r"\b(?:who|whom|whose|where|what (?:is the name|city|country|state|company|person|team)|which (?:city|country|person|team|company)|wer|qui[eé]n|qui|chi|quem|wie|wo|d[oó]nde|où|dove|onde|кто|где)\b"
        ),
        _NAME,
    ),
)


def evidence(question: str, passages: Iterable[str]) -> float:
    """How much of the question one stretch of a passage holds, 0 to 1; halved when an answer of the asked type is missing."""
    asked = _content(question)
    if not asked:
        return 0.0
    weights = {word: _weight(word, raw) for word, raw in asked.items()}
    whole = sum(weights.values())
    best = 0.0
    for passage in passages:
        sentences = [s for s in _SENTENCE_END.split(passage) if s.strip()]
        keyed = [frozenset(_keys(s)) for s in sentences]
        for at in range(max(1, len(sentences) - _WINDOW + 1)):
            found = frozenset[str]().union(*keyed[at : at + _WINDOW])
            covered = sum(w for word, w in weights.items() if word in found) / whole
            if covered > best and _holds_answer(question, sentences[at : at + _WINDOW]):
                best = covered
            elif covered / 2 > best:
                best = covered / 2
    return best


def _holds_answer(question: str, window: Sequence[str]) -> bool:
    folded = fold(question)
    kind = next((pattern for asks, pattern in _WANTS if asks.search(folded)), None)
    if kind is None:
        return True
    said = frozenset(words(folded))
    return any(fold(m.group()) not in said for sentence in window for m in kind.finditer(sentence))


def _content(text: str) -> dict[str, str]:
    return {key: raw for raw in words(text) if (low := fold(raw)) not in _STOP for key in _keys_of(low)}


def _keys(text: str) -> Iterable[str]:
    return (key for word in words(fold(text)) if word not in _STOP for key in _keys_of(word))


def _keys_of(word: str) -> tuple[str, ...]:
    """The stem of a word; the pairs of characters of a script without spaces."""
    if not word.isascii() and _CJK.search(word):
        return tuple(word[i : i + 2] for i in range(max(1, len(word) - 1)))
    if "-" in word or len(word) <= 3:
        return (word,)
    stem = _SUFFIX.sub("", word)
    return (stem[:8] if len(stem) >= 3 else word,)


def _weight(word: str, raw: str) -> float:
    """Names, numbers and long words say more than others."""
    return 1.0 + (raw[:1].isupper() or raw[:1].isdigit()) + (len(word) > 6) * 0.5
