"""What a case says, before it is cleaned: one text or value, and the words of ours that introduce it.

Made by `material`, chosen from by `thinning`. Nothing here has been read yet beyond its length, and a value is spelled
as JSON only when somebody asks, so that what is not shown costs next to nothing.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

EACH: Final = 256
"""What an entry takes to clean besides its characters, in characters: the patterns' start."""
_NO_JSON: Final = "(not to be shown: nested too deeply, or not JSON)"
_UNSPELLED: Final = "\n(the rest is left out: too long)"
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)


class Piece:
    """One entry to be.

    Args:
        before: words of ours.
        names: strangers' words, to be shown as names in the line.
        after: words of ours again.
        text: what a stranger wrote; None for an entry that is a line of ours only.
        value: what is spelled as JSON, in place of `text`.
        spelled: characters of JSON at which spelling stops.
    """

    __slots__ = ("_spelled", "_text", "_value", "after", "before", "names", "shown")

    def __init__(
        self,
        before: str = "",
        names: tuple[str, ...] = (),
        after: str = "",
        *,
        text: str | None = None,
        value: Any = None,
        spelled: int = 0,
    ) -> None:
        self.before = before
        self.names = names
        self.after = after
        self.shown: int | None = None
        """Characters of either end of the text that may be shown; None: as many as of any text."""
        self._text = text
        self._value = value
        self._spelled = spelled

    @property
    def text(self) -> str | None:
        """What is to be quoted."""
        if self._spelled:
            self._text, self._spelled, self._value = (self._text or "") + _json(self._value, self._spelled), 0, None
        return self._text

    @property
    def cost(self) -> int:
        """What it takes to clean it whole, in characters."""
        return len(self.text or "") + EACH + sum(len(name) for name in self.names)


def _json(value: Any, most: int) -> str:
    """`value` as JSON, spelled no further than `most` characters."""
    pieces: list[str] = []
    try:
        for piece in _spelling(value):
            pieces.append(piece)
            most -= len(piece)
            if most < 0:
                pieces.append(_UNSPELLED)
                break
    except (RecursionError, ValueError, TypeError):
        return _NO_JSON
    return "".join(pieces)


def _spelling(value: Any) -> Iterator[str]:
    return _ENCODER.iterencode(value)
