"""How much of an answer stands in its context: words, word order, names, negation. Words alone, no model.

`retrieval_support` turns these measures into a score. An answer that quotes its context sentence by sentence is
measured without cutting the context into words, which is most of the work. Nothing is remembered: contexts seldom come
again word for word, and to keep the words of all costs more than it saves on those.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice, pairwise
from typing import Final

import msgspec

from otel_evals.text.fold import fold
from otel_evals.text.tokens import words

_STOP_WORDS: Final = frozenset(
    """a an the and or but nor also as at by for from in into is it its of off on onto so than that this these those to
    was were be been being are he she they we you i his her him them their our your my me us which who whom whose where
    when while with if then there here has have had do does did will would can could shall should may might must very
    about what how why because just not no yes any all each other some such only both own same too more most s t d ll re
    ve m it's that's i'm don't there's der die das den dem des ein eine einen und oder aber mit von zu im am ist sind
    war nicht auch auf für als wie es sie er wir le la les un une des du de et ou mais dans pour par sur est sont que
    qui ne pas en au aux el los las una y o pero con por para es son no se lo del al il lo gli i e di da che non per
    sono os as um uma em na dos das não com são het een van ik je niet dat met voor zijn op te
    """.split()  # noqa: SIM905 - a list of words
)
_FIRST_PERSON: Final = frozenset({"i", "i'm", "i've", "i'd", "my", "me", "we", "our"})
_NEGATIONS: Final = frozenset({"not", "no", "never", "without", "cannot", "neither", "none", "nicht", "kein", "keine"})
_SUFFIXES: Final = ("'s", "ing", "ied", "ies", "ed", "es", "ly", "s", "e")
_ENDINGS: Final = ("", *_SUFFIXES)
_SENTENCE_EDGE: Final = " .\n"
_BETWEEN: Final = "".join(chr(i) for i in range(128) if not chr(i).isalnum())
"""Characters that may stand between two words of a plain text."""
_EDGES: Final = frozenset({"", *_BETWEEN} - {"'", "-"})
"""What beside a word, in a plain text, says that it ends here; hyphens and apostrophes may join it to another."""

_Pair = tuple[str, str]
"""A word with the one after it."""


class Vocabulary:
    """The words of a context and which of them are neighbours, found out as far as an answer asks for them."""

    __slots__ = ("_folded", "_tokens", "_words")

    def __init__(self, context: str) -> None:
        """Reads `context`."""
        self._folded = fold(context)
        self._tokens: list[str] | None = None
        self._words: frozenset[str] | None = None

    @property
    def tokens(self) -> list[str]:
        """The words in order."""
        if self._tokens is None:
            self._tokens = words(self._folded)
        return self._tokens

    @property
    def words(self) -> frozenset[str]:
        """The different words."""
        if self._words is None:
            self._words = frozenset(self.tokens)
        return self._words

    def negates(self) -> bool:
        """Whether anything is negated here. Asked for few answers, so it is not found out before."""
        return _negates(self.words, self._folded)

    def longest_stray(self, tokens: Sequence[str]) -> int:
        """The length, in pairs, of the longest run of neighbours in `tokens` that are nowhere neighbours here."""
        pairs = list(_neighbours(tokens))
        strange = set(pairs)
        strange.difference_update(_neighbours(self.tokens))
        return max(map(len, bytes(map(strange.__contains__, pairs)).split(b"\0"))) if strange else 0

    def longest_stray_of_quotes(self, folded: str) -> int | None:
        """`longest_stray` of the words of a text when every sentence of it stands here, and so every word of it does.

        None when that is not so, or not plain at a glance. The sentences, of two words or more, are strange only to
        each other: the longest stray is 0 or 1.
        """
        context = self._folded
        if not (folded.isascii() and context.isascii()):
            return None
        sentences: list[str] = []
        for part in folded.replace("\n", ". ").split(". "):
            if sentence := part.strip(_SENTENCE_EDGE):
                if not _stands_in(sentence, context):
                    return None
                sentences.append(sentence)
        for before, after in pairwise(sentences):
            if _never_follows(before[before.rfind(" ") + 1 :], after[: after.find(" ")], context):
                return 1
        return 0 if len(sentences) == 1 else None


def _stands_in(sentence: str, context: str) -> bool:
    """Whether `context` holds `sentence`, of two words or more, beginning and ending where its words do."""
    at = context.find(sentence)
    if at < 0 or " " not in sentence or not (sentence[0].isalnum() and sentence[-1].isalnum()):
        return False
    end = at + len(sentence)
    return context[end : end + 1] in _EDGES and (at == 0 or context[at - 1] in _EDGES)


def _never_follows(first: str, second: str, context: str) -> bool:
    """Whether the word `second` surely follows the word `first` nowhere in `context`.

    False where a part of a longer word does, and for what is more than a plain word.
    """
    if not (first.isalnum() and second.isalnum()) or f"{first}. {second}" in context:
        return False
    for part in context.split(first)[1:]:  # noqa: SIM110 - a generator would cost more than the loop
        if part.lstrip(_BETWEEN).startswith(second):
            return False
    return True


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """What of an answer its context holds."""

    content_words: int
    """Different words of the answer that carry content."""
    missing: int
    """Those of them that are in no passage, not even in another form."""
    names_missing: bool
    """Whether one of the missing words is a name (capitalised within a sentence)."""
    longest_stray: float
    """Longest run of neighbouring words that no passage has as neighbours, as a share of the answer."""
    speaks_of_itself: bool
    """Whether the answer talks in the first person, of which no passage can know, unless a passage does so too."""
    negation_added: bool
    """Whether the answer negates while no passage does."""


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """`word` without a common English ending: enough to see `warranties` in `warranty`."""
    if word.endswith(_SUFFIXES):
        for suffix in _SUFFIXES:
            if word.endswith(suffix) and len(word) - len(suffix) >= 3:
                return word[: -len(suffix)]
    return word


def overlap(answer: str, folded: str, tokens: Sequence[str], context: Vocabulary) -> Overlap | None:
    """Measures `answer` against its context; None when it has no content words.

    `folded` is the folded answer as far as it is to be found in its context, and `tokens` are the words of that.
    """
    different = set(tokens)
    content_words = len(different) - len(different & _STOP_WORDS)
    if not content_words:
        return None
    missing: list[str] = []
    if (stray := context.longest_stray_of_quotes(folded)) is None:
        stray = context.longest_stray(tokens)
        unknown = different - context.words - _STOP_WORDS
        missing = [word for word in unknown if not _in_another_form(word, context.words)]
    return Overlap(
        content_words=content_words,
        missing=len(missing),
        names_missing=any(_is_name(word, answer) for word in missing),
        longest_stray=stray / max(1, len(tokens) - 1),
        speaks_of_itself=not different.isdisjoint(_FIRST_PERSON),
        negation_added=_negates(different, answer) and not context.negates(),
    )


def _in_another_form(word: str, known: frozenset[str]) -> bool:
    """Whether `known` holds `word` with another ending, or the parts of a compound (`24-month`)."""
    if _shares_stem(word, known):
        return True
    return "-" in word and all(_shares_stem(part, known) for part in word.split("-"))


def _shares_stem(word: str, known: frozenset[str]) -> bool:
    """Whether a word of `known` has the stem of `word`: ten to look up, instead of hundreds to be stemmed."""
    root = stem(word)
    related = known.intersection(map(root.__add__, _ENDINGS))
    return bool(related) and any(stem(other) == root for other in related)


def _negates(known: frozenset[str] | set[str], text: str) -> bool:
    return not known.isdisjoint(_NEGATIONS) or "n't" in text or "n\u2019t" in text


def _neighbours(tokens: Sequence[str]) -> Iterator[_Pair]:
    """Each word with the next one. `zip` uses its tuple again when nobody keeps it, which `pairwise` does not."""
    return zip(tokens, islice(tokens, 1, None), strict=False)


def _is_name(word: str, answer: str) -> bool:
    """Whether `word` stands capitalised in `answer` where no sentence begins."""
    if not word[0].isalpha():
        return False
    at = answer.find(word.capitalize())
    return at > 1 and answer[at - 1] in " (\"'" and answer[at - 2] not in ".!?:\n"
