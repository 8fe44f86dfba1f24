"""Folding: the one lower-cased form of a text that phrase patterns are written for."""

from typing import Final

_PLAIN: Final = {
    "'": "\u2018\u2019\u201b\u02bc\uff07",
    '"': "\u201c\u201d\u00ab\u00bb",
    " ": "\u00a0\u202f\u2009\u3000",
    "-": "\u2010\u2011",
    "": "\u200b\u200c\u200d\u2060\ufeff\u00ad",
}
_REPLACEMENTS: Final = tuple((odd, plain) for plain, odds in _PLAIN.items() for odd in odds)


def fold(text: str) -> str:
    """`text` in lower case with plain quotes, hyphens and spaces, and without zero-width characters.

    Zero-width characters are dropped because they are a usual way to hide a phrase from a pattern.
    """
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    for odd, plain in _REPLACEMENTS:  # searching for each is far quicker than looking every character up
        if odd in lowered:
            lowered = lowered.replace(odd, plain)
    return lowered


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
