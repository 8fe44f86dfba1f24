"""Whether given passages hold evidence for a question: its words, how close together, and an answer of the asked type.

Called by `wrong_refusal`, only for answers that refuse, so it may cost tens of microseconds.

The measure is one of chance: the more text there is, the more of a question's words meet in it without meaning
anything, so matched words count against the amount of text, both as logarithms. Words that stand in one sentence count
again. The six coefficients were fitted by logistic regression on questions that people marked (un)answerable.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from otel_evals.text.fold import fold
from otel_evals.text.question_words import STOP, WANTS
from otel_evals.text.tokens import words

_SUFFIX: Final = re.compile(r"(?:'s|ingly|edly|ations?|ing|ies|ied|ers?|ors?|ed|es|s|ly|en|e|y)$")
_CJK: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?。！？])\s+|\n+")  # noqa: RUF001 - full-width marks end sentences too
_ASKED_TYPE: Final = re.compile(r"\b(?:what|which|whose|how many|how much)((?: [^\W_]+){1,2})")
"""The noun that names the type of the answer ("which country …"): its passage need not say it."""
_TYPE_WEIGHT: Final = 0.2
_MOST_WORDS: Final = 250
"""Words of context beyond which more text does not make evidence less likely: retrieval put it there on purpose."""
_FLOOR: Final = 0.3


def evidence(question: str, passages: Sequence[str]) -> float:
    """How likely it is, 0 to 1, that the passages hold evidence for the question."""
    weights = _weights(question)
    whole = sum(weights.values())
    if not whole:
        return 0.0
    together, close, sentence = 0.0, 0.0, ""
    for passage in passages:
        found: set[str] = set()
        for part in _SENTENCE_END.split(passage):
            keys = {key for key in _keys(part) if key in weights}
            found |= keys
            if (here := sum(weights[k] for k in keys)) > close:
                close, sentence = here, part
        together = max(together, sum(weights[k] for k in found))
    scale = len(weights) / whole
    amount = sum(len(_pieces(passage)) for passage in passages)
    return _likelihood(together * scale, close * scale, len(weights), amount, _holds_answer(question, sentence))


def _likelihood(together: float, close: float, asked: int, amount: int, answer: bool) -> float:  # noqa: FBT001 - a feature
    """The fitted model.

    Args:
        together: words of the question, by weight, that the best passage holds.
        close: the same for the best sentence.
        asked: content words of the question.
        amount: words of all passages.
        answer: whether the best sentence holds something of the asked type (a date for "when").
    """
    logit = (
        2.2
        + 1.41 * math.log(_FLOOR + together)
        + 1.03 * math.log(_FLOOR + close)
        - 0.39 * math.log(1 + max(0.0, asked - together))
        + 0.39 * answer
        - 1.43 * math.log(1 + min(amount, _MOST_WORDS))
    )
    return 1 / (1 + math.exp(-logit))


def _pieces(passage: str) -> Sequence[str]:
    """Words; in scripts without spaces about two characters each."""
    pieces = passage.split()
    return pieces if len(passage) < 20 * max(1, len(pieces)) else passage[::2]


def _holds_answer(question: str, sentence: str) -> bool:
    """Whether `sentence` holds something of the type that the question asks for, other than its own words."""
    folded = _plain(question)
    kind = next((pattern for asks, pattern in WANTS if asks.search(folded)), None)
    if kind is None:
        return True
    said = frozenset(words(folded))
    return any(_plain(m.group()) not in said for m in kind.finditer(sentence))


def _weights(question: str) -> dict[str, float]:
    """The content words of a question, as keys, by how much they say."""
    named = {key for m in _ASKED_TYPE.finditer(_plain(question)) for word in m[1].split() for key in _keys_of(word)}
    return {
        key: _weight(key, raw) * (_TYPE_WEIGHT if key in named and not raw[:1].isupper() else 1.0)
        for raw in words(question)
        if (low := _plain(raw)) not in STOP
        for key in _keys_of(low)
    }


def _keys(text: str) -> Iterable[str]:
    return (key for word in words(_plain(text)) if word not in STOP for key in _keys_of(word))


def _plain(text: str) -> str:
    """`text` folded and without accents: names are spelled both ways."""
    folded = fold(text)
    if folded.isascii():
        return folded
    return "".join(c for c in unicodedata.normalize("NFD", folded) if not "\u0300" <= c <= "\u036f")


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
