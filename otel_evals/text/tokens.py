"""Words of a text."""

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:['\-][^\W_]+)*")


def words(folded: str) -> list[str]:
    """The words of a folded text in order; hyphens and apostrophes inside a word belong to it."""
    return _WORD.findall(folded)
