"""Nodes into typed settings: every fault is noted with its path, none stops the others from being found.

Called by `load` for the tree and by `check_settings` for the settings of a check.
"""

from typing import Any, get_args

import msgspec

from otel_evals.config.node import Node, Origin, Path, unwrap
from otel_evals.config.problems import Problems, nearest
from otel_evals.config.spelling import MASK
from otel_evals.config.tree import Kind, Shape, choices_of, keys, kind_of, type_name
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import ByteSize, Duration, Secret, decode_unit


class Invalid:
    """Stands for a value that could not be built."""


INVALID = Invalid()


class Converter:
    """One conversion. `origins` ends up with the place of every value that was given."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.origins: dict[Path, Origin] = {}
        self._substituted: dict[str, str] = {}

    def masked(self, message: str) -> str:
        """The message without any text that a substitution brought in: it may be a credential."""
        for value in sorted(filter(None, self._substituted), key=len, reverse=True):
            written = self._substituted[value]
            message = message.replace(repr(value), written).replace(value, written)
        return message

    def struct(self, node: Node, settings: type[Any], path: Path) -> Any:
        """An instance of a settings class (Struct or dataclass), or INVALID.

        A class may name the key that a bare value stands for (`shorthand`): `model: gpt-4.1` for `model: {model: …}`.
        """
        short: str | None = getattr(settings, "shorthand", None)
        if short is not None and node.entries is None and node.items is None and not node.is_nothing:
            node = Node(origin=node.origin, entries={short: node})
        values = self.given(node, settings, path)
        if isinstance(values, Invalid):
            return values
        try:
            return settings(**values)
        except (ValueError, ConfigurationError) as error:
            return self._fault(path, node, self.masked(str(error)))

    def given(self, node: Node, settings: type[Any], path: Path) -> dict[str, Any] | Invalid:
        """The typed values of the keys that were given, by field name."""
        given = node.entries
        if given is None:
            return self._fault(path, node, f"must be a mapping, not {node.word()}")
        known = {key.name: key for key in keys(settings)}
        for name, inner in given.items():
            if name not in known:
                self._fault((*path, name), inner, f"unknown key{nearest(name, known)}")
        values = {
            name: self.value(given[name], key.kind, (*path, name)) for name, key in known.items() if name in given
        }
        missing = [name for name, key in known.items() if key.required and name not in given]
        for name in missing:
            self._fault((*path, name), node, "is missing")
        if missing or any(value is INVALID for value in values.values()):
            return INVALID
        return values

    def plain(self, node: Node, path: Path) -> dict[str, Any]:
        """The values of a mapping whose types nobody knows here, with their places noted."""
        for name, inner in (node.entries or {}).items():
            self.origins[*path, name] = inner.origin
        return {name: unwrap(inner) for name, inner in (node.entries or {}).items()}

    def value(self, node: Node, kind: Kind, path: Path) -> Any:
        """A value of any kind, or INVALID."""
        self.origins[path] = node.origin
        if node.is_broken:
            return INVALID
        if node.written is not None and isinstance(node.scalar, str):
            self._substituted[node.scalar] = node.written
            self._substituted.update(dict.fromkeys(node.pieces, MASK))
        if node.is_nothing or (node.is_text and node.scalar in ("null", "~")):
            return self._nothing(node, kind, path)
        match kind.shape:
            case Shape.STRUCT:
                return self.struct(node, kind.type, path)
            case Shape.LIST:
                return self._list(node, kind, path)
            case Shape.MAPPING:
                return self._mapping(node, kind, path)
            case Shape.LEAF:
                return self._leaf(node, kind, path)

    def _nothing(self, node: Node, kind: Kind, path: Path) -> Any:
        if kind.optional or kind.type is Any:
            return None
        if kind.shape is Shape.STRUCT:  # a section without a key
            return self.struct(Node(entries={}, origin=node.origin), kind.type, path)
        return self._fault(path, node, "needs a value")

    def _list(self, node: Node, kind: Kind, path: Path) -> Any:
        nodes = node.items
        if nodes is None and node.is_text:  # in a variable: words with commas between them
            words = [word.strip() for word in str(node.scalar).split(",") if word.strip()]
            nodes = [Node(scalar=word, origin=node.origin, is_text=True, written=node.written) for word in words]
        if nodes is None:
            return self._fault(path, node, f"must be a list, not {node.word()}")
        items = [self.value(item, kind_of(kind.type), (*path, i)) for i, item in enumerate(nodes)]
        if any(item is INVALID for item in items):
            return INVALID
        return self._sized(node, kind, path, kind.container(items))

    def _mapping(self, node: Node, kind: Kind, path: Path) -> Any:
        if node.entries is None:
            return self._fault(path, node, f"must be a mapping, not {node.word()}")
        items = {name: self.value(item, kind_of(kind.type), (*path, name)) for name, item in node.entries.items()}
        if any(item is INVALID for item in items.values()):
            return INVALID
        return self._sized(node, kind, path, items)

    def _sized(self, node: Node, kind: Kind, path: Path, items: Any) -> Any:
        for meta in get_args(kind.annotated)[1:]:
            if isinstance(meta, msgspec.Meta):
                if meta.max_length is not None and len(items) > meta.max_length:
                    return self._fault(path, node, f"takes at most {meta.max_length} entries")
                if meta.min_length is not None and len(items) < meta.min_length:
                    return self._fault(path, node, f"needs at least {meta.min_length} entries")
        return items

    def _leaf(self, node: Node, kind: Kind, path: Path) -> Any:
        value = unwrap(node)
        if kind.type is Secret:
            # Never the value, nor anything of it, in a message.
            return (
                Secret(value)
                if isinstance(value, str)
                else self._fault(path, node, "must be text: put quotes around it")
            )
        if kind.type is str and not isinstance(value, str):
            return self._fault(path, node, f"must be text, not {node.word()}: put quotes around it")
        choices = choices_of(kind.type)
        if choices is not None and str(value) not in choices:
            return self._fault(path, node, self.masked(f"cannot be {value!r}{nearest(str(value), choices)}"))
        try:
            return _typed(value, node, kind)
        except msgspec.ValidationError as error:
            wrong_type = ", got `" in str(error)
            return self._fault(path, node, f"must be {type_name(kind)}" if wrong_type else str(error))
        except ValueError as error:
            return self._fault(path, node, self.masked(str(error)))

    def _fault(self, path: Path, node: Node, message: str) -> Invalid:
        self._problems.add(path, node.origin, message)
        return INVALID


def _typed(value: Any, node: Node, kind: Kind) -> Any:
    if kind.type is Duration or kind.type is ByteSize:
        return kind.type.parse(_number(value) if node.is_text else value)
    return msgspec.convert(value, kind.annotated, strict=not node.is_text, dec_hook=decode_unit)


def _number(text: object) -> object:
    """A variable's text as the number that it may stand for."""
    return int(text) if isinstance(text, str) and text.strip().isdecimal() else text
