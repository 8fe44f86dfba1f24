"""Tells numbers in brackets that are values (an index, a list, an interval, a matrix) from citations.

`text.citations` asks for every bracketed number of an answer.
"""

import re
from typing import Final

from otel_evals.text.citation_marks import JSON_KEYS

_LIST_WORDS: Final = frozenset({
    "list", "array", "vector", "interval", "range", "tuple", "matrix", "row", "set", "in", "between", "returns",
    "return", "output", "input", "outputs", "result", "is", "becomes", "gives", "prints", "values", "indices", "to",
    "from", "with",
})  # fmt: skip
"""Words before a bracketed row of numbers that make it a value, not several citations."""
_KEY_BEFORE: Final = re.compile(r"[\"']([\w -]{1,30})[\"']\s*:\s*\Z")
"""The key of a JSON object or a dictionary that stands in prose."""
_EXPRESSION_BEFORE: Final = re.compile(
    r"(?:=\s*|\w\([^()\n]{0,30}?)(?<!\w)[^\W\d][\w.]*\Z|(?<!\w)(?:arr|lst|vec|nums|xs|ys|argv|args|buf|ptr|idx|df|dp)\Z"
)
"""A name that is indexed: in an assignment, among the arguments of a call, or one that only code uses."""
_ROW: Final = r"\[[\d\s.,+eE-]{1,400}\]"
_NESTED: Final = re.compile(rf"\[\s*(?:\[[\d\s.+eE-]*,[\d\s.,+eE-]{{0,400}}\]|{_ROW}(?:\s*,\s*{_ROW})+)(?:\s*,)?\s*\]")
_WORD_BEFORE: Final = re.compile(r"([^\W\d_]+)\s*\Z")
_INDEXED: Final = re.compile(r"(?:\b[^\W\d]{1,2}|[_\])])\Z")
_VARIABLE: Final = re.compile(r"(?:^|[^\w'])[^\W\d_]\Z|_[^\W_]*\Z")
_USED_AS_VALUE: Final = re.compile(r"\s*(?:=(?!=)|[+*/<>]=?\s*[\w(\[]|\.[a-z_]+\(|\()")


def without_rows(text: str) -> str:
    """`text` without rows of numbers in rows: a matrix holds no citation, while `[[1]]` is one."""
    return _NESTED.sub(" ", text) if text.count("[") > 2 or "[[" in text else text


def is_value(match: re.Match[str], text: str) -> bool:
    """Whether numbers in brackets are an index, a list or an interval rather than citations."""
    before = text[max(0, match.start() - 40) : match.start()]
    if before.rstrip().endswith(("=", "\u2208", "\u2209")) or _USED_AS_VALUE.match(text, match.end(), match.end() + 12):
        return True
    if (key := _KEY_BEFORE.search(before)) and key[1].lower() not in JSON_KEYS:
        return True
    if before[-1:].isalnum() and _EXPRESSION_BEFORE.search(before):
        return True
    if before[-1:].strip() and not before.endswith("]") and _INDEXED.search(before, max(0, len(before) - 4)):
        return before.endswith("_") or _VARIABLE.search(before) is not None
    label = match["bracket"]
    if "," not in label and ";" not in label:
        return False
    word = _WORD_BEFORE.search(before)
    return bool(word and word[1].lower() in _LIST_WORDS)
