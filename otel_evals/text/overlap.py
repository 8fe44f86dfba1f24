"""How much of an answer stands in its context: words, word order, names, negation. Words alone, no model.

`retrieval_support` turns these measures into a score. The vocabulary of a context is memoised: the passages of a
popular question come again and again.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count, islice
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
_CONTEXTS: Final = 64
"""Contexts whose vocabulary is kept, about half a MiB each at most."""
_SIGHTINGS: Final = 4096
"""Contexts of which is known that they were seen."""
_CONTEXT_CAP: Final = 16 * 1024
"""Characters of a context up to which its vocabulary is kept."""


_Pair = tuple[str, str]
"""A word with the one after it."""


class Vocabulary:
    """The words of a context and which of them are neighbours."""

    __slots__ = ("_folded", "_pairs", "_tokens", "words")

    def __init__(self, context: str, *, kept: bool = False) -> None:
        """Reads `context`. `kept`: for many answers, so that all pairs are worth a set, the price of three looks."""
        self._folded = fold(context)
        tokens = words(self._folded)
        self.words = frozenset(tokens)
        self._pairs = frozenset(_neighbours(tokens)) if kept else None
        self._tokens = [] if kept else tokens

    def negates(self) -> bool:
        """Whether anything is negated here. Asked for few answers, so it is not found out before."""
        return _negates(self.words, self._folded)

    def longest_stray(self, tokens: Sequence[str]) -> int:
        """The length, in pairs, of the longest run of neighbours in `tokens` that are nowhere neighbours here."""
        if self._pairs is not None:
            familiar = bytes(map(self._pairs.__contains__, _neighbours(tokens)))  # a byte a pair: a loop in C
            return max(map(len, familiar.split(b"\1")))
        pairs = list(_neighbours(tokens))
        strange = set(pairs)
        strange.difference_update(_neighbours(self._tokens))
        return max(map(len, bytes(map(strange.__contains__, pairs)).split(b"\0"))) if strange else 0


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


def vocabulary(context: str) -> Vocabulary:
    """The vocabulary of a context, from memory when it comes again and is short enough to be kept.

    Only what was seen before is kept: most contexts never come again, and to hold their words costs more than to cut
    them.
    """
    if len(context) > _CONTEXT_CAP or not next(_sightings(hash(context))):
        return Vocabulary(context)
    return _kept(context)


@lru_cache(maxsize=_SIGHTINGS)
def _sightings(_context: int) -> Iterator[int]:
    """Counts how often a context, given by its hash, was asked for."""
    return count()


@lru_cache(maxsize=_CONTEXTS)
def _kept(context: str) -> Vocabulary:
    return Vocabulary(context, kept=True)


def overlap(answer: str, tokens: Sequence[str], context: Vocabulary) -> Overlap | None:
    """Measures `answer` (whose words are `tokens`) against its context; None when it has no content words."""
    different = set(tokens)
    content = different - _STOP_WORDS
    if not content:
        return None
    missing = [word for word in content - context.words if not _in_another_form(word, context.words)]
    return Overlap(
        content_words=len(content),
        missing=len(missing),
        names_missing=any(_is_name(word, answer) for word in missing),
        longest_stray=context.longest_stray(tokens) / max(1, len(tokens) - 1),
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
