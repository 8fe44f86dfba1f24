"""The pattern pass: all patterns of all checks, matched once a text by RE2 (linear in the text, never hangs).

A set says which patterns occur, not where; a check that needs the place asks `Scan.find`, which runs that one pattern
and only on a hit. RE2 has no look-around and no back-references.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, cast

import msgspec
import re2

from otel_evals.records.errors import ConfigurationError

_ENGINE: Final = cast("Any", re2)
"""RE2 itself, which comes without types."""
_SET_MEMORY = 64 << 20
"""Bytes for the DFA of one set: when it runs out RE2 answers "no match" without an error."""


class Target(StrEnum):
    """Which text of the exchange a pattern looks at. Folded texts are lower-cased with plain quotes (`text.fold`)."""

    ANSWER = "answer"
    """The answer as written."""
    ANSWER_FOLDED = "answer_folded"
    QUESTION_FOLDED = "question_folded"
    """The last user turn that holds text."""
    UNTRUSTED_FOLDED = "untrusted_folded"
    """Everything that strangers may have written: user turns, tool results, documents."""


class Pattern(msgspec.Struct, frozen=True):
    """One RE2 expression and the text that it is for. Equal patterns of several checks are matched once."""

    target: Target
    expression: str


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
    """Every pattern of a set of checks, compiled to one RE2 set a target."""

    __slots__ = ("_compiled", "_patterns", "_sets")

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        unique = list(dict.fromkeys(patterns))
        self._compiled = {p: compile_expression(p.expression) for p in unique}
        self._patterns = {t: tuple(p for p in unique if p.target is t) for t in Target}
        self._sets = {t: _compile_set(ps) for t, ps in self._patterns.items() if ps}

    def match(self, target: Target, text: str) -> frozenset[Pattern]:
        """The patterns of `target` that occur in `text`."""
        patterns = self._sets.get(target)
        if patterns is None or not text:
            return frozenset()
        hits: list[int] = patterns.Match(text)
        return frozenset(self._patterns[target][i] for i in hits) if hits else frozenset()

    def compiled(self, pattern: Pattern) -> Any:
        """The compiled form of one pattern, for the place of a hit."""
        return self._compiled[pattern]


def _compile_set(patterns: tuple[Pattern, ...]) -> Any:
    options = _ENGINE.Options()
    options.log_errors = False
    options.max_mem = _SET_MEMORY
    compiled = _ENGINE.Set.SearchSet(options)
    for pattern in patterns:
        compiled.Add(pattern.expression)
    compiled.Compile()
    return compiled
