"""What differs between two texts, by words."""

import re
from difflib import SequenceMatcher
from typing import Final

import msgspec

_WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")
_MOST: Final = 3_000
"""Words and blanks of a text that are compared; the comparison of longer ones would keep others waiting."""


class Piece(msgspec.Struct, frozen=True):
    """A run of words."""

    kind: str
    """same, gone or new."""
    text: str


def by_words(before: str, after: str) -> tuple[Piece, ...]:
    """How `before` becomes `after`; of texts too long for it, one whole and then the other."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) > _MOST or len(new) > _MOST:
        return tuple(Piece(kind, text) for kind, text in (("gone", before), ("new", after)) if text)
    found: list[Piece] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece("same", "".join(old[i:j])))
            continue
        found += [Piece("gone", "".join(old[i:j]))] if j > i else []
        found += [Piece("new", "".join(new[k:m]))] if m > k else []
    return tuple(found)
