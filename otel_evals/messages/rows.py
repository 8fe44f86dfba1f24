"""Flat indexed keys one level deep: `llm.input_messages.3.message.role` is the field `message.role` of row 3.

`messages.indexed` rebuilds the whole structure; most rows have two plain fields, and reading them flat costs a quarter
of that. Called by the dialects whose messages are flat keys.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from otel_evals.messages.indexed import nest

Row = dict[str, Any]
_Plan = tuple[tuple[tuple[tuple[str, str], ...], ...], ...]
"""For each prefix its rows, for each row its fields: name, and the key that holds the value."""

_MANY: Final = 100
"""Keys of a span above which its plan is not worth keeping: no other conversation has just as many turns."""
_KEYS: Final = 4096
"""Keys whose place is remembered, for each set of prefixes; senders choose them, so there must be a bound."""


def read_rows(attributes: Mapping[str, Any], prefixes: tuple[str, ...]) -> tuple[list[Row], ...]:
    """The rows under each of `prefixes` (with its final dot), in numeric order; gaps are closed up.

    A value that stands at the index itself, without a field, is the row's field `""`.
    """
    keys = tuple(attributes)
    plan = _kept_plan(keys, prefixes) if len(keys) <= _MANY else _plan(keys, prefixes)
    return tuple([[{field: attributes[key] for field, key in row} for row in rows] for rows in plan])


def _plan(keys: tuple[str, ...], prefixes: tuple[str, ...]) -> _Plan:
    place = _place_of(prefixes)
    tables: list[dict[int, list[tuple[str, str]]]] = [{} for _ in prefixes]
    for key in keys:
        if (found := place(key)) is not None:
            prefix, number, field = found
            tables[prefix].setdefault(number, []).append((field, key))
    return tuple([tuple([tuple(table[number]) for number in sorted(table)]) for table in tables])


_kept_plan: Final = lru_cache(maxsize=256)(_plan)
"""Spans of one producer mostly differ in their values, not in their keys."""


@lru_cache(maxsize=32)
def _place_of(prefixes: tuple[str, ...]) -> Callable[[str], tuple[int, int, str] | None]:
    """What says where a key belongs: position of its prefix, index, field; None for any other key.

    The readers ask with a handful of constant prefixes, and spans repeat the same few dozen keys.
    """
    positions = {prefix: position for position, prefix in enumerate(prefixes)}
    listed = "|".join(re.escape(prefix) for prefix in prefixes)
    match = re.compile(rf"({listed})([0-9]{{1,9}})(?:\.(.*))?", re.DOTALL).fullmatch

    @lru_cache(maxsize=_KEYS)
    def place(key: str) -> tuple[int, int, str] | None:
        if (found := match(key)) is None:
            return None
        prefix, index, field = found.groups("")
        return positions[prefix], int(index), field

    return place


def below(row: Row, prefix: str) -> list[Any]:
    """The items of a list inside a row (`message.tool_calls.`), nested; empty when there are none."""
    return nest(row, prefix) if any(field.startswith(prefix) for field in row) else []
