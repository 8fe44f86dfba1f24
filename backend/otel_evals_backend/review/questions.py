"""What people are asked about a metric: a question whose yes is a pass, and what counts.

A judge's rubric is the guide, word for word, so that people and judge decide the same; for checks there is a sentence
of ours, for rules of the configuration what they say. What the configuration says comes first. The version goes with
every label: labels of different questions are never compared.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

import msgspec

from otel_evals.rubrics.rubric import Rubric, builtin_rubrics
from otel_evals_backend.records import Wording
from otel_evals_backend.settings import ReviewSettings

_VERSION: Final = 12
ANY: Final = "task_success"
"""The metric that is asked of an answer that users disliked and nobody judged."""
POLICY: Final = "policy_"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """The question of one metric."""

    metric: str
    ask: str
    guide: str = ""
    passes: tuple[str, ...] = ()
    """When it passes, one sentence each."""
    fails: tuple[str, ...] = ()
    version: str
    """12 hex digits of everything that a person reads of it."""


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ask: str
    guide: str = ""


@cache
def _written() -> dict[str, _Written]:
    import yaml  # noqa: PLC0415 - read once, and only where people review

    text = files("otel_evals_backend.review").joinpath("questions.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), dict[str, _Written])


def question_of(metric: str, wordings: Mapping[str, Wording]) -> Question:
    """The question of `metric`, which may be one that nobody here knows; `wordings` are the configuration's."""
    said = wordings.get(metric) or _known(metric)
    read = msgspec.json.encode((metric, said.ask, said.guide, said.passes, said.fails))
    return Question(
        metric=metric,
        ask=said.ask,
        guide=said.guide,
        passes=said.passes,
        fails=said.fails,
        version=sha256(read).hexdigest()[:_VERSION],
    )


def is_written(metric: str, wordings: Mapping[str, Wording]) -> bool:
    """Whether somebody has written what is asked about `metric`."""
    return metric in wordings or metric in _written() or metric in builtin_rubrics()


@cache
def _known(metric: str) -> Wording:
    words = metric.replace("_", " ")
    if metric.startswith(POLICY):
        fallback = f"Does the answer keep the rule “{metric.removeprefix(POLICY).replace('_', ' ')}”?"
    else:
        fallback = f"Is the answer good in respect of “{words}”?"
    written = _written().get(metric, _Written(ask=fallback))
    rubric = builtin_rubrics().get(metric)
    return Wording(ask=written.ask, guide=written.guide) if rubric is None else wording_of(rubric, written.ask)


def wording_of(rubric: Rubric, ask: str) -> Wording:
    """What people read of a rubric: all that a judge decides by."""
    return Wording(
        ask=ask,
        guide=rubric.text.strip(),
        passes=tuple(grade.meaning for grade in rubric.scale if grade.label.value == "pass"),
        fails=tuple(grade.meaning for grade in rubric.scale if grade.label.value == "fail"),
    )


def reason_keys(settings: ReviewSettings) -> tuple[tuple[str, str], ...]:
    """The team's reason codes, each with its key 1 to 9 ("" beyond)."""
    return tuple((str(place) if place < 10 else "", code) for place, code in enumerate(settings.reasons, 1))
