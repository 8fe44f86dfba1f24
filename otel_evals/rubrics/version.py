"""The version of a judge: a short hash of everything that decides what it is asked and how its answer is scored.

Editing the criterion, the scale, our own template, the way material is laid out, a parameter or the pinned model makes
a new version by itself; editing examples or the source does not, since no judge reads them.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from otel_evals.rubrics.example import Call, Example, ExampleStep, Passage, Tool, Turn
from otel_evals.rubrics.question import Question, ask
from otel_evals.rubrics.rubric import Rubric

_LENGTH: Final = 12
"""Hex digits, as the versions of checks have."""
_NONCE: Final = "0" * 16
_PROBE: Final = Example(
    question="question <|x|> ⟦ " + "word " * 400,
    answer="answer " * 400,
    why="",
    instructions="instructions",
    conversation=(Turn(role="user", text="before"), Turn(role="assistant", text="reply")),
    documents=(Passage(text="passage " * 400, id="a"), Passage(text="other")),
    tools=(Tool(name="tool", description="description", parameters={"type": "object"}),),
    calls=(Call(name="tool", arguments={"a": 1}, result="result"), Call(name="tool")),
    steps=(ExampleStep(kind="tool", name="tool", input="in", output="out", failed=True),),
    reference="reference",
)
"""A case with a bit of everything: what it looks like to a judge stands for the code that lays cases out."""


def judge_version(rubric: Rubric, *, model: str, parameters: Mapping[str, object]) -> str:
    """Version of a judge: 12 hex digits.

    Args:
        rubric: what is decided.
        model: the pinned model, as the endpoint is asked for it.
        parameters: everything else that is sent or that shapes the question: temperature, seed, `max_chars`, …
    """
    question = _asked(rubric, 100_000)
    decides: dict[str, Any] = {
        "name": rubric.name,
        "target": rubric.target,
        "needs": sorted(rubric.needs),
        "scale": rubric.scale,
        "system": question.system,
        "user": question.user,
        "schema": question.schema,
        "tool_name": question.tool_name,
        "layout": _layout(),
        "model": model,
        "parameters": dict(parameters),
    }
    encoded = msgspec.json.encode(decides, order="deterministic", enc_hook=repr)
    return hashlib.sha256(encoded).hexdigest()[:_LENGTH]


def _asked(rubric: Rubric, max_chars: int) -> Question:
    return ask(rubric, _PROBE.case(), nonce=_NONCE, max_chars=max_chars, redact=str)


@cache
def _layout() -> str:
    """How material is shortened, whatever the rubric."""
    return _asked(_ANY, 0).user


_ANY: Final = msgspec.convert(
    {
        "name": "any",
        "title": "Any",
        "target": "exchange",
        "needs": [],
        "text": "Any.",
        "scale": [
            {"word": "bad", "label": "fail", "score": 0, "meaning": "Bad."},
            {"word": "good", "label": "pass", "score": 1, "meaning": "Good."},
        ],
    },
    Rubric,
)
