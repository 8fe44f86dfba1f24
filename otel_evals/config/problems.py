"""Everything that is wrong with a configuration, collected, so that it can be mended in one go."""

import difflib
from collections.abc import Iterable

import msgspec

from otel_evals.config.node import Origin, Path, spell
from otel_evals.records.errors import ConfigurationError


class Problem(msgspec.Struct, frozen=True):
    """One fault: where it stands, which key it is about, what to do. Never holds a value that may be secret."""

    path: Path
    origin: Origin
    message: str

    def __str__(self) -> str:
        parts = (str(self.origin), spell(self.path), self.message)
        return ": ".join(part for part in parts if part)


class Problems:
    """A list of faults in the order in which they were found."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, path: Path, origin: Origin, message: str) -> None:
        """Note a fault."""
        self._found.append(Problem(path, origin, message))

    def raise_any(self) -> None:
        """Raise a ConfigurationError that names all faults, one a line; nothing when there are none."""
        if self._found:
            in_order = sorted(self._found, key=lambda problem: (problem.origin.layer, problem.origin.line))
            raise ConfigurationError("\n".join(map(str, in_order)))


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean x?` for the nearest of the known words, else the words themselves (or nothing)."""
    words = sorted(known)
    close = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known: {', '.join(words)}" if words else ""
