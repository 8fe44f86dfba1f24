"""The sources that an answer may cite: the ids, positions, names and addresses that the model was given.

Built by `citation_integrity` from a scan, only for answers that cite something.
"""

import re
from functools import cached_property
from typing import Final

from otel_evals.text.citations import Citation, Style
from otel_evals.text.context import Origin, Passage
from otel_evals.text.fold import fold
from otel_evals.text.scan import Scan

_SEPARATORS: Final = re.compile(r"[\W_]+")
_DIGITS: Final = re.compile(r"\d+")
_KIND_PREFIX: Final = re.compile(r"(?:doc(?:ument)?|source|src|passage|chunk|ref(?:erence)?|result|context)0*(\d{1,3})")
_LINE_LABEL: Final = re.compile(r"^[ \t]*\[(\d{1,3})\]", re.MULTILINE)
_WORD: Final = re.compile(r"[^\W_]{3,}")
_SCHEME: Final = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
_ENUMERATION_SLACK: Final = 10
"""How far the numbers of a numbered list of sources may run beyond their count (gaps: sources left out by the app)."""


class Sources:
    """What was retrieved or stood in the prompt.

    Three answers to "was it given?": True, False, and None when nobody can tell or the word is no citation at all.
    """

    def __init__(self, scan: Scan, *, cites_zero: bool) -> None:
        """The sources of the exchange behind `scan`; `cites_zero`: whether its answer ever cites number 0."""
        self._scan = scan
        listed = scan.context.passages
        ids = [p.id.strip() for p in listed if p.id is not None]
        self._numbers = {int(i) for i in ids if i.isdecimal() and len(i) <= 9}
        self._names = {_bare(i) for i in ids if not i.isdecimal()}
        self._numbers |= {int(m[1]) for n in self._names if (m := _KIND_PREFIX.fullmatch(n))}
        self._shapes = {_shape(i) for i in ids if not i.isdecimal()}
        self._prefixes = {p for i in ids if not i.isdecimal() and (p := _prefix(i))}
        self._count = self._countable(listed)
        if 0 in self._numbers and not cites_zero:
            self._numbers.add(max(self._numbers) + 1)  # the answer counts from 1 what was numbered from 0
        self.open = bool(listed) and self._count is None and not self._numbers
        """Whether sources were given in a form that has no numbers and no order: numbers cannot be told."""

    @cached_property
    def _given(self) -> str:
        """Every text of the input, folded: names and addresses are looked up here."""
        messages = "\n".join(message.text for message in self._scan.exchange.messages if message.text)
        documents = "\n".join(f"{document.id} {document.text}" for document in self._scan.exchange.documents)
        return fold(f"{messages}\n{self._scan.tool_results}\n{documents}")

    @cached_property
    def _line_labels(self) -> frozenset[int]:
        """Numbers in brackets that begin a line of the prompt: labels, even where no list of sources was recognised."""
        prompt = f"{self._scan.system}\n{self._scan.user_text}"
        return frozenset(int(number) for number in _LINE_LABEL.findall(prompt))

    def _countable(self, passages: tuple[Passage, ...]) -> int | None:
        """How many sources can be cited by position; None when position means nothing."""
        if self._numbers and (min(self._numbers) <= 1 or max(self._numbers) <= len(self._numbers) + _ENUMERATION_SLACK):
            return 0  # the sources carry their own numbers
        documents = sum(p.origin is Origin.DOCUMENT for p in passages)
        if documents:
            return documents
        named = sum(p.id is not None for p in passages)
        if named:
            return named
        prompt = [p for p in passages if p.origin is not Origin.TOOL]
        return sum(p.text.count("\n") + 1 for p in prompt) if prompt else None

    def hold(self, citation: Citation) -> bool | None:
        """Whether the cited source was given; None when the mention is no citation after all."""
        if citation.style is Style.NUMBER:
            return self._holds_number(int(citation.label))
        if citation.style is Style.URL:
            return self._holds_url(citation.label)
        return self._holds_name(citation.label, explicit=citation.style is Style.NAME)

    def _holds_number(self, number: int) -> bool | None:
        if number in self._numbers or number in self._line_labels:
            return True
        if self.open:
            return None
        first = 0 if number == 0 and not self._numbers else 1
        return first <= number < first + (self._count or 0)

    def _holds_url(self, url: str) -> bool:
        address = _address(url)
        if address in self._given:
            return True
        # A link to the root of a site whose pages were given, or a given page with another query.
        path = address.partition("?")[0].partition("#")[0].rstrip("/")
        return path in self._given

    def _holds_name(self, label: str, *, explicit: bool) -> bool | None:
        bare = _bare(label)
        if bare in self._names:
            return True
        if label.isdecimal():
            return self._holds_number(int(label)) if len(label) <= 3 else None
        if match := _KIND_PREFIX.fullmatch(bare):
            return self._holds_number(int(match[1]))
        given = fold(label).strip() in self._given
        if explicit:
            return given or self._mostly_given(label)
        return given if self._looks_like_an_id(label) else None

    def _looks_like_an_id(self, label: str) -> bool:
        return _prefix(label) in self._prefixes or _shape(label) in self._shapes

    def _mostly_given(self, label: str) -> bool:
        """A title or author in an explicit place: it holds when most of its words were given."""
        found = _WORD.findall(fold(label))
        return not found or sum(word in self._given for word in found) * 2 > len(found)


def _bare(label: str) -> str:
    """`Doc_2`, `doc-2` and `doc 2` are one name."""
    return _SEPARATORS.sub("", fold(label))


def _shape(label: str) -> str:
    """`kettle-001` → `a-9`: letters and digits by kind, separators as they are. Only shapes with a digit tell an id."""
    shape = re.sub(r"[^\W\d_]+", "a", _DIGITS.sub("9", label))
    return shape if "9" in shape and len(shape) > 1 else "\0"


def _prefix(label: str) -> str:
    """`kettle-001` → `kettle`: what the ids of one collection share, when a separator or digit follows."""
    match = re.match(r"([^\W\d_]{2,})(?:[-_.:#/]+\S|\d)", fold(label))
    return match[1] if match else ""


def _address(url: str) -> str:
    return _SCHEME.sub("", fold(url)).rstrip("/")
