"""Flat indexed keys one level deep: `llm.input_messages.3.message.role` is the field `message.role` of row 3.

`messages.indexed` rebuilds the whole structure; most rows have two plain fields, and reading them flat costs a quarter
of that. Called by the dialects whose messages are flat keys.
"""

from collections.abc import Mapping
from typing import Any, Final

from otel_evals.messages.indexed import nest

Row = dict[str, Any]

_MAX_DIGITS: Final = 9


def read_rows(attributes: Mapping[str, Any], prefixes: tuple[str, ...]) -> tuple[list[Row], ...]:
    """The rows under each of `prefixes` (with its final dot), in numeric order; gaps are closed up.

    A value that stands at the index itself, without a field, is the row's field `""`.
    """
    tables: tuple[dict[int, Row], ...] = tuple({} for _ in prefixes)
    for key in attributes:
        if not key.startswith(prefixes):
            continue
        for prefix, table in zip(prefixes, tables, strict=True):
            if key.startswith(prefix):
                index, _, field = key[len(prefix) :].partition(".")
                if index.isdecimal() and index.isascii() and len(index) <= _MAX_DIGITS:
                    number = int(index)
                    row = table.get(number)
                    if row is None:
                        row = table[number] = {}
                    row[field] = attributes[key]
                break
    return tuple([table[number] for number in sorted(table)] if table else [] for table in tables)


def below(row: Row, prefix: str) -> list[Any]:
    """The items of a list inside a row (`message.tool_calls.`), nested; empty when there are none."""
    return nest(row, prefix) if any(field.startswith(prefix) for field in row) else []
