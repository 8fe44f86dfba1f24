"""What a settings class looks like from outside: its keys, their types, defaults and meanings.

One description serves conversion, environment variables, `config show`, the JSON Schema and the reference table, so
that they cannot disagree.
"""

import dataclasses
import enum
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from otel_evals.records.units import ByteSize, Duration, Secret


class Shape(enum.Enum):
    """How a value of a type is built."""

    STRUCT = "struct"
    LIST = "list"
    MAPPING = "mapping"
    LEAF = "leaf"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A type, taken apart."""

    shape: Shape
    type: Any
    """The bare class of a struct or leaf; of a list or mapping the type of its items."""
    annotated: Any
    """The type as written, constraints included."""
    optional: bool = False
    container: Any = None
    """`list` or `tuple` for lists."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a settings class."""

    name: str
    kind: Kind
    description: str
    default: Any = msgspec.NODEFAULT

    @property
    def required(self) -> bool:
        """Whether the key must be given."""
        return self.default is msgspec.NODEFAULT


def kind_of(annotated: Any) -> Kind:
    """Takes a type apart: `Annotated`, `X | None`, containers, settings classes, leaves."""
    bare = get_args(annotated)[0] if get_origin(annotated) is Annotated else annotated
    optional = False
    if get_origin(bare) in (Union, types.UnionType):
        members = [member for member in get_args(bare) if member is not type(None)]
        optional = len(members) < len(get_args(bare))
        if len(members) > 1:
            return Kind(shape=Shape.LEAF, type=bare, annotated=annotated, optional=optional)
        inner = kind_of(members[0])
        return msgspec.structs.replace(inner, optional=True, annotated=annotated)
    origin, arguments = get_origin(bare), get_args(bare)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        return Kind(shape=Shape.STRUCT, type=bare, annotated=annotated)
    if origin in (list, tuple, frozenset, set) and arguments:
        return Kind(shape=Shape.LIST, type=arguments[0], annotated=annotated, container=origin)
    if isinstance(origin, type) and issubclass(origin, Mapping) and arguments and arguments[1] is not Any:
        return Kind(shape=Shape.MAPPING, type=arguments[1], annotated=annotated)
    return Kind(shape=Shape.LEAF, type=bare, annotated=annotated, optional=optional)


def keys(settings: type[Any]) -> tuple[Key, ...]:
    """The keys of a settings class (a Struct, or the dataclass of a check), in the order of its definition."""
    return _dataclass_keys(settings) if dataclasses.is_dataclass(settings) else _struct_keys(settings)


def _struct_keys(settings: type[msgspec.Struct]) -> tuple[Key, ...]:
    return tuple(
        Key(
            name=field.encode_name,
            kind=kind_of(field.type),
            description=_description(field.type),
            default=field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory(),
        )
        for field in msgspec.structs.fields(settings)
    )


def _dataclass_keys(settings: type[Any]) -> tuple[Key, ...]:
    hints = get_type_hints(settings, include_extras=True)
    return tuple(
        Key(
            name=field.name,
            kind=kind_of(hints[field.name]),
            description=_description(hints[field.name]),
            default=_dataclass_default(field),
        )
        for field in dataclasses.fields(settings)
        if field.init
    )


def _dataclass_default(field: "dataclasses.Field[Any]") -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return msgspec.NODEFAULT if field.default_factory is dataclasses.MISSING else field.default_factory()


def _description(annotated: Any) -> str:
    metas = [m for m in get_args(annotated)[1:] if isinstance(m, msgspec.Meta)] if annotated is not None else []
    return next((m.description for m in metas if m.description), "")


def walk(settings: type[msgspec.Struct], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Key]]:
    """Every key of a tree that is no section itself, with its path; lists and mappings count as one key."""
    for key in keys(settings):
        here = (*path, key.name)
        if key.kind.shape is Shape.STRUCT:
            yield from walk(key.kind.type, here)
        else:
            yield here, key


def type_name(kind: Kind) -> str:
    """The type in words that a reader of the configuration understands."""
    if kind.shape is Shape.STRUCT:
        return "section"
    if kind.shape is Shape.LIST:
        return f"list of {bare_name(type_name(kind_of(kind.type)))}"
    if kind.shape is Shape.MAPPING:
        return f"mapping to {bare_name(type_name(kind_of(kind.type)))}"
    return _leaf_name(kind.type)


def bare_name(name: str) -> str:
    """A type's name without its article."""
    return name.removeprefix("a ").removeprefix("an ")


def _leaf_name(leaf: Any) -> str:
    names = {
        bool: "true/false", int: "an integer", float: "a number", str: "text",
        Duration: "a duration", ByteSize: "a size", Secret: "a secret",
    }  # fmt: skip
    if leaf in names:
        return names[leaf]
    if (choices := choices_of(leaf)) is not None:
        return " or ".join(choices)
    if get_origin(leaf) in (Union, types.UnionType):
        return " or ".join(type_name(kind_of(member)) for member in get_args(leaf) if member is not type(None))
    return "any"


def choices_of(leaf: Any) -> tuple[str, ...] | None:
    """The words that an enumeration or `Literal` takes; None for other types."""
    if isinstance(leaf, type) and issubclass(leaf, enum.Enum):
        return tuple(str(member.value) for member in leaf)
    if get_origin(leaf) is Literal:
        return tuple(str(word) for word in get_args(leaf))
    return None
