"""Telephone numbers: international ones by their form, national ones by form or by the words around them.

Called by `text.personal` on texts that hold at least six digits with nothing but separators between them. Toll-free
and premium numbers belong to services, not to people, and are left out.
"""

import re
from collections.abc import Iterator
from typing import Final

from otel_evals.text.detection import Detection
from otel_evals.text.numbers import announced_as_phone, announces_a_phone, of_something_else
from otel_evals.text.patterns import compile_expression

KIND: Final = "phone number"

_EXTENSION: Final = r"(?:[ ,]{0,2}(?:x|ext\.? ?)\d{1,6})?"
_INTERNATIONAL: Final = compile_expression(
    r"(?:\+[1-9]\d{0,2}|\b00[1-9]\d{0,2})(?:[ \-./()\x{a0}\x{2011}]{0,3}\d){6,12}" + _EXTENSION
)
_NORTH_AMERICAN: Final = compile_expression(
    r"(?:\b1[\-. ])?(?:\([2-9]\d\d\) ?|\b[2-9]\d\d[\-. ])\d{3}[\-. ]\d{4}\b" + _EXTENSION
)
_TRUNK: Final = compile_expression(r"\(?\b0[1-9]\d{0,3}\)?(?:[ \-./]{1,2}\d{2,8}){1,4}\b")
_ANY: Final = compile_expression(r"\(?\b\d(?:[ \-./()]{0,2}\d){5,13}\b" + _EXTENSION)

_SERVICE: Final = re.compile(r"(?:(?:00)?1)?8(?:00|33|44|55|66|77|88)\d{7}|0[89]00\d+|0120\d{6}|(?:00)?800\d{8}")
_DATE: Final = re.compile(
    r"\(?(?:(?:19|20)\d\d[\-./ ](?:0?[1-9]|1[0-2])[\-./ ](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[\-./](?:0?[1-9]|[12]\d|3[01])[\-./](?:19|20)?\d\d"
    r"|(?:19|20)\d\d(?: ?[\-/ ] ?(?:19|20)\d\d)+)(?: +\d{1,2})*\)?"
)
_DECIMAL: Final = re.compile(r"\d+\.\d+|\d{1,3}(?:[ .]000)+|[1-9]\d*0000")
_VERSION: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_SOCIAL_SECURITY: Final = re.compile(r"\d{3}-\d{2}-\d{4}")
_ACCOUNT_BEFORE: Final = re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]*(?: [A-Z0-9]{1,4})* ?$")
"""The beginning of an IBAN: what follows is more of it, even where its check digits are wrong."""


def find(text: str) -> Iterator[Detection]:
    """Every telephone number of `text`; a number may be found more than once, by several of its forms."""
    for pattern, least, most in ((_INTERNATIONAL, 8, 15), (_NORTH_AMERICAN, 10, 11), (_TRUNK, 9, 12)):
        for match in pattern.finditer(text):
            if _plausible(text, match, least, most) and not of_something_else(text, match.start()):
                yield Detection(KIND, match.start(), match.end())
    for match in _ANY.finditer(text) if announces_a_phone(text) else ():
        if _plausible(text, match, 6, 14) and announced_as_phone(text, match.start(), match.end()):
            yield Detection(KIND, match.start(), match.end())


def _plausible(text: str, match: re.Match[str], least: int, most: int) -> bool:
    start, end, found = match.start(), match.end(), match[0]
    number = found.lower().partition("x")[0].removesuffix("e")
    digits = "".join(filter(str.isdigit, number))
    if not least <= len(digits) <= most or len(set(digits)) < 3:
        return False
    groups = re.findall(r"\d+", number)
    if (len(digits) == 6 and len(groups) == 1) or (found[0] != "+" and sum(len(group) == 1 for group in groups) > 1):
        return False
    glued = (
        start > 0 and ((text[start - 1].isalnum() and text[start - 1].isascii()) or text[start - 1] in "_#$€£=&/.-")
    ) or _continues(text, end)
    return not (
        glued
        or _SERVICE.fullmatch(digits)
        or any(form.fullmatch(found) for form in (_DATE, _DECIMAL, _VERSION, _SOCIAL_SECURITY))
        or _ACCOUNT_BEFORE.search(text[max(0, start - 30) : start])
    )


def _continues(text: str, end: int) -> bool:
    """Whether the number goes on behind its match, as part of an identifier, a decimal or an amount."""
    rest = text[end : end + 2]
    return bool(rest) and (
        rest[0] in "_%€$£" or (rest[0].isalpha() and rest[0].isascii()) or (rest[0] in ".,:/-" and rest[1:].isdigit())
    )
