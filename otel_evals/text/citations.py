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

from otel_evals.text.patterns import Pattern, Target, compile_expression


class Style(StrEnum):
    """What a citation says of its source."""

    NUMBER = "number"
    """A position: `[2]`, `【2†source】`, `[^2]`, `Document 2`, a superscript."""
    NAME = "name"
    """An id or title in an explicit place for one: `(source: handbook)`, a footer of sources, a JSON field."""
    ID = "id"
    """A bracketed word that may be an id (`[doc-2]`) or something else (`[optional]`): the known ids tell."""
    URL = "url"


class Citation(msgspec.Struct, frozen=True):
    """One mention of one source."""

    style: Style
    label: str
    """Digits, name or address, as written."""


_KIND: Final = r"(?:doc(?:ument)?|source|src|passage|chunk|ref(?:erence)?|result|context|citation|quelle|fuente|fonte)"
_NUMBERS: Final = re.compile(r"\s*(?:#\s*)?\d{1,3}(?:\s*[,;&\u2013\u2014-]\s*(?:#\s*)?\d{1,3}){0,40}\s*")
_RANGE: Final = re.compile(r"(\d{1,3})(?:\s*[\u2013\u2014-]\s*#?\s*(\d{1,3}))?")
_KIND_NUMBERS: Final = re.compile(
    rf"\s*{_KIND}s?(?:\s+|\s*[#:.]\s*)(\d{{1,3}}(?:\s*(?:,|;|&|and|-)\s*\d{{1,3}}){{0,20}})\s*", re.IGNORECASE
)
_ID: Final = re.compile(r"[^\W_][\w.:/#@+\u2010-\u2015-]{0,79}")
_MARK: Final = re.compile(
    # Every branch begins with a plain character, so that the engine skips to the next of these few.
    r"!(?P<image>\[[^\[\]\n]{0,200}\]\([^()\s]{1,500}\))"
    r"|\[(?P<footnote>\^[^\]\s]{1,60})\](?P<definition>:)?"
    r"|\[(?P<bracket>[^\[\]\n]{1,160})\](?:\((?P<target>[^()\s]{1,500})(?:\s\"[^\"\n]{0,200}\")?\))?"
    r"|【(?P<corner>[^】\n]{1,120})】"
    r"|<sup>\s*\[?(?P<sup>\d{1,3}(?:\s*,\s*\d{1,3}){0,20})\]?\s*</sup>"
    r"|h(?P<url>ttps?://[^\s<>\"'`\[\]{}|\\^】]{3,2000})"
    r"|\(\s*(?:[Ss]ources?|[Rr]efs?|[Rr]eferences?|[Cc]itations?|[Cc]ite[sd]?|Quellen?|[Ff]uentes?|[Ff]ontes?|[Ff]onti"
    r"|出典|来源|出处)\s*[:\uff1a]\s*(?P<explicit>[^()\n]{1,300})\)"
    r"|\((?P<paren>(?i:(?:see |cf\. |from )?(?:doc(?:ument)?|source|passage|chunk)s?[ #]*)\d{1,3}"
    r"(?:\s*(?:,|&|and|-)\s*\d{1,3}){0,20})\)"
    r"|D(?:ocument|oc) #?(?P<document>\d{1,3})\b(?![.,:/]\d)"
    r"|S(?:ource) #?(?P<source>\d{1,3})\b(?![.,:/]\d)"
    r"|P(?:assage) #?(?P<passage>\d{1,3})\b(?![.,:/]\d)"
)
_SUPERSCRIPT: Final = re.compile(r"[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]{1,3}(?![^\W_])")
SIGN: Final = Pattern(
    Target.ANSWER,
    r"\[[^\[\]\n]{1,160}\]|【|https?://|<sup>|[\x{b9}\x{b2}\x{b3}\x{2074}-\x{2079}]"
    r"|\((?i:see |cf\. |from )?(?i:doc|source|passage|chunk|ref|cit|quelle|fuente|fonte|fonti|出典|来源|出处)"
    r"|(?:Document|Source|Passage|Doc) #?\d"
    r"|(?im)^[ \t#*_>-]*(?:sources?|references?|citations?|bibliography|works cited|quellen?|literatur|fuentes?"
    r"|referencias|fontes?|referências|références|fonti|riferimenti|bronnen|źródła|источники|参考文献|出典|来源|参考资料)"
    r"(?: used| cited)?[ \t*_]*[:\x{ff1a}]"
    r"|\"(?i:[a-z_]*(?:source|citation|citations|references|document|doc)_?(?:id)?s?|cited_[a-z]+|source_documents)\"\s*:",
)
"""Whether a text holds any sign of a citation: one pattern of the shared pass, so that most answers cost nothing."""
_ENDS_A_WORD: Final = re.compile(r"[^\W\d_]{3}[.,;:!?)\"'\u201d]\Z|[^\W\d_]{5}\Z")
"""What a superscript that cites follows: a clause or a long word, not a unit (`km²`) or a variable (`x²`)."""
_SUPERSCRIPTS: Final = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "0123456789")
_SIGN: Final[Any] = compile_expression(SIGN.expression)
_CODE: Final = re.compile(r"(```|~~~).*?(?:\1|\Z)|`[^`\n]{1,400}`", re.DOTALL)
_FENCED_JSON: Final = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)
_FOOTER: Final = re.compile(
    r"^[ \t#*_>-]*(?:sources?|references?|citations?|bibliography|works cited|quellen?|literatur|fuentes?"
    r"|referencias|fontes?|referências|références|fonti|riferimenti|bronnen|źródła|источники|参考文献|出典|来源|参考资料)"
    r"(?: used| cited)?[ \t*_]*[:\uff1a][ \t*_]*(.*)\Z",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_FOOTER_CAP: Final = 4000
_ITEM: Final = re.compile(r"[ \t]*(?:[-*+\u2022]|\d{1,3}[.)])?[ \t]*(.*)")
_PLAIN_WORDS: Final = re.compile(r"[a-z ]+")
"""Items of a line such as `Sources: solar, wind`: a statement, not a list of sources."""
_LIST_WORDS: Final = frozenset({
    "list", "array", "vector", "interval", "range", "tuple", "matrix", "row", "set", "in", "between", "returns",
    "return", "output", "input", "outputs", "result", "is", "becomes", "gives", "prints", "values", "indices", "to",
    "from", "with",
})  # fmt: skip
"""Words before a bracketed row of numbers that make it a value, not several citations."""
_WORD_BEFORE: Final = re.compile(r"([^\W\d_]+)\s*\Z")
_INDEXED: Final = re.compile(r"(?:\b[^\W\d]{1,2}|[_\])])\Z")
_VARIABLE: Final = re.compile(r"(?:^|[^\w'])[^\W\d_]\Z|_[^\W_]*\Z")
_USED_AS_VALUE: Final = re.compile(r"\s*(?:=(?!=)|[+*/<>]=?\s*[\w(\[]|\.[a-z_]+\(|\()")
_JSON_KEYS: Final = frozenset({
    "sources", "source_ids", "sourceids", "citations", "citation", "citation_ids", "cited_sources", "cited_documents",
    "references", "document_ids", "doc_ids", "docids", "source_documents", "source_id", "cited_ids", "used_sources",
})  # fmt: skip
_JSON_ID_KEYS: Final = (
    "id", "source_id", "doc_id", "document_id", "url", "uri", "link", "source", "ref", "number", "title",
)  # fmt: skip
_TRAILING: Final = ".,;:!?*_)\u3002\uff0c"
_MOST: Final = 500
"""Citations of one answer that are looked at."""


def may_cite(text: str) -> bool:
    """Whether `text` holds any sign of a citation, for texts other than the answer."""
    return _SIGN.search(text) is not None


def citations(answer: str) -> list[Citation]:
    """The citations of an answer in order, repeated ones repeated."""
    value = _json_value(answer)
    if value is not None:
        return list(islice(_of_json(value, depth=0), _MOST))
    prose = _CODE.sub(" ", answer) if "`" in answer or "~~~" in answer else answer
    return list(islice(_of_prose(prose), _MOST))


def _json_value(answer: str) -> Any:
    head = answer.lstrip()[:3]
    fenced = _FENCED_JSON.fullmatch(answer) if head == "```" else None
    if not fenced and head[:1] != "{":
        return None
    try:
        value = msgspec.json.decode(fenced[1] if fenced else answer)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


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
            if key.lower() in _JSON_KEYS:
                yield from _of_field(item)
            else:
                yield from _of_json(item, depth=depth + 1)


def _of_field(value: Any) -> Iterator[Citation]:
    for item in cast("list[Any]", value) if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            fields = cast("dict[str, Any]", item)
            label = next((fields[k] for k in _JSON_ID_KEYS if isinstance(fields.get(k), str | int)), None)
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
    elif _NUMBERS.fullmatch(bare):
        yield from _numbers(bare)
    elif match := _KIND_NUMBERS.fullmatch(bare):
        yield from _numbers(match[1])
    elif bare:
        yield Citation(Style.NAME, bare)


def _of_prose(text: str) -> Iterator[Citation]:
    footer = _FOOTER.search(text) if ":" in text or "\uff1a" in text else None
    body = text[: footer.start(1)] if footer else text
    for match in _MARK.finditer(body):
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
    elif kind == "explicit":
        for part in re.split(r"[,;]\s+", found["explicit"]):
            yield from _of_label(part)


def _of_superscripts(text: str) -> Iterator[Citation]:
    for match in _SUPERSCRIPT.finditer(text):
        if _ENDS_A_WORD.search(text, max(0, match.start() - 12), match.start()):
            yield Citation(Style.NUMBER, match[0].translate(_SUPERSCRIPTS))


def _of_footnote(label: str) -> Iterator[Citation]:
    yield Citation(Style.NUMBER if label.isdecimal() and len(label) <= 3 else Style.ID, label)


def _of_corner(label: str) -> Iterator[Citation]:
    """`【4:0†source】` (file search), `【2】`, `【doc-2】`."""
    head = label.partition("\u2020")[0].strip()
    number = head.partition(":")[0].strip()
    if _NUMBERS.fullmatch(number):
        yield from _numbers(number)
    elif _ID.fullmatch(head):
        yield Citation(Style.ID, head)


def _of_bracket(match: re.Match[str], text: str) -> Iterator[Citation]:
    label, target = match["bracket"], match["target"]
    if target is not None:
        if target.startswith(("http://", "https://")):
            yield Citation(Style.URL, _trim_url(target))
            return
        if not target.startswith(("#", "mailto:", "tel:", "/", "javascript:")):
            yield Citation(Style.ID, target)
            return
    if label.isdecimal() and label.isascii() and len(label) <= 3:  # by far the most frequent mark
        if not _is_value(match, text):
            yield _numbered(label)
    elif _NUMBERS.fullmatch(label):
        if not _is_value(match, text):
            yield from _numbers(label)
    elif kind := _KIND_NUMBERS.fullmatch(label):
        yield from _numbers(kind[1])
    else:
        parts = [part.strip() for part in re.split(r"[,;|]", label)]
        if all(_ID.fullmatch(part) for part in parts):
            for part in parts:
                yield Citation(Style.ID, part)


def _is_value(match: re.Match[str], text: str) -> bool:
    """Whether numbers in brackets are an index, a list or an interval rather than citations."""
    before = text[max(0, match.start() - 40) : match.start()]
    if before.rstrip().endswith(("=", "\u2208", "\u2209")) or _USED_AS_VALUE.match(text, match.end(), match.end() + 12):
        return True
    if before[-1:].strip() and not before.endswith("]") and _INDEXED.search(before, max(0, len(before) - 4)):
        return before.endswith("_") or _VARIABLE.search(before) is not None
    label = match["bracket"]
    if "," not in label and ";" not in label:
        return False
    word = _WORD_BEFORE.search(before)
    return bool(word and word[1].lower() in _LIST_WORDS)


@lru_cache(maxsize=1024)
def _numbered(digits: str) -> Citation:
    return Citation(Style.NUMBER, str(int(digits)))


def _numbers(text: str) -> Iterator[Citation]:
    for match in _RANGE.finditer(text):
        first, last = int(match[1]), int(match[2] or match[1])
        if first <= last <= first + 50:
            for number in range(first, last + 1):
                yield Citation(Style.NUMBER, str(number))
        else:
            yield Citation(Style.NUMBER, str(first))


def _of_footer(text: str) -> Iterator[Citation]:
    """The list at the end: numbers and addresses as anywhere, the rest of each line as a name."""
    for line in text.split("\n")[:60]:
        item = _ITEM.match(line)
        rest = item[1].strip() if item else ""
        if not rest:
            continue
        marks = list(_MARK.finditer(rest))
        for mark in marks:
            yield from _of_mark(mark, rest)
        if not marks:
            for part in re.split(r"[,;]\s+", rest) if len(rest) < 80 else [rest]:
                if not _PLAIN_WORDS.fullmatch(part):
                    yield from _of_label(part)


def _trim_url(url: str) -> str:
    trimmed = url.rstrip(_TRAILING)
    return f"{trimmed})" if url[len(trimmed) :].startswith(")") and trimmed.count("(") > trimmed.count(")") else trimmed
