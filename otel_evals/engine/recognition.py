"""Which dialects a span is shown to: those whose signs it bears, and those that declare none.

Asking some twenty dialects about every span costs more than reading it. Here one intersection of the span's keys with
all declared keys, one look-up of its scope and one of each event name give the few that remain. Built once by the
reader, asked for every candidate span.
"""

from collections.abc import Sequence
from typing import Final

from otel_evals.plugins.protocols import Dialect
from otel_evals.plugins.signs import Signs
from otel_evals.records.span import SpanView

_KEPT: Final = 4096
"""Scope names and combinations of dialects that are remembered; senders choose the names, so there must be a bound."""


class Recognition:
    """Finds the dialects that may know a span, in the order in which they win."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._dialects = tuple(dialects)
        self._unsigned = 0
        self._keys: dict[str, int] = {}
        self._events: dict[str, int] = {}
        self._beginnings: list[tuple[tuple[str, ...], int]] = []
        for position, dialect in enumerate(self._dialects):
            self._add(getattr(dialect, "signs", None), 1 << position)
        self._signs = frozenset(self._keys)
        self._scopes: dict[str, int] = {}
        self._named: dict[int, tuple[Dialect, ...]] = {}

    def _add(self, signs: Signs | None, bit: int) -> None:
        if signs is None:
            self._unsigned |= bit
            return
        for names, table in ((signs.keys, self._keys), (signs.events, self._events)):
            for name in names:
                table[name] = table.get(name, 0) | bit
        if signs.scopes:
            self._beginnings.append((signs.scopes, bit))

    def dialects(self, span: SpanView) -> tuple[Dialect, ...]:
        """The dialects to ask about `span`; whether they know it is theirs to say."""
        bits = self._scopes.get(span.scope_name)
        if bits is None:
            bits = self._of_scope(span.scope_name)
        for key in self._signs.intersection(span.attributes):
            bits |= self._keys[key]
        for event in span.events:
            bits |= self._events.get(event.name, 0)
        named = self._named.get(bits)
        return self._of_bits(bits) if named is None else named

    def _of_scope(self, name: str) -> int:
        bits = self._unsigned
        for beginnings, bit in self._beginnings:
            if name.startswith(beginnings):
                bits |= bit
        if len(self._scopes) >= _KEPT:
            self._scopes.clear()
        self._scopes[name] = bits
        return bits

    def _of_bits(self, bits: int) -> tuple[Dialect, ...]:
        named = tuple(dialect for position, dialect in enumerate(self._dialects) if bits >> position & 1)
        if len(self._named) >= _KEPT:
            self._named.clear()
        self._named[bits] = named
        return named
