"""Reads what a judge answered: one JSON object in the form that was asked for, or no verdict at all.

Called by the judges with hostile text: a model may echo what it was shown. Nothing is mended and nothing guessed; what
is nearly a verdict is none.
"""

import json
import re
from typing import Any, Final, cast

import msgspec

from otel_evals.records.errors import OtelEvalsError
from otel_evals.records.evaluation import Label
from otel_evals.rubrics.fence import HIDDEN, visible
from otel_evals.rubrics.question import REASON
from otel_evals.rubrics.rubric import Grade, Rubric

_CAP: Final = 64_000
"""Bytes of an answer; an honest one has a few hundred."""
_EXPLANATION_CAP: Final = 1_000
_BLOCK: Final = re.compile(r"```(?:json)?[ \t]*\r?\n(.*)\n[ \t]*```", re.DOTALL | re.IGNORECASE)
_REQUIRED: Final = frozenset({"reason", "grade", "nonce"})
_KNOWN: Final = _REQUIRED | {"confidence"}


class Unreadable(OtelEvalsError, ValueError):  # noqa: N818 - named for the condition
    """The answer is no verdict. The text says why in a few words and never quotes the answer."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A judge's answer as it was read."""

    label: Label
    score: float
    explanation: str
    """At most 1 000 characters, without control characters and without the nonce."""
    grade: str
    """The rubric's own word."""
    confidence: float | None = None


def read_answer(text: str, rubric: Rubric, nonce: str) -> Answer:
    """The verdict that `text` holds: one JSON object, alone or in one block marked as JSON. Raises Unreadable."""
    fields = _object(_bare(text))
    if not fields.keys() >= _REQUIRED:
        raise Unreadable("a key is missing")
    if not fields.keys() <= _KNOWN:
        raise Unreadable("it has keys that were not asked for")
    if fields["nonce"] != nonce or not isinstance(fields["nonce"], str):
        raise Unreadable("it does not carry the code of the request")
    grade = _grade(fields["grade"], rubric)
    return Answer(
        label=grade.label,
        score=grade.score,
        explanation=_explanation(fields["reason"], nonce),
        grade=grade.word,
        confidence=_confidence(fields.get("confidence")),
    )


def _bare(text: str) -> str:
    if len(text) > _CAP or len(text.encode("utf-8", "surrogatepass")) > _CAP:
        raise Unreadable("longer than 64 kB")
    bare = text.strip()
    block = _BLOCK.fullmatch(bare)
    if not bare:
        raise Unreadable("empty")
    return block[1] if block else bare


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except Unreadable:
        raise
    except (ValueError, RecursionError):  # ValueError: not JSON, or a number of thousands of digits
        raise Unreadable("not exactly one JSON object") from None
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object")
    return cast("dict[str, Any]", value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Unreadable("a key stands in it twice")
    return fields


def _grade(word: Any, rubric: Rubric) -> Grade:
    grade = rubric.grade(word) if isinstance(word, str) else None
    if grade is None:
        raise Unreadable("the grade is none of the scale")
    return grade


def _confidence(value: Any) -> float | None:
    if value is None:
        return None
    # What is not finite, which Python's JSON reader lets through, is not in the range either.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Unreadable("the confidence is no number from 0 to 1")
    return float(value)


def _explanation(reason: Any, nonce: str) -> str:
    if not isinstance(reason, str):
        raise Unreadable("the reason is no text")
    line = " ".join(visible(reason).split())
    if not line:
        raise Unreadable("there is no reason")
    if line == REASON:
        raise Unreadable("it repeats the form instead of filling it in")
    line = re.sub(re.escape(nonce), HIDDEN, line, flags=re.IGNORECASE) if nonce else line
    return line if len(line) <= _EXPLANATION_CAP else line[: _EXPLANATION_CAP - 1] + "…"
