"""Configuration values before they are typed: each one knows where it came from.

Made by `source` (files), `environment` (variables) and the command line; laid over each other by `load`; read by
`convert`.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, cast

import msgspec

Path = tuple[str | int, ...]
"""Keys and list positions from the root."""


class Layer(StrEnum):
    """Where a value came from; a later one wins over those before it."""

    DEFAULT = "default"
    STANDARD = "standard variable"
    """One of OpenTelemetry's own variables."""
    FILE = "file"
    VARIABLE = "variable"
    """One of ours, `OTEL_EVALS_…`."""
    FLAG = "flag"


class Origin(msgspec.Struct, frozen=True):
    """The place that a person would have to look at to change a value: `otel-evals.yaml:12`, `$OTEL_EVALS_WORKERS`."""

    layer: Layer
    place: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.place}:{self.line}" if self.line else self.place or self.layer.value


class Node(msgspec.Struct, kw_only=True):
    """One value: `entries` of a mapping, `items` of a list, or a `scalar`."""

    origin: Origin
    scalar: str | bool | int | float | None = None
    entries: "dict[str, Node] | None" = None
    items: "list[Node] | None" = None
    is_text: bool = False
    """The scalar came from a variable or a flag, where everything is text: `"8"` may stand for the number."""
    written: str | None = None
    """What the file says when a substitution made the value: messages show this and never the value."""
    pieces: tuple[str, ...] = ()
    """What each substitution brought in."""
    is_broken: bool = False
    """A substitution failed, and its fault is noted: there is nothing more to say about the value."""

    @property
    def is_nothing(self) -> bool:
        """Whether no value was given (`key:` without one, or null)."""
        return self.entries is None and self.items is None and self.scalar is None

    def word(self) -> str:
        """What sort of value this is, for messages."""
        if self.entries is not None:
            return "a mapping"
        if self.items is not None:
            return "a list"
        if self.scalar is None:
            return "nothing"
        return _WORDS[type(self.scalar)]


_WORDS = {str: "text", bool: "true/false", int: "a number", float: "a number"}


def spell(path: Path) -> str:
    """The path as people write it: `forward[0].tls.ca_file`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def wrap(value: Any, origin: Origin, *, is_text: bool = False) -> Node:
    """Plain dicts, lists and scalars as nodes of one origin."""
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        return Node(origin=origin, entries={str(k): wrap(v, origin, is_text=is_text) for k, v in given.items()})
    if isinstance(value, list | tuple):
        listed = cast("Sequence[Any]", value)
        return Node(origin=origin, items=[wrap(v, origin, is_text=is_text) for v in listed])
    return Node(origin=origin, scalar=value, is_text=is_text and isinstance(value, str))


def unwrap(node: Node) -> Any:
    """The plain value of a node and all below it."""
    if node.entries is not None:
        return {key: unwrap(inner) for key, inner in node.entries.items()}
    if node.items is not None:
        return [unwrap(inner) for inner in node.items]
    return node.scalar


def overlay(below: Node, above: Node) -> Node:
    """`above` laid over `below`: mappings join key by key, everything else is replaced."""
    if below.entries is None or above.entries is None:
        return above
    joined = {**below.entries}
    for key, node in above.entries.items():
        joined[key] = overlay(joined[key], node) if key in joined else node
    return Node(origin=below.origin, entries=joined)


def at_path(path: tuple[str, ...], node: Node) -> Node:
    """`node` wrapped in mappings so that it stands at `path`."""
    for key in reversed(path):
        node = Node(origin=node.origin, entries={key: node})
    return node
