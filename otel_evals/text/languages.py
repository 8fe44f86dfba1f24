"""Which language a text is in: by script first, then by function words. Rather unknown than wrong.

Used by the check `language`. There is no model behind it: a script names its language (or its family), and in Latin
script the little words do. A text that is short, mixed, code, or in a language that is not listed has none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from otel_evals.text.fold import fold
from otel_evals.text.language_words import CALLED, LETTERS, REQUESTS, TRANSLATION, WORDS
from otel_evals.text.tokens import words

_CLOSE: Final = tuple(frozenset(group.split()) for group in ("es pt it", "sv da no", "sl hr cs pl", "nl de"))
"""Languages that share many little words: a decision between them needs a wider margin."""


def _index(words_of: dict[str, str]) -> dict[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for language, listed in words_of.items():
        for word in dict.fromkeys(listed.split()):
            index[word] = (*index.get(word, ()), language)
    return index


_LANGUAGES_OF: Final = _index(
    {language: f"{listed} {REQUESTS.get(language, '')}" for language, listed in WORDS.items()}
)
_ENGLISH: Final = frozenset(WORDS["en"].split())
_LANGUAGES: Final = tuple(WORDS)
_TALLIED: Final = len(_LANGUAGES)
_TALLY_OF: Final = {
    word: sum(1 << 8 * _LANGUAGES.index(language) for language in languages)
    for word, languages in _LANGUAGES_OF.items()
}
"""Each little word as one number with a byte for each language, so that one sum in C counts for all of them.

A word counts once at most for a language and a sample is no longer than a byte holds, so no byte runs over."""

_RANGES: Final = {
    "ja": "\u3040-\u30ff",
    "zh": "\u3400-\u9fff",
    "ko": "\uac00-\ud7af\u1100-\u11ff",
    "ru": "\u0400-\u052f",
    "ar": "\u0600-\u06ff",
    "hi": "\u0900-\u097f",
    "he": "\u0590-\u05ff",
    "el": "\u0370-\u03ff",
    "th": "\u0e00-\u0e7f",
    "bn": "\u0980-\u09ff",
    "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f",
    "gu": "\u0a80-\u0aff",
    "pa": "\u0a00-\u0a7f",
    "ka": "\u10a0-\u10ff",
    "hy": "\u0530-\u058f",
}
"""Characters of a script, as first-last, by the language that it stands for."""
_SCRIPTS: Final = {language: re.compile(f"[{ranges}]+") for language, ranges in _RANGES.items()}


def _blocks(ranges: str) -> Iterator[int]:
    for first, _, last in zip(ranges[::3], ranges[1::3], ranges[2::3], strict=True):
        yield from range(ord(first) >> 8, (ord(last) >> 8) + 1)


_LANGUAGES_IN: Final = {
    block: tuple(language for language, ranges in _RANGES.items() if block in _blocks(ranges)) for block in range(256)
}
"""The scripts with characters in each 256 code points: they tell which few expressions a text has to be asked."""
_LATIN: Final = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
_UKRAINIAN: Final = re.compile("[іїєґІЇЄҐ]")
_RUSSIAN: Final = re.compile("[ыэъёЫЭЪЁ]")
_PERSIAN: Final = re.compile("[یکپچژگ]")
_ARABIC: Final = re.compile("[يكةىإ]")
_CODE: Final = re.compile(r"```.*?(?:```|$)|`[^`\n]*`|https?://\S+|<[^<>\n]{1,200}>", re.DOTALL)

_SAMPLE: Final = 1500
"""Characters of a text that decide: its beginning, as answers do not change their language half-way."""
_SAMPLE_WORDS: Final = 120
_FIRST_WORDS: Final = 40
_FIRST_SHARE: Final = 0.34
"""Share of English words among the first ones that settles the matter, whatever follows."""
_FIRST_PART: Final = 900
"""Characters that hold as many words as decide, in most texts."""
_OPENING: Final = 350
_FIRST_OPENING: Final = 200
_LEAST_OPENING: Final = 4
_OPENING_SHARE: Final = 0.28
_LEAST_LETTERS: Final = 8
"""Letters of a script of its own below which a text is too short to tell."""
_LEAST_HITS: Final = 3
_LEAST_SHARE: Final = 0.14
_MARGIN: Final = 1.4
_CLOSE_MARGIN: Final = 1.25


def prose(text: str, length: int = _SAMPLE) -> str:
    """The first `length` characters of `text` without code, addresses and tags."""
    sample = text[: 2 * length]
    if "<" in sample or "`" in sample or (":" in sample and "://" in sample):  # single characters are found quickest
        sample = _CODE.sub(" ", sample)
    return sample[:length]


def opens_in_english(text: str) -> bool:
    """Whether the first few lines are English beyond doubt: the common case, far cheaper than `detect`.

    Either little words are as many as in plain English, or three are of English alone and none is of another alone.
    """
    opening = text[:_OPENING].lower().split()
    if len(_ENGLISH_ALONE.intersection(opening)) >= _LEAST_ALONE and _FOREIGN_ALONE.isdisjoint(opening):
        return True
    first = text[:_FIRST_OPENING].lower().split()
    hits = sum(map(_ENGLISH.__contains__, first))
    return hits >= _LEAST_OPENING and hits > _OPENING_SHARE * len(first)


_ENGLISH_ALONE: Final = frozenset(word for word, languages in _LANGUAGES_OF.items() if languages == ("en",))
_FOREIGN_ALONE: Final = frozenset(word for word, languages in _LANGUAGES_OF.items() if "en" not in languages)
_LEAST_ALONE: Final = 3


def detect(text: str, least_hits: int = _LEAST_HITS) -> str | None:
    """The language code of `text` (see `prose`); None when it cannot be told for sure.

    `least_hits` is how many little words a text in Latin script needs: fewer for a question than for an answer.
    """
    plain = text.isascii()
    if not plain and (other := _by_script(text)) != "latin":
        return other
    folded = fold(text)
    sample = _first_words(folded)
    if len(sample) < least_hits:
        return None
    tally = sum(map(_TALLY_OF.__getitem__, filter(_TALLY_OF.__contains__, sample)))
    if "'" in folded:
        tally += sum(_TALLY_OF.get(w[: w.index("'") + 1], 0) for w in sample if "'" in w and w not in _TALLY_OF)
    return _most(tally.to_bytes(_TALLIED, "little") if plain else _with_letters(tally, sample), sample, least_hits)


def _first_words(folded: str) -> list[str]:
    """The words that decide: as a rule they stand in the first part, and the rest need not be taken apart."""
    found = words(folded[:_FIRST_PART])
    if len(found) <= _SAMPLE_WORDS and len(folded) > _FIRST_PART:  # the last one may be cut
        found = words(folded)
    return found[:_SAMPLE_WORDS]


def count_words(language: str, tokens: Iterable[str]) -> int:
    """How many of `tokens` are function words of a language in Latin script; 0 for any other language."""
    return sum(language in _LANGUAGES_OF.get(word, ()) for word in islice(tokens, _SAMPLE_WORDS))


def script_share(language: str, text: str) -> float:
    """Share of the letters of `text` that are in the script of a language with a script of its own, else 0."""
    pattern = _SCRIPTS.get({"uk": "ru", "fa": "ar"}.get(language, language))
    if pattern is None or text.isascii():
        return 0.0
    own = _letters(pattern, text) + (_letters(_SCRIPTS["zh"], text) if language == "ja" else 0)
    return own / (own + _letters(_LATIN, text) or 1)


def is_asked_for(language: str, folded: str) -> bool:
    """Whether a folded instruction names `language` in any language, or asks for a translation."""
    return any(w in folded for w in TRANSLATION) or any(name in folded for name in _CALLED_NAMES.get(language, ()))


_CALLED_NAMES: Final = {
    language: tuple(name.replace("_", " ") for name in called.split()) for language, called in CALLED.items()
}


def _by_script(text: str) -> str | None:
    """A language with a script of its own, `latin`, or None when scripts are mixed or letters are few."""
    blocks = sorted(set(text.encode("utf-16-be", "surrogatepass")[::2]))
    present = dict.fromkeys(chain.from_iterable(dict.fromkeys(map(_LANGUAGES_IN.__getitem__, blocks))))
    counts = {language: n for language in present if (n := _letters(_SCRIPTS[language], text))}
    if not counts:
        return "latin"
    if "ja" in counts and counts["ja"] >= 0.08 * (counts["ja"] + counts.get("zh", 0)):
        counts["ja"] += counts.pop("zh", 0)
    top = max(counts, key=lambda language: counts[language])
    latin = _letters(_LATIN, text)
    if counts[top] < max(_LEAST_LETTERS, 0.15 * latin):
        return "latin" if counts[top] < 0.05 * latin else None
    if counts[top] < 0.35 * latin or counts[top] < 0.7 * sum(counts.values()):
        return None
    if top == "ru":
        return "uk" if len(_UKRAINIAN.findall(text)) > len(_RUSSIAN.findall(text)) else "ru"
    if top == "ar":
        return "fa" if len(_PERSIAN.findall(text)) > len(_ARABIC.findall(text)) else "ar"
    return top


def _letters(script: re.Pattern[str], text: str) -> int:
    return len("".join(script.findall(text)))


def _most(counts: bytes | bytearray, sample: Sequence[str], least_hits: int) -> str | None:
    """The language with by far the most little words among those of `sample`."""
    hits = max(counts)
    top = _LANGUAGES[counts.index(hits)]
    if top != "en" and _opens_mostly_english(sample, least_hits):
        return "en"
    if hits >= least_hits and hits >= _LEAST_SHARE * len(sample):
        second = sorted(counts)[-2]
        if hits >= second * _MARGIN:
            return top
        if hits >= second * _CLOSE_MARGIN and _is_close(top, _LANGUAGES[counts.index(second)]):
            return top
    return "en" if top == "en" and _opens_mostly_english(sample, least_hits) else None


def _opens_mostly_english(sample: Sequence[str], least_hits: int) -> bool:
    hits = sum(map(_ENGLISH.__contains__, sample[:_FIRST_WORDS]))
    return hits > max(least_hits, _FIRST_SHARE * min(_FIRST_WORDS, len(sample)))


def _is_close(language: str, other: str) -> bool:
    return any(language in group and other in group for group in _CLOSE)


def _languages_of(word: str) -> tuple[str, ...]:
    found = _LANGUAGES_OF.get(word)
    if found is None and "'" in word:
        return _LANGUAGES_OF.get(word[: word.index("'") + 1], ())
    return found or ()


def _with_letters(tally: int, sample: Sequence[str]) -> bytearray:
    """The counts of `tally`, and one more for each word with a letter that names its language."""
    counts = bytearray(tally.to_bytes(_TALLIED, "little"))
    joined = " ".join(word for word in sample if not word.isascii())
    for language, pattern in LETTERS.items():
        if pattern.search(joined):
            counts[_LANGUAGES.index(language)] += sum(
                bool(pattern.search(word)) and language not in _languages_of(word) for word in joined.split(" ")
            )
    return counts
