"""Finds what an answer cites: numbers, source names and addresses, in the styles that models and their prompts use.

`citation_integrity` asks for the citations of an answer and weighs them against the sources that the model was given.
Numbered lists, code, array indices, check boxes, dates and intervals look like citations and are none.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any, Final, cast

import msgspec

from otel_evals.text.bracketed_values import is_value, without_rows
from otel_evals.text.citation_marks import (
    ENDS_A_WORD,
    FOOTER,
    ID,
    ITEM,
    JSON_ID_KEYS,
    JSON_KEYS,
    KIND_ID,
    KIND_NUMBERS,
    MARK,
    NUMBERS,
    PLAIN_BRACKET,
    PLAIN_WORDS,
    RANGE,
    SIGN,
    SUPERSCRIPT,
)
from otel_evals.text.patterns import compile_expression


class Style(StrEnum):
    """What a citation says of its source."""

    NUMBER = "number"
    """A position: `[2]`, `【2†source】`, `[^2]`, `Document 2`, a superscript."""
    NAME = "name"
    """An id or title in an explicit place for one: `(source: handbook)`, a footer of sources, a JSON field."""
    ID = "id"
    """A bracketed word that may be an id (`[doc-2]`) or something else (`[optional]`): the known ids tell."""
    ASIDE = "aside"
    """A word in parentheses that may be an id, `(doc-2)`: only a close likeness to the known ids makes it one."""
    URL = "url"
    LINK = "link"
    """The address under a cited number: `[2](https://…)`."""


class Citation(msgspec.Struct, frozen=True):
    """One mention of one source."""

    style: Style
    label: str
    """Digits, name or address, as written."""


_FOOTER_CAP: Final = 4000
_CODE: Final = re.compile(r"(```|~~~).*?(?:\1|\Z)|`[^`\n]{1,400}`", re.DOTALL)
_FENCED_JSON: Final = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)
_TRAILING: Final = ".,;:!?*_)\u3002\uff0c"
_MOST: Final = 500
"""Citations of one answer that are looked at."""
_SIGN: Final[Any] = compile_expression(SIGN.expression)
_SUPERSCRIPTS: Final = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "0123456789")


def may_cite(text: str) -> bool:
    """Whether `text` holds any sign of a citation, for texts other than the answer."""
    return _SIGN.search(text) is not None


def plain_labels(answer: str) -> list[str]:
    """The labels of an answer that cites by plain brackets alone (`[2]`, `[doc-2]`), in order; else none.

    Most answers that cite do no more than this, and are told without parsing. Only for answers without any of
    `citation_marks.BESIDES`, which the shared pass tells.
    """
    labels: list[str] = PLAIN_BRACKET.findall(answer)
    if not labels or len(labels) != answer.count("[") or answer.lstrip()[:1] == "{":
        return []
    return labels


def labelled(labels: list[str]) -> list[Citation]:
    """The citations behind the labels that `plain_labels` gave."""
    return [_numbered(label) if label[0].isdigit() else Citation(Style.ID, label) for label in labels[:_MOST]]


def citations(answer: str) -> list[Citation]:
    """The citations of an answer in order, repeated ones repeated."""
    value = _json_value(answer)
    if value is not None:
        return list(islice(_of_json(value, depth=0), _MOST))
    prose = _CODE.sub(" ", answer) if "`" in answer or "~~~" in answer else answer
    return list(islice(_of_prose(without_rows(prose)), _MOST))


def _json_value(answer: str) -> Any:
    head = answer.lstrip()[:3]
    fenced = _FENCED_JSON.fullmatch(answer) if head == "```" else None
    if not fenced and head[:1] not in ("{", "["):
        return None
    try:
        value = msgspec.json.decode(fenced[1] if fenced else answer)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return cast("Any", value) if isinstance(value, dict | list) else None


def _of_json(value: Any, *, depth: int) -> Iterator[Citation]:
    """Citations in fields made for them, and those in the texts of a JSON answer."""
    if depth > 8:
        return
    if isinstance(value, str):
        if may_cite(value):
            yield from _of_prose(value)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _of_json(item, depth=depth + 1)
    elif isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            if key.lower() in JSON_KEYS:
                yield from _of_field(item)
            else:
                yield from _of_json(item, depth=depth + 1)


def _of_field(value: Any) -> Iterator[Citation]:
    for item in cast("list[Any]", value) if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            fields = cast("dict[str, Any]", item)
            label = next((fields[k] for k in JSON_ID_KEYS if isinstance(fields.get(k), str | int)), None)
        else:
            label = item
        if isinstance(label, int) and not isinstance(label, bool):
            yield Citation(Style.NUMBER, str(label))
        elif isinstance(label, str) and label.strip():
            yield from _of_label(label)


def _of_label(label: str) -> Iterator[Citation]:
    """A name in a place that is meant for one."""
    bare = label.strip().strip("\"'*_`[]").strip()
    if bare.startswith(("http://", "https://")):
        yield Citation(Style.URL, bare.rstrip(_TRAILING))
    elif NUMBERS.fullmatch(bare):
        yield from _numbers(bare)
    elif match := KIND_NUMBERS.fullmatch(bare):
        yield from _numbers(match[1])
    elif bare:
        yield Citation(Style.NAME, bare)


def _of_prose(text: str) -> Iterator[Citation]:
    footer = FOOTER.search(text) if ":" in text or "\uff1a" in text else None
    body = text[: footer.start(1)] if footer else text
    for match in MARK.finditer(body):
        yield from _of_mark(match, body)
    if not body.isascii():
        yield from _of_superscripts(body)
    if footer:
        yield from _of_footer(footer[1][:_FOOTER_CAP])


def _of_mark(match: re.Match[str], text: str) -> Iterator[Citation]:
    kind, found = match.lastgroup, match
    if kind in ("bracket", "target"):
        yield from _of_bracket(match, text)
    elif kind == "url":
        yield Citation(Style.URL, _trim_url(f"h{found['url']}"))
    elif kind == "footnote":
        yield from _of_footnote(found["footnote"][1:])
    elif kind == "corner":
        yield from _of_corner(found["corner"])
    elif kind in ("sup", "paren"):
        yield from _numbers(found[kind])
    elif kind in ("document", "source", "passage") and not text[max(0, found.start() - 1) : found.start()].isalnum():
        yield Citation(Style.NUMBER, found[kind])
    elif kind == "aside":
        for part in re.split(r"[,;]", found["aside"]):
            yield Citation(Style.ASIDE, part.strip())
    elif kind == "explicit":
        for part in re.split(r"[,;]\s+", found["explicit"]):
            yield from _of_label(part)


def _of_superscripts(text: str) -> Iterator[Citation]:
    for match in SUPERSCRIPT.finditer(text):
        if ENDS_A_WORD.search(text, max(0, match.start() - 12), match.start()):
            yield Citation(Style.NUMBER, match[0].translate(_SUPERSCRIPTS))


def _of_footnote(label: str) -> Iterator[Citation]:
    yield Citation(Style.NUMBER if label.isdecimal() and len(label) <= 3 else Style.ID, label)


def _of_corner(label: str) -> Iterator[Citation]:
    """`【4:0†source】` (file search), `【2】`, `【doc-2】`."""
    head = label.partition("\u2020")[0].strip()
    number = head.partition(":")[0].strip()
    if NUMBERS.fullmatch(number):
        yield from _numbers(number)
    elif ID.fullmatch(head):
        yield Citation(Style.ID, head)


def _of_bracket(match: re.Match[str], text: str) -> Iterator[Citation]:
    label, target = match["bracket"], match["target"]
    if target is not None:
        if target.startswith(("http://", "https://")):
            numbered = NUMBERS.fullmatch(label)
            if numbered:
                yield from _numbers(label)
            yield Citation(Style.LINK if numbered else Style.URL, _trim_url(target))
            return
        if not target.startswith(("#", "mailto:", "tel:", "/", "javascript:")):
            yield Citation(Style.ID, target)
            return
    if label.isdecimal() and label.isascii() and len(label) <= 3:  # by far the most frequent mark
        if not is_value(match, text):
            yield _numbered(label)
    elif NUMBERS.fullmatch(label):
        if not is_value(match, text):
            yield from _numbers(label)
    elif kind := KIND_NUMBERS.fullmatch(label):
        yield from _numbers(kind[1])
    else:
        kind = KIND_ID.fullmatch(label)
        parts = [part.strip() for part in re.split(r"[,;|]", kind[1] if kind else label)]
        if all(ID.fullmatch(part) for part in parts):
            for part in parts:
                yield Citation(Style.ID, part)


@lru_cache(maxsize=1024)
def _numbered(digits: str) -> Citation:
    return Citation(Style.NUMBER, str(int(digits)))


def _numbers(text: str) -> Iterator[Citation]:
    for match in RANGE.finditer(text):
        first, last = int(match[1]), int(match[2] or match[1])
        if first <= last <= first + 50:
            for number in range(first, last + 1):
                yield Citation(Style.NUMBER, str(number))
        else:
            yield Citation(Style.NUMBER, str(first))


def _of_footer(text: str) -> Iterator[Citation]:
    """The list at the end: numbers and addresses as anywhere, the rest of each line as a name."""
    for line in text.split("\n")[:60]:
        item = ITEM.match(line)
        rest = item[1].strip() if item else ""
        if not rest:
            continue
        marks = [mark for mark in MARK.finditer(rest) if mark.lastgroup != "aside"]
        for mark in marks:
            yield from _of_mark(mark, rest)
        if not marks:
            for part in re.split(r"[,;]\s+", rest) if len(rest) < 80 else [rest]:
                if not PLAIN_WORDS.fullmatch(part):
                    yield from _of_label(part)


def _trim_url(url: str) -> str:
    trimmed = url.rstrip(_TRAILING)
    return f"{trimmed})" if url[len(trimmed) :].startswith(")") and trimmed.count("(") > trimmed.count(")") else trimmed
