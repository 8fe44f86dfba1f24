"""Finds where a text goes round in circles: exact loops, echoes within a sentence, tokens that stutter.

`repetition` asks. All of it is linear in the text and nothing is compressed. Only exact copies count, so that lists,
tables and sections of one form with different contents are no loops.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from otel_evals.text.tokens import words

_FUNCTION_WORDS: Final = frozenset(
    """a an the and or but nor also as at by for from in into is it its of off on onto so than that this these those to
    was were be been being are he she they we you i his her their our your my which who whom whose where when while with
    not no yes if then there here has have had do does did will would can could shall should may might must very about
    been any all each other some such only both own same too s t de la le les el los las un une una der die das den dem
    ein eine und oder mit von zu im am des du et ou en que y e o do da dos das no na em um uma il lo gli di che del
    """.split()  # noqa: SIM905 - a word list reads best as words
)
_BETWEEN_COPIES: Final = frozenset({"and", "or", "of", "but"})
"""What stands between two copies of one word when the word is an echo (`design and design`), not an idiom of the kind
`step by step`."""
_IDIOMS: Final = frozenset({
    "more", "again", "over", "on", "less", "years", "days", "hours", "miles", "better", "out", "up", "down", "bigger",
    "through", "around", "thousands", "millions", "hundreds", "round", "blah", "ha", "so", "bye", "knock", "new",
})  # fmt: skip
_NEAR: Final = 4
"""Function words between two copies of a phrase that still make an echo."""
_CODE_OR_TABLE: Final = re.compile(r"(```|~~~).*?(?:\1|\Z)|^[^\n]*\|[^\n]*\|[^\n]*$", re.DOTALL | re.MULTILINE)
_SENTENCE_END: Final = re.compile(r"[.!?:;\u3002\uff01\uff1f](?:\s+|$)|\n+")
_PROBES: Final = 16
"""Places where a text is probed. Four copies of a phrase that make up an eighth of it hold one in the first two."""
_PROBE: Final = 16
"""Characters of a probe: enough that ordinary texts seldom say them twice within a quarter of their length."""
_LEAST_COPIES: Final = 4
_TRIES: Final = 2
"""Occurrences of a probe that are tried as its period, as a phrase may hold the probe twice."""
_LEAST_ROWS: Final = 3
"""How often five words in a row stand in the least of loops: seven copies of a word, or four of three words."""
_VERSE_LINE: Final = 60
"""Mean characters of a line below which lines are set on purpose."""
_LONG_TOKEN: Final = 9
_LONGEST_WORD: Final = 40
_LONGEST_PIECE: Final = 24
_STUTTER: Final = 3
"""Consecutive copies of a piece inside one token that make it a stutter (`DMC-DMC-DMC`)."""


def is_clear(folded: str) -> bool:
    """Whether a long folded text neither loops nor says its sentences again: a few searches in C clear nearly all.

    Rather no than a wrong yes, for loops of a twelfth of the text or more: one of four copies or more, however it lies,
    holds a probe that is followed by its copy one period on.
    """
    return not _follows_itself(folded) and not _says_again(folded)


def _follows_itself(text: str) -> bool:
    """Whether a probe of the text begins a piece that is followed by its own copy."""
    size, find = len(text), text.find
    reach = size // _LEAST_COPIES + _PROBE
    for start in range(0, size - _PROBE, size // _PROBES or 1):
        again = find(text[start : start + _PROBE], start + 1, start + reach)
        if again >= 0 and _is_followed(text, start, again, start + reach):
            return True
    return False


def _is_followed(text: str, start: int, again: int, end: int) -> bool:
    """Whether the probe at `start`, which comes again at `again`, begins a piece that is followed by its own copy."""
    probe = text[start : start + _PROBE]
    for _ in range(_TRIES):
        piece = text[start:again]
        if text.startswith(piece, again) and (
            not _SENTENCE_END.search(piece)  # a sentence said twice is no loop yet
            or text.startswith(piece, 2 * again - start)
            or text.startswith(piece, max(2 * start - again, 0), start)
        ):
            return True
        again = text.find(probe, again + 1, end)
        if again < 0:
            break
    return False


def _says_again(text: str) -> bool:
    """Whether four copies of a sentence (ended by a full stop or a line's end) may weigh."""
    end = "\u3002" if "\u3002" in text else "\n"
    # What ends in four copies of a sentence leaves three of its last part, whatever stands before the first of them.
    parts = text.replace(end, ".").split(".")
    if len(parts) - len(set(parts)) < _LEAST_COPIES - 2:
        return False
    said = text.replace(end, ". ").split(". ")
    if len(said) - len(set(said)) < _LEAST_COPIES - 1:
        return False
    return any(n >= _LEAST_COPIES and len(sentence) >= _PROBE for sentence, n in Counter(said).items())


def prose(text: str) -> str:
    """`text` without code blocks and table rows, where repeated words are in order."""
    if (
        "|" in text or ("`" in text and "```" in text) or ("~" in text and "~~~" in text)
    ):  # single ones are found quickest
        return _CODE_OR_TABLE.sub(" ", text)
    return text


def comes_again(tokens: Sequence[str]) -> bool:
    """Whether any five words in a row stand three times: without that nothing loops and no sentence is repeated."""
    rows = list(zip(tokens, tokens[1:], tokens[2:], tokens[3:], tokens[4:], strict=False))
    copies = len(rows) - len(set(rows))
    return copies >= _LEAST_ROWS - 1 and max(Counter(rows).values()) >= _LEAST_ROWS


def looped_words(tokens: Sequence[str]) -> int:
    """Words that stand in exact loops: at least four copies of a phrase in a row, six when it has one or two words."""
    last: dict[tuple[str, str], int] = {}
    total = run = period = 0
    for i in range(1, len(tokens)):
        pair = (tokens[i - 1], tokens[i])
        distance = i - last.get(pair, i)
        last[pair] = i
        if distance and distance == period:
            run += 1
            continue
        total += _counted(run, period)
        period, run = distance, 1 if distance else 0
    return total + _counted(run, period)


def _counted(run: int, period: int) -> int:
    copies = 5 if period <= 2 else 3
    return run if period and run >= copies * period else 0


def repeated_sentence_words(text: str) -> int:
    """Words in the extra copies of sentences of five words or more that occur at least four times."""
    counts = Counter(s.strip() for s in _SENTENCE_END.split(text))
    return sum((n - 1) * size for s, n in counts.items() if n >= 4 and (size := len(words(s))) >= 5)


def echoed_words(tokens: Sequence[str]) -> int:
    """Words that echo what was just said: a word doubled, or a phrase that comes again after function words only."""
    echoed = 0
    previous: dict[str, int] = {}
    for i, token in enumerate(tokens):
        if token in _FUNCTION_WORDS:
            continue
        if len(token) >= _LONG_TOKEN:
            echoed += _stutter_of(token) if len(token) <= _LONGEST_WORD else _stutter(token)
        before = previous.get(token)
        previous[token] = i
        # A copy that is neither near nor part of a longer one is no echo: nearly every word that comes again.
        if before is not None and (i - before <= _NEAR + 1 or tokens[before - 1] == tokens[i - 1]):
            echoed += _echo(tokens, before, i) if len(token) > 2 and not token.isdecimal() else 0
    return echoed


def _stutter(token: str) -> int:
    return stuttered(token) if len(set(token)) * 2 <= len(token) else 0


_stutter_of = lru_cache(maxsize=4096)(_stutter)


def _echo(tokens: Sequence[str], first: int, second: int) -> int:
    """Length of the phrase that ends at `second` and is a copy of the one that ends at `first`; 0 when it is none."""
    least = second - first - _NEAR
    if least > first + 1 or (least > 1 and tokens[first - least + 1] != tokens[second - least + 1]):
        return 0  # so much of a copy would have to be there already
    length = 1
    while length < second - first and length <= first and tokens[first - length] == tokens[second - length]:
        length += 1
    while tokens[second - length + 1] in _FUNCTION_WORDS:  # a phrase starts with content; it ends with it anyway
        length -= 1
    gap = tokens[first + 1 : second - length + 1]
    if len(gap) > _NEAR or any(word not in _FUNCTION_WORDS for word in gap):
        return 0
    if length > 1 or not gap:
        return length if length > 1 or tokens[second] not in _IDIOMS else 0
    return int(gap[0] in _BETWEEN_COPIES and tokens[second] not in _IDIOMS)


def stuttered(token: str) -> int:
    """How many copies of one piece follow each other in a token, when there are at least three (`subsubsub`)."""
    size = len(token)
    for piece in range(2, min(size // _STUTTER, _LONGEST_PIECE) + 1):
        for start in (0, size % piece, size - piece * _STUTTER):
            unit = token[start : start + piece]
            copies = 1
            while token.startswith(unit, start + copies * piece):
                copies += 1
            if copies >= _STUTTER and len(set(unit)) > 1:
                return copies
    return 0


def echoed_within_sentences(text: str) -> int:
    """`echoed_words` of a folded text, sentence by sentence: the next sentence may take up the last one's word."""
    return sum(echoed_words(words(sentence)) for sentence in _SENTENCE_END.split(text))


def is_verse(text: str) -> bool:
    """Whether a text is set in short lines, as songs, poems and plain lists are: they repeat on purpose."""
    lines = text.count("\n") + 1
    return lines >= 3 and len(text) < _VERSE_LINE * lines


def units(tokens: Sequence[str]) -> Sequence[str]:
    """`tokens`, with those too long to be words (languages without spaces, runaway tokens) cut into characters."""
    if max(map(len, tokens), default=0) <= _LONGEST_WORD:
        return tokens
    return [unit for token in tokens for unit in (token if len(token) > _LONGEST_WORD else (token,))]
