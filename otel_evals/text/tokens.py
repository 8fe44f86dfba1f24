"""Words of a text."""

import re
from typing import Final

_WORD: Final = re.compile(r"\w+(?:['\-]\w+)*")
_BREAKS: Final = bytes(i if chr(i).isalnum() or chr(i) in "'-" else 32 for i in range(128)).ljust(256)
_LOOSE_MARKS: Final = ("''", "--", "'-", "-'", "' ", " '", "- ", " -")
"""Apostrophes and hyphens that join no two words. In this order: first those beside each other, then what is left."""


def words(folded: str) -> list[str]:
    """The words of a folded text in order; hyphens and apostrophes inside a word belong to it."""
    if not folded.isascii():
        return _WORD.findall(folded.replace("_", " "))  # quicker than an expression that takes `_` out of `\w`
    # The same in four steps that run in C: a fifth of the time. Bytes are translated quicker than characters.
    spaced = f" {folded.encode().translate(_BREAKS).decode()} "
    if "'" in spaced or "-" in spaced:
        for mark in _LOOSE_MARKS:
            spaced = spaced.replace(mark, "  ")
    return spaced.split()
