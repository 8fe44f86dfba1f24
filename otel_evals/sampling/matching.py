"""A rule's condition, compiled once to the few questions that it really asks, the cheapest first."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, cast

from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.globs import any_glob
from otel_evals.sampling.match import MatchSettings

Condition = Callable[[SamplingFacts], bool]

_NAMES = ("failing", "passing", "reasons")
"""Conditions that share a name with the fact of the same name."""
_WORDS = ("service", "provider", "model", "prompt_name", "prompt_version", "operation", "environment")
"""Conditions that are globs over the fact of the same name."""


def conditions(match: MatchSettings) -> tuple[Condition, ...]:
    """What must all hold; nothing for a rule that is for every span."""
    found: list[Condition] = []
    if match.feedback:
        found.append(_one_of("feedback", match.feedback))
    if match.band:
        found.append(_one_of("band", match.band))
    if match.clean is not None:
        found.append(_clean if match.clean else _not_clean)
    found += [_shares(name, names) for name in _NAMES if (names := getattr(match, name))]
    if match.streaming is not None:
        found.append(_one_of("streaming", (match.streaming,)))
    found += [_glob(name, globs) for name in _WORDS if (globs := getattr(match, name))]
    found += [_slice(key, globs) for key, globs in match.slices.items()]
    found += [_attribute(key, globs) for key, globs in match.attributes.items()]
    return tuple(found)


def _clean(facts: SamplingFacts) -> bool:
    return not facts.failing


def _not_clean(facts: SamplingFacts) -> bool:
    return bool(facts.failing)


def _one_of(field: str, values: Sequence[object]) -> Condition:
    value_of = attrgetter(field)
    allowed = tuple(values)  # a few members: quicker than hashing
    return lambda facts: value_of(facts) in allowed


def _shares(field: str, names: Sequence[str]) -> Condition:
    names_of, asked = attrgetter(field), frozenset(names)
    return lambda facts: not asked.isdisjoint(names_of(facts))


def _glob(field: str, globs: Sequence[str]) -> Condition:
    value_of, fits = attrgetter(field), any_glob(globs)
    return lambda facts: (value := value_of(facts)) is not None and fits(value)


def _slice(key: str, globs: Sequence[str]) -> Condition:
    fits = any_glob(globs)
    return lambda facts: (value := facts.slices.get(key)) is not None and fits(value)


def _attribute(key: str, globs: Sequence[str]) -> Condition:
    fits = any_glob(globs)

    def holds(facts: SamplingFacts) -> bool:
        value = facts.attribute(key)
        if isinstance(value, list | tuple):
            return any(fits(_text(item)) for item in cast("Sequence[Any]", value))
        return value is not None and fits(_text(value))

    return holds


def _text(value: Any) -> str:
    """An attribute value as people write it in a configuration."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)
