"""A rubric: one axis of quality that a judge decides, as a data file. `config` reads users' own with `load_rubric`."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from types import MappingProxyType
from typing import Final

import msgspec

from otel_evals.records.errors import ConfigurationError
from otel_evals.records.evaluation import Label
from otel_evals.records.judging import Need, Target
from otel_evals.rubrics.example import Example
from otel_evals.rubrics.part import Part
from otel_evals.rubrics.strict_yaml import StrictYamlError, read_yaml
from otel_evals.semconv.otel_evals import RESERVED_WORDS

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TEXT_CAP: Final = 8_000
"""Characters of a criterion: what a judge can follow, and what each question costs at least."""


class Grade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One word of a scale."""

    word: str
    """What the judge answers; unique in its scale without regard to case."""
    label: Label
    score: float
    """0 worst … 1 best."""
    meaning: str
    """When this grade is the right one, in one sentence."""


class Examples(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cases about which no two experts would differ: `good` ones pass, `bad` ones fail."""

    good: tuple[Example, ...] = ()
    bad: tuple[Example, ...] = ()


class Rubric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a judge is to decide, and how. Raises ValueError when its parts do not fit each other."""

    name: str
    """The evaluation's name: snake_case, none of the reserved words."""
    title: str
    target: Target
    needs: frozenset[Need]
    """What a case must have; one that lacks it is not judged."""
    scale: tuple[Grade, ...]
    """From worst to best: scores rise, what fails comes before what passes."""
    text: str
    """The criterion: what to decide, how, what is not judged here. At most 8 000 characters."""
    shows: frozenset[Part] = frozenset(Part)
    """Parts of the case that leave for the judge; all unless named, and fewer cost less and tell less."""
    source: str = ""
    """Where the definition comes from: a paper or a public framework's documentation, with its address."""
    examples: Examples = Examples()
    """For the self-test of a judge; they are not part of the question."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in RESERVED_WORDS:
            raise ValueError("name: must be snake_case, at most 64 characters, and none of the reserved words")
        if not self.title.strip():
            raise ValueError("title: must not be empty")
        if not self.text.strip() or len(self.text) > _TEXT_CAP:
            raise ValueError(f"text: must hold the criterion, in at most {_TEXT_CAP} characters")
        if Part.ANSWER not in self.shows and Part.QUESTION not in self.shows:
            raise ValueError("shows: must name the question or the answer")
        _check_scale(self.scale)

    @property
    def best(self) -> Grade:
        """The grade that an attacker wishes for."""
        return self.scale[-1]

    def grade(self, word: str) -> Grade | None:
        """The grade that is called `word`, without regard to case and outer white space; None for anything else."""
        wanted = word.strip().lower()
        return next((grade for grade in self.scale if grade.word.lower() == wanted), None)


def _check_scale(scale: tuple[Grade, ...]) -> None:
    if len({grade.word.strip().lower() for grade in scale}) < max(2, len(scale)):
        raise ValueError("scale: needs two grades or more, each with a word of its own")
    if any(not grade.word.strip() or grade.word != grade.word.strip() or len(grade.word) > 64 for grade in scale):
        raise ValueError("scale: a word must hold 1 to 64 characters without white space around them")
    if not all(0 <= grade.score <= 1 for grade in scale):
        raise ValueError("scale: each score must be between 0 and 1")
    if any(worse.score >= better.score for worse, better in pairwise(scale)):
        raise ValueError("scale: must go from worst to best, with rising scores")
    labels = [grade.label for grade in scale]
    if labels != sorted(labels) or len(set(labels)) < 2:
        raise ValueError("scale: needs grades that fail, and after them grades that pass")


def load_rubric(text: str, origin: str) -> Rubric:
    """The rubric that `text` (YAML) holds. Raises ConfigurationError, which names `origin` and the field."""
    try:
        return msgspec.convert(read_yaml(text), Rubric)
    except StrictYamlError as error:
        raise ConfigurationError(f"{origin}: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{origin}: {_spelled(str(error))}") from None


_AT: Final = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<where>[^`]*)`)?", re.DOTALL)


def _spelled(message: str) -> str:
    """The library's message with the field first."""
    match = _AT.fullmatch(message)
    if match is None or not match["where"]:
        return message
    what = match["what"].replace("Object contains", "it holds an").replace("Object missing required", "it lacks the")
    hint = (
        " (put quotes around it)" if "Expected `str`, got `bool`" in what or "Expected `str`, got `int`" in what else ""
    )
    return f"{match['where']}: {what}{hint}"


@cache
def builtin_rubrics() -> Mapping[str, Rubric]:
    """The rubrics that come with the package, by name."""
    folder = files("otel_evals.rubrics").joinpath("data")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    rubrics = [load_rubric(entry.read_text(encoding="utf-8"), entry.name) for entry in found]
    return MappingProxyType({rubric.name: rubric for rubric in sorted(rubrics, key=lambda rubric: rubric.name)})
