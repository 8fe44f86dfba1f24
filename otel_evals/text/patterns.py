"""The pattern pass: all patterns of all checks, matched once a text by RE2 (linear in the text, never hangs).

A set says which patterns occur, not where; a check that needs the place asks `Scan.find`, which runs that one pattern
and only on a hit. RE2 has no look-around and no back-references.

The sets hold the patterns without their upper bounds (`[^.]{0,80}` as `[^.]*`): an automaton that counts up to eighty
for sixty patterns at once meets a new state at nearly every word and costs thirty times as much. A pattern that begins
with common words ("give me the … prompt") has a core instead, its rarest part, for the same reason. What the looser
form or the core finds, the pattern itself confirms; that is rare.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, cast

import msgspec
import re2

from otel_evals.records.errors import ConfigurationError

_ENGINE: Final = cast("Any", re2)
"""RE2 itself, which comes without types."""
_SET_MEMORY = 64 << 20
"""Bytes for the DFA of one set: when it runs out RE2 answers "no match" without an error."""

_SET_SIZE: Final = 72
"""Patterns of one set."""
_LEAST_BOUND: Final = 3
"""Upper bounds below this one stay: they make few states."""
_BOUNDED: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+),(\d+)\}\??", re.DOTALL)
"""A repetition with bounds, or an escape or character class, in which braces mean something else."""
_Match = Callable[[bytes], Sequence[int] | None]


class Target(StrEnum):
    """Which text of the exchange a pattern looks at. Folded texts are lower-cased with plain quotes (`text.fold`)."""

    __hash__ = str.__hash__  # that of an enum is a Python function, and targets are looked up all the time

    ANSWER = "answer"
    """The answer as written."""
    ANSWER_FOLDED = "answer_folded"
    ANSWER_OPENING = "answer_opening"
    """The first `OPENING` characters of the folded answer."""
    QUESTION_FOLDED = "question_folded"
    """The last user turn that holds text."""
    QUESTION_OPENING = "question_opening"
    """The first `OPENING` characters of the folded last user turn."""
    UNTRUSTED_FOLDED = "untrusted_folded"
    """What strangers may have written: user turns, tool results, documents, passages in system prompts."""


OPENING: Final = 512
"""Characters of an opening."""
OPENING_REACH: Final = 330
"""Characters from the start within which a phrase has to begin to stand whole in an opening: none takes the rest."""


class Pattern(msgspec.Struct, frozen=True, cache_hash=True):
    """One RE2 expression and the text that it is for. Equal patterns of several checks are matched once."""

    target: Target
    expression: str
    core: str = ""
    """What has to occur in the text besides: the part of `expression` that ordinary text seldom holds. Empty: none."""

    @property
    def sought(self) -> str:
        """What a set looks for: the core, else the expression in its looser form."""
        return self.core or _loosened(self.expression)


_NONE: Final[frozenset[Pattern]] = frozenset()


def compile_expression(expression: str) -> Any:
    """A compiled RE2 expression.

    Raises:
        ConfigurationError: RE2 cannot take it (look-around, back-references, syntax); the text says what is wrong.
    """
    options = _ENGINE.Options()
    options.log_errors = False
    options.max_mem = _SET_MEMORY
    try:
        return _ENGINE.compile(expression, options=options)
    except _ENGINE.error as error:
        reason = error.args[0]
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ConfigurationError(
            f"pattern {expression!r} is not RE2: {text} (RE2 has no look-around and no back-references)"
        ) from error


class PatternPass:
    """Every pattern of a set of checks, compiled to a few RE2 sets a target."""

    __slots__ = ("_compiled", "_sets", "_unsure")

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        unique = list(dict.fromkeys(patterns))
        self._compiled = {p: compile_expression(p.expression) for p in unique}
        self._unsure = frozenset(p for p in unique if p.sought != p.expression)
        self._sets = {t: _sets([p for p in unique if p.target is t]) for t in Target}

    def match(self, target: Target, text: str) -> frozenset[Pattern]:
        """The patterns of `target` that occur in `text`."""
        if not text:
            return _NONE
        data = text.encode()
        found: list[Pattern] = []
        for match, members in self._sets[target]:
            for i in match(data) or ():
                pattern = members[i]
                if pattern not in self._unsure or self._compiled[pattern].search(data):
                    found.append(pattern)
        return frozenset(found) if found else _NONE

    def compiled(self, pattern: Pattern) -> Any:
        """The compiled form of one pattern, for the place of a hit."""
        return self._compiled[pattern]


def _sets(patterns: list[Pattern]) -> list[tuple[_Match, list[Pattern]]]:
    """Sets of at most `_SET_SIZE` patterns, each of neighbours: they begin alike and share states.

    Each set is a walk over the text, which costs more than the states of patterns that seldom begin.
    """
    count = -(-len(patterns) // _SET_SIZE)
    size = -(-len(patterns) // count) if count else 1
    parts = [patterns[i : i + size] for i in range(0, len(patterns), size)]
    return [(_set_match(p.sought for p in part), part) for part in parts]


def compile_presence(expression: str) -> Callable[[str], bool]:
    """Whether an expression occurs in a text: quicker than `compile_expression(…).search`, which finds the place."""
    match = _set_match([expression])
    return lambda text: bool(text and match(text.encode()))


def _set_match(expressions: Iterable[str]) -> _Match:
    options = _ENGINE.Options()
    options.log_errors = False
    options.max_mem = _SET_MEMORY
    compiled = _ENGINE.Set.SearchSet(options)
    for expression in expressions:
        compiled.Add(expression)
    compiled.Compile()
    return compiled.Match


def _loosened(expression: str) -> str:
    """An expression that matches wherever `expression` does, without upper bounds on repetitions."""
    if "[[:" in expression or r"\Q" in expression:
        return expression  # a syntax that the reading below does not know: rare, and right as it is
    return _BOUNDED.sub(_without_bound, expression)


def _without_bound(match: re.Match[str]) -> str:
    if match[1] is None or int(match[2]) < _LEAST_BOUND:
        return match[0]
    return {"0": "*", "1": "+"}.get(match[1], f"{{{match[1]},}}")
