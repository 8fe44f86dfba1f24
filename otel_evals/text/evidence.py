"""Whether given passages hold evidence for a question: how much of it they speak of, and whether they agree.

Called by `wrong_refusal`, only for answers that refuse, so it may cost some hundred microseconds.

Two measures, each with a plain meaning:

- *density*: the question's content words that one passage holds, by weight, against the amount of text. It is a measure
  of chance: the more text there is, the more of a question's words meet in it without meaning anything.
- *agreement*: the share of the passages that name one and the same thing of the asked type (a person for "who", a date
  for "when"). Search results that hold the answer repeat it; results that are merely on the topic each name another.

Passages that hold nearly nothing of the question are no evidence whatever the rest says. The three coefficients were
fitted by logistic regression on refusals of questions that people marked (un)answerable; what a word weighs was not.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from otel_evals.text.answer_types import AnswerType, asked_type
from otel_evals.text.fold import fold
from otel_evals.text.question_words import STOP
from otel_evals.text.tokens import words

_SUFFIX: Final = re.compile(r"(?:'s|ingly|edly|ations?|ing|ies|ied|ers?|ors?|ed|es|s|ly|en|e|y)$")
_CJK: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_SENTENCE_END: Final = re.compile(r"[\s](?:(?<=[.!?。！？][\s])\s*|(?<=\n)\n*)")  # noqa: RUF001 - full-width marks too
"""Spaces after a mark, or line ends. The space comes first: the engine looks for that class alone."""
_LEAST_SHARE: Final = 0.2
"""Share of the question, by weight, below which passages are on another topic."""
_NAMED: Final = 2.0
"""Weight of a name or number in a question, which other texts seldom hold by chance; another word weighs 1."""
_MOST_WORDS: Final = 250
"""Words of context beyond which more text does not make evidence less likely: retrieval put it there on purpose."""
_ON_TOPIC: Final = 0.5
"""Share of the best passage's weight from which another one has a vote: the rest is there by a wide search."""
_UNNAMED: Final = 0.37
"""Agreement where no passage names a thing of the type as we know such things: an answer can be worded otherwise."""
_ENOUGH: Final = 3
"""Passages whose agreement is full agreement, however many there are."""
_UNKNOWN: Final = 0.5
"""Agreement where it cannot be told: one passage on the topic, no thing of the type, or a question without a type."""


class _Question:
    """The content words of a question, as keys, by how much they say; and which of them a text holds."""

    def __init__(self, question: str) -> None:
        self.asked = asked_type(_plain(question))
        self.said = STOP.union(_without_genitive(word) for word in words(_plain(question)))
        self.weights = {
            key: _NAMED if (i and raw[0].isupper()) or raw[0].isdigit() else 1.0
            for i, raw in enumerate(words(question))
            if (low := _without_genitive(_plain(raw))) not in STOP
            for key in _keys_of(low)
        }
        self._known: dict[str, tuple[str, ...]] = {}
        self._heads = {key[:3] for key in self.weights}

    def weight(self, keys: Iterable[str]) -> float:
        """What `keys` weigh together."""
        return sum(self.weights[key] for key in keys)

    def keys_in(self, text: str) -> set[str]:
        """The keys of the question that `text` holds."""
        plain = _plain(text)
        said = set(words(plain))
        if plain.isascii():  # then a key is how its word begins: with three letters or more, or the whole word
            said = [word for word in said if word[:3] in self._heads]
        return {key for word in said for key in self._of(word)}

    def _of(self, word: str) -> tuple[str, ...]:
        # Texts repeat their words: a stem is worked out once.
        keys = self._known.get(word)
        if keys is None:
            found = () if word in STOP else _keys_of(word)
            keys = self._known[word] = tuple(key for key in found if key in self.weights)
        return keys


class _Sentence(NamedTuple):
    text: str
    keys: set[str]


def evidence(question: str, passages: Sequence[str]) -> float:
    """How likely it is, 0 to 1, that the passages hold evidence for the question."""
    asked = _Question(question)
    whole = asked.weight(asked.weights)
    read = [[_Sentence(part, asked.keys_in(part)) for part in _SENTENCE_END.split(p)] for p in passages]
    found = [set[str]().union(*(sentence.keys for sentence in passage)) for passage in read]
    if not whole or asked.weight(set[str]().union(*found)) < _LEAST_SHARE * whole:
        return 0.0
    weights = [asked.weight(keys) for keys in found]
    together = max(weights)
    on_topic = [i for i, weight in enumerate(weights) if weight >= _ON_TOPIC * together]
    amount = min(sum(len(_pieces(passages[i])) for i in on_topic), _MOST_WORDS)
    density = math.log(0.3 + together) - math.log(20 + amount)
    logit = 2.39 + 1.43 * density + 5.34 * _agreement(asked, [read[i] for i in on_topic])
    return 1 / (1 + math.exp(-logit))


def _agreement(question: _Question, passages: Sequence[Sequence[_Sentence]]) -> float:
    """How far passages on the topic agree on one thing of the asked type, 0 to 1."""
    if question.asked is None:
        return _UNKNOWN
    votes = Counter(thing for passage in passages for thing in _things(question, question.asked, passage))
    if not votes:
        return _UNNAMED
    if len(passages) < 2:
        return _UNKNOWN
    most = min(max(votes.values()), _ENOUGH)
    return (most - 1) / (min(len(passages), _ENOUGH) - 1)


def _things(question: _Question, asked: AnswerType, passage: Sequence[_Sentence]) -> set[str]:
    """What a passage names of the asked type, in and next to the sentences that say most of the question.

    A long passage names so much that it would agree with any other one.
    """
    weights = [question.weight(sentence.keys) for sentence in passage]
    best = max(weights)
    return {
        _without_genitive(_plain(thing))
        for i, sentence in enumerate(passage)
        if best and best in weights[max(0, i - 1) : i + 2]
        for thing in asked.things(sentence.text)
    } - question.said


def _pieces(passage: str) -> Sequence[str]:
    """Words; in scripts without spaces about two characters each."""
    pieces = passage.split()
    return pieces if len(passage) < 20 * max(1, len(pieces)) else passage[::2]


def _plain(text: str) -> str:
    """`text` folded and without accents: names are spelled both ways."""
    folded = fold(text)
    if folded.isascii():
        return folded
    return "".join(c for c in unicodedata.normalize("NFD", folded) if not "\u0300" <= c <= "\u036f")


def _without_genitive(word: str) -> str:
    return word.removesuffix("'s")


def _keys_of(word: str) -> tuple[str, ...]:
    """The stem of a word; the pairs of characters of a script without spaces."""
    if not word.isascii() and _CJK.search(word):
        return tuple(word[i : i + 2] for i in range(max(1, len(word) - 1)))
    if "-" in word or len(word) <= 3:
        return (word,)
    stem = _SUFFIX.sub("", word)
    return (stem[:8] if len(stem) >= 3 else word,)
