"""What a question asks for (a person, a place, a date, a number), and where a text names such a thing.

Called by `text.evidence` for refusals. The question words are those of the languages that `question_words` knows; a
question in another language, or one that asks for no plain type, has none, and its callers do without.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE: Final = re.compile(
    rf"\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}(?= |,|$)|\b\d{{4}}-\d\d-\d\d\b"
    rf"|\b{_MONTH},? (?:1\d|20)\d\d\b|\b(?:1\d|20)\d\d\b|\b\d{{1,2}}(?:st|nd|rd|th)\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(
    r"[$€£]?\d[\d,.]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million"
    r"|billion)\b",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"\b[^\W\d_a-z][^\W\d_]{2,}(?:['’\-][^\W\d_]+)*")  # noqa: RUF001 - the typographic apostrophe
_STAMP: Final = re.compile(r"^\s*(?:[A-Z][a-z]{2} \d{1,2}, \d{4}|\d{1,2} [A-Z][a-z]{2} \d{4})\s*(?:\.\.\.|[-—·–])\s*")  # noqa: RUF001 - dashes of search results
"""When a search result was published, which it puts before its text: no date that the text speaks of."""


class AnswerType(msgspec.Struct, frozen=True):
    """One type of answer: how a folded question asks for it, and what it looks like in a text as written."""

    asks: re.Pattern[str]
    looks: re.Pattern[str]

    def things(self, text: str) -> Iterator[str]:
        """The things of this type that `text` names, as written."""
        body = _STAMP.sub("", text)
        for match in self.looks.finditer(body):
            yield match.group()


_TYPES: Final = (
    AnswerType(
        re.compile(
            r"\b(?:when|what (?:year|date|day|month|time|century|decade)|which (?:year|month|day|century)|dates?|wann"
            r"|cu[aá]ndo|quand|quando|wanneer|когда)\b"
        ),
        _DATE,
    ),
    AnswerType(
        re.compile(
            r"\bhow (?:many|much|long|old|far|tall|high|big|large|often|fast)\b"
            r"|\b(?:wie (?:viele?|gro(?:ß|ss)|lang|alt|hoch|weit|schnell|oft|schwer|teuer)"
            r"|cu[aá]nt[oa]s?|combien|quant[ie]|hoeveel|сколько)\b"
        ),
        _NUMBER,
    ),
    AnswerType(
        re.compile(
            r"\b(?:who|whom|whose|where|(?:what|which) (?:city|country|state|place|town|county|continent|river|company"
            r"|person|team|actor|actress|player)|location|wer|qui[eé]n|qui|chi|quem|wie|wo|d[oó]nde|dove|onde|кто|где)\b"
        ),
        _NAME,
    ),
)


def asked_type(question: str) -> AnswerType | None:
    """The type of answer that a folded question asks for, None when it names no plain one."""
    return next((kind for kind in _TYPES if kind.asks.search(question)), None)
