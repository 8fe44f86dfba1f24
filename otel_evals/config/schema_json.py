"""The JSON Schema of the configuration file, for editors. Printed by `otel-evals config schema`."""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from otel_evals.config.check_settings import OWN_KEYS
from otel_evals.config.schema import CheckSettings
from otel_evals.config.sections import FullConfig
from otel_evals.config.spelling import plain
from otel_evals.config.tree import Key, Kind, Shape, choices_of, keys, kind_of
from otel_evals.records.units import ByteSize, Duration, Secret

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SUBSTITUTION = {"type": "string", "pattern": r"\$\{"}
_LEAVES: Mapping[Any, Mapping[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    Secret: {"type": "string"},
    Duration: {"type": ["string", "number"], "pattern": r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)?\s*$|\$\{", "minimum": 0},
    ByteSize: {
        "type": ["string", "integer"],
        "pattern": r"^\s*\d+(\.\d+)?\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)?\s*$|\$\{",
        "minimum": 0,
    },
}
_BOUNDS = {
    "ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum", "pattern": "pattern",
}  # fmt: skip


def schema_json(checks: Mapping[str, type[Any]]) -> dict[str, Any]:
    """The schema of the whole file, with the settings of the given checks."""
    root = _section(FullConfig)
    entries = {name: _check(settings) for name, settings in checks.items()}
    root["properties"]["checks"]["properties"] = entries
    root["properties"]["checks"]["additionalProperties"] = {"type": "object", "required": ["use"]}
    return {"$schema": DIALECT, "title": "otel-evals", **root}


def _check(settings: type[Any]) -> dict[str, Any]:
    own = [key for key in keys(CheckSettings) if key.name in OWN_KEYS]
    entry = _object([*own, *keys(settings)])
    return {"anyOf": [entry, {"type": ["boolean", "null"]}], "description": _first_line(settings)}


def _first_line(settings: type[Any]) -> str:
    return (settings.__doc__ or "").strip().partition("\n")[0]


def _section(settings: type[Any]) -> dict[str, Any]:
    return {**_object(list(keys(settings))), "description": _first_line(settings)}


def _object(settings_keys: list[Key]) -> dict[str, Any]:
    required = [key.name for key in settings_keys if key.required]
    return {
        "type": "object",
        "properties": {key.name: _key(key) for key in settings_keys},
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _key(key: Key) -> dict[str, Any]:
    schema = _value(key.kind)
    if key.description:
        schema["description"] = key.description
    if not key.required and key.kind.shape is not Shape.STRUCT:
        schema["default"] = plain(key.default)
    return schema


def _value(kind: Kind) -> dict[str, Any]:
    match kind.shape:
        case Shape.STRUCT:
            schema = _section(kind.type)
            if getattr(kind.type, "shorthand", None) is not None:
                forms = [schema, {"type": "string"}]
                return {"anyOf": [*forms, {"type": "null"}] if kind.optional else forms}
            return {"anyOf": [schema, {"type": "null"}]} if kind.optional else {**schema, "type": ["object", "null"]}
        case Shape.LIST:
            schema: dict[str, Any] = {"type": "array", "items": _value(kind_of(kind.type)), **_sizes(kind, "Items")}
        case Shape.MAPPING:
            inner = _value(kind_of(kind.type))
            schema = {"type": "object", "additionalProperties": inner, **_sizes(kind, "Properties")}
        case Shape.LEAF:
            schema = _leaf(kind)
    return {"anyOf": [schema, {"type": "null"}]} if kind.optional else schema


def _metas(kind: Kind) -> list[msgspec.Meta]:
    return [meta for meta in get_args(kind.annotated)[1:] if isinstance(meta, msgspec.Meta)]


def _sizes(kind: Kind, noun: str) -> dict[str, Any]:
    sizes: dict[str, Any] = {}
    for meta in _metas(kind):
        sizes |= {f"min{noun}": meta.min_length} if meta.min_length is not None else {}
        sizes |= {f"max{noun}": meta.max_length} if meta.max_length is not None else {}
    return sizes


def _leaf(kind: Kind) -> dict[str, Any]:
    if (choices := choices_of(kind.type)) is not None:
        return {"anyOf": [{"enum": list(choices)}, dict(_SUBSTITUTION)]}
    schema = dict(_LEAVES.get(kind.type, {}))
    for meta in _metas(kind):
        schema |= {word: getattr(meta, bound) for bound, word in _BOUNDS.items() if getattr(meta, bound) is not None}
    if kind.type is str:
        schema |= _sizes(kind, "Length")
    # A substitution is text wherever it stands.
    return {"anyOf": [schema, dict(_SUBSTITUTION)]} if kind.type in (bool, int, float) else schema
