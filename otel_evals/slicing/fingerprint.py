"""A prompt version for applications that name none: a short hash of their instructions with the variable parts masked.

Masked are numbers, dates, ids, addresses, and whatever stands in quotes, so that "Today is 3 May, you help Ana"
and tomorrow's prompt are one version, while a changed instruction is another. Passages that were retrieved into the
prompt are left out by the caller: they change with every question.
"""

import hashlib
import re
from typing import Final

from otel_evals.text.fold import well_formed
from otel_evals.text.patterns import compile_presence

_LENGTH: Final = 10
"""Hex digits: 40 bits keep the chance of a collision among 10 000 prompts under 5 in 100 000."""

_VARIABLE: Final = re.compile(
    r"https?://\S+"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
    r"|\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|«[^»\n]{1,200}»|(?<!\w)'[^'\n]{1,200}'(?!\w)"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
    r"|\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b(?=\W+\d)|\b(?:am|pm)\b"
    r"|\b(?=\w*\d)[\w.:/+-]*\w",
    re.IGNORECASE,
)
_may_vary: Final = compile_presence(
    r"(?i)[\p{Nd}\"“«@]|://|day|[0-9a-f]{8}-|(?:^|[^\pL\pN_])(?:'|[ap]m(?:$|[^\pL\pN_]))"
)
"""Whether a text may hold a variable part at all: a hundredth of the price of looking for them."""
_SPACE: Final = re.compile(r"\s+")


def mask(instructions: str) -> str:
    """`instructions` with every variable part replaced by `#` and white space evened out."""
    masked = _VARIABLE.sub("#", instructions) if _may_vary(well_formed(instructions)) else instructions
    return _SPACE.sub(" ", masked).strip()


def fingerprint(instructions: str) -> str | None:
    """The short hash of the masked instructions; None when there is nothing to hash."""
    masked = mask(instructions)
    if not masked:
        return None
    return hashlib.sha256(masked.encode("utf-8", "replace")).hexdigest()[:_LENGTH]
