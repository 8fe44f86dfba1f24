"""Replaces personal data and credentials in a text by `[REDACTED:<kind>]`.

Called by `forward.content` for destinations with the policy `redact`. JSON is edited inside its string literals, so
that it stays valid JSON and every other character stays as the sender wrote it, also when the text was cut short.
"""

import json
import re
from typing import Final

import msgspec

from otel_evals.text import credentials, personal
from otel_evals.text.detection import Detection, disjoint
from otel_evals.text.patterns import Pattern, PatternPass, Target

_PATTERNS: Final = {gate: Pattern(Target.ANSWER, gate) for gate in (*personal.GATES, *credentials.GATES)}
_GATES: Final = PatternPass(_PATTERNS.values())
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)|-?\d{9,}', re.DOTALL)
"""A string literal (the last one of a cut text may have no end), or a number long enough to be a card or an id."""
_MAX_DEPTH: Final = 8
"""JSON inside a string of JSON that is followed; deeper levels are read as plain text."""
_SHORTEST: Final = 6
"""Characters below which nothing can be found."""
_LONGEST_KEY: Final = 64


def redact(text: str) -> str:
    """`text` without personal data and credentials; the same object when there are none."""
    return _redact(text, 0)


def _redact(text: str, depth: int) -> str:
    if len(text) < _SHORTEST or ("\\u" not in text and not _GATES.match(Target.ANSWER, text)):
        return text
    if depth > _MAX_DEPTH or text.lstrip()[:1] not in ("{", "[", '"'):
        return _splice(text, _detect(text))
    clean = _redact_json(text, depth)
    # What only looks like JSON, or was cut, is read once more as the plain text that it is.
    return clean if _is_json(text) else _splice(clean, _detect(clean))


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return False
    return True


def _detect(text: str) -> list[Detection]:
    hits = _GATES.match(Target.ANSWER, text)

    def occurs(gate: str) -> bool:
        return _PATTERNS[gate] in hits

    return disjoint([*credentials.detect(text, occurs), *personal.detect(text, occurs)]) if hits else []


def _splice(text: str, found: list[Detection], offset: int = 0) -> str:
    """`text[offset:]` with the detections that reach into it replaced."""
    pieces: list[str] = []
    at = offset
    for detection in found:
        if detection.end > offset:
            pieces += (text[at : max(at, detection.start)], f"[REDACTED:{detection.kind}]")
            at = detection.end
    return "".join((*pieces, text[at:])) if pieces else text[offset:]


def _redact_json(text: str, depth: int) -> str:
    pieces: list[str] = []
    at, key = 0, ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        value = _decoded(token)
        clean = _redact_value(value, key, depth)
        if clean != value:
            pieces += (text[at : match.start()], json.dumps(clean, ensure_ascii=token.isascii()))
            at = match.end()
        key = (
            value if text[match.end() : match.end() + 3].lstrip().startswith(":") and len(value) < _LONGEST_KEY else ""
        )
    return "".join((*pieces, text[at:])) if pieces else text


def _decoded(token: str) -> str:
    if token[0] != '"':
        return token
    try:
        return json.loads(token, strict=False)
    except ValueError:
        return token.strip('"')


def _redact_value(value: str, key: str, depth: int) -> str:
    """A string of JSON, read with its key before it: `"phone": "…"` says what the digits are."""
    if not key or value.lstrip()[:1] in ("{", "[", '"'):
        return _redact(value, depth + 1)
    prefix = f"{key}: "
    return _splice(prefix + value, _detect(prefix + value), len(prefix))
