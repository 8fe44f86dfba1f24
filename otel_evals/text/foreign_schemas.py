"""JSON Schema as model providers deviate from it, made plain.

`json_schema` passes every schema through `plain_schema` before it compiles it (once, the result is cached);
`structured_output` takes a schema out of its response format by `unwrap_response_format`.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

_TYPES: Final = {
    "dict": "object", "map": "object", "struct": "object", "list": "array", "tuple": "array", "set": "array",
    "str": "string", "text": "string", "int": "integer", "long": "integer", "float": "number", "double": "number",
    "decimal": "number", "bool": "boolean", "none": "null", "nonetype": "null",
}  # fmt: skip
_LEGAL_TYPES: Final = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_SNAKE_CASE: Final = {
    "any_of": "anyOf", "one_of": "oneOf", "all_of": "allOf", "min_items": "minItems", "max_items": "maxItems",
    "min_length": "minLength", "max_length": "maxLength", "min_properties": "minProperties",
    "max_properties": "maxProperties", "prefix_items": "prefixItems", "unique_items": "uniqueItems",
    "additional_properties": "additionalProperties",
}  # fmt: skip
_COUNTS: Final = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_VALUES: Final = frozenset({"const", "enum", "default", "example", "examples"})
"""Keywords whose value is data, not schema."""
_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords whose value maps names to schemas."""


def plain_schema(schema: Any) -> Any:
    """`schema` with the deviations of model providers made plain JSON Schema.

    Gemini's capital types, `nullable` and counts as text, snake-case keywords and nulls of dumped objects, Python type
    names, `required` as a flag on a property. A correct schema comes back equal.
    """
    if isinstance(schema, list):
        return [plain_schema(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    plain: dict[str, Any] = {}
    for written, value in cast("dict[str, Any]", schema).items():
        key = _SNAKE_CASE.get(written, written)
        if value is None and key not in _VALUES:
            continue
        plain[key] = _plain_keyword(key, value)
    return _without_flags(plain)


def _plain_keyword(key: str, value: Any) -> Any:
    if key in _VALUES:
        return value
    if key in _NAMED and isinstance(value, dict):
        return {name: plain_schema(sub) for name, sub in cast("dict[str, Any]", value).items()}
    if key == "type":
        return [_type(t) for t in cast("list[Any]", value)] if isinstance(value, list) else _type(value)
    if key in _COUNTS and isinstance(value, str) and value.isdecimal():
        return int(value)
    return plain_schema(value)


def _type(name: Any) -> Any:
    if not isinstance(name, str) or name in _LEGAL_TYPES:
        return name
    folded = name.lower()
    return _TYPES.get(folded, folded)


def _without_flags(schema: dict[str, Any]) -> dict[str, Any]:
    """Turns `nullable`, `type: any` and a boolean `required` into what they mean."""
    kind = schema.get("type")
    if kind in ("any", "type_unspecified"):
        del schema["type"]
    if schema.get("nullable") is True and isinstance(kind, str):
        schema["type"] = [kind, "null"]
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("required"), bool) and "draft-03" not in str(schema.get("$schema", "")):
        del schema["required"]
    return schema


_WRAPPERS: Final = ("json_schema", "schema", "response_schema", "responseSchema")
_STRICT_NAMES: Final = frozenset({"name", "strict", "schema", "description", "type"})


def unwrap_response_format(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON Schema inside a provider's response format; a bare schema comes back as it is.

    Wrappers: `{"type": "json_schema", "json_schema": {"name": …, "schema": {…}}}`, `{"format": {…}}`,
    `{"name": …, "schema": {…}}` and `{"type": "json_object"}` (an object of any form).
    """
    if schema.get("type") == "json_object":
        return {"type": "object"}
    if set(schema) == {"format"} and isinstance(schema["format"], Mapping):
        return unwrap_response_format(cast("Mapping[str, Any]", schema["format"]))
    if schema.get("type") == "json_schema" or ("schema" in schema and set(schema) <= _STRICT_NAMES):
        for key in _WRAPPERS:
            inner = schema.get(key)
            if isinstance(inner, Mapping):
                return unwrap_response_format(cast("Mapping[str, Any]", inner))
        return {}
    return schema
