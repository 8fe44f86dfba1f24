"""A prompt version for applications that name none: a short hash of their instructions with the variable parts masked.

Masked are numbers, dates, ids, addresses, and whatever stands in quotes, so that "Today is 3 May, you help Ana"
and tomorrow's prompt are one version, while a changed instruction is another. Passages that were retrieved into the
prompt are left out by the caller: they change with every question.
"""

import hashlib
import re
from typing import Any, Final

from otel_evals.text.fold import well_formed
from otel_evals.text.patterns import compile_expression, compile_presence

_LENGTH: Final = 10
"""Hex digits: 40 bits keep the chance of a collision among 10 000 prompts under 5 in 100 000."""

_ADDRESS: Final = (
    r"https?://[^\s\x0b\x1c-\x1f]+"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
)
_DAY: Final = r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
_MONTH: Final = (
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b"
)
_HALF: Final = r"\b(?:am|pm)\b"
_VARIABLE: Final[Any] = compile_expression(
    rf"(?i){_ADDRESS}|\"[^\"\n]{{1,200}}\"|“[^”\n]{{1,200}}”|«[^»\n]{{1,200}}»|「[^」\n]{{1,200}}」|\B'[^'\n]{{1,200}}'\B"
    rf"|{_DAY}|({_MONTH})|{_HALF}|\b\w*\d(?:[\w.:/+-]*\w)?|\p{{Nd}}+"
)
"""For RE2: linear in the text, whoever wrote it. It cannot look ahead, so any month is found and looked at again. Words
beside a digit are masked with it in ASCII only: scripts without spaces would lose whole sentences."""
_DATED: Final = re.compile(rb"\W+\d")
"""What follows a month in a date."""
_may_vary: Final = compile_presence(
    rf"(?i)[\p{{Nd}}\"“«@]|://|{_DAY[2:]}|[0-9a-f]{{8}}-|(?:^|[^\pL\pN_])(?:'|[ap]m(?:$|[^\pL\pN_]))"
)
"""Whether a text may hold a variable part at all: a hundredth of the price of looking for them."""


def mask(instructions: str) -> str:
    """`instructions` with every variable part replaced by `#` and white space evened out."""
    if _may_vary(well_formed(instructions)):
        instructions = _masked(instructions)
    return " ".join(instructions.split())


def _masked(instructions: str) -> str:
    data, end, kept = well_formed(instructions).encode(), 0, list[bytes]()
    for match in _VARIABLE.finditer(data):
        start, stop = match.span()
        if match[1] is None or _DATED.match(data, stop):
            kept.append(data[end:start])
            end = stop
    return b"#".join((*kept, data[end:])).decode()


def fingerprint(instructions: str) -> str | None:
    """The short hash of the masked instructions; None when there is nothing to hash."""
    masked = mask(instructions)
    if not masked:
        return None
    return hashlib.sha256(masked.encode("utf-8", "replace")).hexdigest()[:_LENGTH]
