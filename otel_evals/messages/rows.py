"""Flat indexed keys one level deep: `llm.input_messages.3.message.role` is the field `message.role` of row 3.

`messages.indexed` rebuilds the whole structure; most rows have two plain fields, and reading them flat costs a quarter
of that. Called by the dialects whose messages are flat keys.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from otel_evals.messages.indexed import nest

Row = dict[str, Any]


def read_rows(attributes: Mapping[str, Any], prefixes: tuple[str, ...]) -> tuple[list[Row], ...]:
    """The rows under each of `prefixes` (with its final dot), in numeric order; gaps are closed up.

    A value that stands at the index itself, without a field, is the row's field `""`.
    """
    match = _matcher(prefixes)
    tables: dict[str, dict[int, Row]] = {}
    for key in attributes:
        if (found := match(key)) is None:
            continue
        prefix, index, field = found.groups("")
        table = tables.get(prefix)
        if table is None:
            table = tables[prefix] = {}
        number = int(index)
        row = table.get(number)
        if row is None:
            row = table[number] = {}
        row[field] = attributes[key]
    return tuple([_sorted(tables.get(prefix)) for prefix in prefixes])


def _sorted(table: dict[int, Row] | None) -> list[Row]:
    return [table[number] for number in sorted(table)] if table else []


@lru_cache(maxsize=32)
def _matcher(prefixes: tuple[str, ...]) -> Callable[[str], re.Match[str] | None]:
    """Prefix, index and field of a key; the readers ask with a handful of constant prefixes."""
    listed = "|".join(re.escape(prefix) for prefix in prefixes)
    return re.compile(rf"({listed})([0-9]{{1,9}})(?:\.(.*))?", re.DOTALL).fullmatch


def below(row: Row, prefix: str) -> list[Any]:
    """The items of a list inside a row (`message.tool_calls.`), nested; empty when there are none."""
    return nest(row, prefix) if any(field.startswith(prefix) for field in row) else []
