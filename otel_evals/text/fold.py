"""Folding: the one lower-cased form of a text that phrase patterns are written for."""

from typing import Final

_TRANSLATION: Final = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201b": "'", "\u02bc": "'", "\uff07": "'",
    "\u201c": '"', "\u201d": '"', "\u00ab": '"', "\u00bb": '"',
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u3000": " ",
    "\u2010": "-", "\u2011": "-",
    "\u200b": None, "\u200c": None, "\u200d": None, "\u2060": None, "\ufeff": None, "\u00ad": None,
})  # fmt: skip


def fold(text: str) -> str:
    """`text` in lower case with plain quotes, hyphens and spaces, and without zero-width characters.

    Zero-width characters are dropped because they are a usual way to hide a phrase from a pattern.
    """
    lowered = text.lower()
    return lowered if lowered.isascii() else lowered.translate(_TRANSLATION)


def well_formed(text: str) -> str:
    """`text` without lone surrogates, which JSON may smuggle in and no encoder or pattern engine takes.

    Two halves that belong together become their character, a lone half the replacement character.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
