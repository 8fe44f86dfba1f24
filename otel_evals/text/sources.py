"""The sources that an answer may cite: the ids, positions, names and addresses that the model was given.

Built by `citation_integrity` from a scan, only for answers that cite something.
"""

import re
from collections.abc import Sequence
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
_NAME_TAG: Final = re.compile(r"<(?:source|file(?:_?name)?|title|name|doc_?id|id)>([^<]{1,160})</", re.IGNORECASE)
"""The element that holds the name of a document in XML."""
_FILE_ENDING: Final = re.compile(r"\.(?:[a-z]{2,4}\d?|7z)\Z")
_ID_RANGE: Final = re.compile(r"([^\W\d_].*?)(\d{1,9})[\u2010-\u2015-](.*?)(\d{1,9})")
_ID_LENGTH: Final = 160
_BY_NAME: Final = frozenset({Style.NAME, Style.ID, Style.ASIDE})
_ENUMERATION_SLACK: Final = 10
"""How far the numbers of a numbered list of sources may run beyond their count (gaps: sources left out by the app)."""


class Sources:
    """What was retrieved or stood in the prompt.

    Three answers to "was it given?": True, False, and None when nobody can tell or the word is no citation at all.
    """

    def __init__(self, scan: Scan, cited: Sequence[Citation]) -> None:
        """The sources of the exchange behind `scan`, whose answer has the citations `cited`."""
        self._scan = scan
        listed = scan.context.passages
        ids = [p.id.strip() for p in listed if p.id is not None]
        self._numbers = {int(i) for i in ids if i.isdecimal() and len(i) <= 9}
        names = [i for i in ids if not i.isdecimal()]
        names += [m[1].strip() for p in listed if "<" in p.text for m in _NAME_TAG.finditer(p.text)]
        self._names = {_bare(name) for name in names}
        self._numbers |= {int(m[1]) for n in self._names if (m := _KIND_PREFIX.fullmatch(n))}
        self._shapes = {shape for name in names if (shape := _shape(name))}
        self._prefixes = {prefix for name in names if (prefix := _prefix(name))}
        self._endings = {m[0] for name in names if (m := _FILE_ENDING.search(fold(name)))}
        self._count = self._countable(listed)
        zero = any(c.label == "0" for c in cited)
        if 0 in self._numbers and not zero:
            self._numbers.add(max(self._numbers) + 1)  # the answer counts from 1 what was numbered from 0
        self.open = bool(listed) and self._count is None and not self._numbers
        """Whether sources were given in a form that has no numbers and no order: numbers cannot be told."""
        if names and not self._numbers:  # an answer that cites by name means values by its numbers
            self.open |= any(c.style in _BY_NAME and self._looks_like_an_id(c.label) for c in cited)

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
        if citation.style is Style.LINK and "://" not in self._given:
            return None  # no address was given: this one only decorates the number, which is weighed by itself
        if citation.style in (Style.URL, Style.LINK):
            return self._holds_url(citation.label)
        if citation.style is Style.ASIDE and not self._is_like_a_given_id(citation.label):
            return None
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
        if (ends := _ends_of_range(label)) and self._holds_name(ends[0], explicit=explicit):
            return self._holds_name(ends[1], explicit=explicit)
        if label.isdecimal():
            return self._holds_number(int(label)) if len(label) <= 3 else None
        if match := _KIND_PREFIX.fullmatch(bare):
            return self._holds_number(int(match[1]))
        given = fold(label).strip() in self._given
        if explicit:
            return given or self._mostly_given(label)
        return given if self._looks_like_an_id(label) else None

    def _looks_like_an_id(self, label: str) -> bool:
        ending = _FILE_ENDING.search(fold(label))
        return (
            _prefix(label) in self._prefixes
            or _shape(label) in self._shapes
            or (ending is not None and ending[0] in self._endings)
        )

    def _is_like_a_given_id(self, label: str) -> bool:
        """Stricter, for words in parentheses: the name of a product or a standard has the shape of an id, too."""
        ending = _FILE_ENDING.search(fold(label))
        likeness = _prefix(label) in self._prefixes and _shape(label) in self._shapes
        return likeness or (ending is not None and ending[0] in self._endings)

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
    return shape if "9" in shape and len(shape) > 1 else ""


def _ends_of_range(label: str) -> tuple[str, str] | None:
    """Both ends of a range of ids: `kettle-001` and `kettle-003`, whether the second repeats its name or not."""
    match = _ID_RANGE.fullmatch(label) if len(label) <= _ID_LENGTH else None
    if match is None or match[3] not in ("", match[1]):
        return None
    return f"{match[1]}{match[2]}", f"{match[1]}{match[4].zfill(len(match[2]))}"


def _prefix(label: str) -> str:
    """`kettle-001` → `kettle`: what the ids of one collection share, when a separator or digit follows."""
    match = re.match(r"([^\W\d_]{2,})(?:[-_.:#/]+\S|\d)", fold(label))
    return match[1] if match else ""


def _address(url: str) -> str:
    return _SCHEME.sub("", fold(url)).rstrip("/")
