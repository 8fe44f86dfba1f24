"""Flat indexed attribute keys (`gen_ai.prompt.0.content`, `llm.tools.12.tool.json_schema`) back into structure.

Indices may have gaps, start at 1 and exceed 9: they are sorted as numbers and closed up. Called by the dialects that
write messages this way.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

WHOLE: Final = ""
"""The key of a value that is written both whole (`a.b`) and with names below (`a.b.c`). Beside a list it is dropped."""

_MAX_PARTS: Final = 24
"""Steps of one key that are followed; what is deeper stays joined as one name."""
_MAX_DIGITS: Final = 9


def nest(attributes: Mapping[str, Any], prefix: str) -> list[Any]:
    """The items under `prefix` (with its final dot), in numeric order: dicts, lists and plain values.

    `{"p.2.role": "user", "p.10.role": "tool"}` under `p.` reads as `[{"role": "user"}, {"role": "tool"}]`.
    """
    return nest_all(attributes, (prefix,))[prefix]


def nest_all(attributes: Mapping[str, Any], prefixes: Iterable[str]) -> dict[str, list[Any]]:
    """`nest` for several prefixes in one walk over the keys; a prefix without keys gives an empty list."""
    trees: dict[str, dict[str, Any]] = {prefix: {} for prefix in prefixes}
    starts = tuple(trees)
    for key in attributes:
        if not key.startswith(starts):
            continue
        for prefix, tree in trees.items():
            if key.startswith(prefix):
                _place(tree, key[len(prefix) :].split(".", _MAX_PARTS), attributes[key])
    return {prefix: _items(tree) for prefix, tree in trees.items()}


def _place(tree: dict[str, Any], steps: list[str], value: Any) -> None:
    if not _is_index(steps[0]):
        return
    node = tree
    for step in steps[:-1]:
        below = node.get(step)
        if not isinstance(below, _Node):
            below = node[step] = _Node() if below is None else _Node({WHOLE: below})
        node = below
    last = node.get(steps[-1])
    if isinstance(last, _Node):
        last[WHOLE] = value
    else:
        node[steps[-1]] = value


class _Node(dict[str, Any]):
    """A level that came from the keys, as against a dict that is an attribute's own value."""


def _is_index(step: str) -> bool:
    return step.isascii() and step.isdigit() and len(step) <= _MAX_DIGITS


def _items(tree: Mapping[str, Any]) -> list[Any]:
    return [_built(tree[step]) for step in sorted((s for s in tree if _is_index(s)), key=int)]


def _built(value: Any) -> Any:
    if not isinstance(value, _Node):
        return value
    node = cast("Mapping[str, Any]", value)
    if node and all(_is_index(step) for step in node if step != WHOLE) and set(node) != {WHOLE}:
        return _items(node)
    return {step: _built(below) for step, below in node.items()}
