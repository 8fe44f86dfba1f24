"""The output format that a request asked for, and schemas in the spelling that validators read.

Vendors name the same wish differently (`response_format`, `text.format`, `response_schema`, `output_format`), and
Google writes schema types in capitals. Called by the vendor request reader and by dialects with request parameters.
"""

from collections.abc import Mapping
from typing import Any, Final

from otel_evals.messages.jsons import decoded, is_structure
from otel_evals.messages.shapes import fields_of, present

Format = tuple[str | None, Mapping[str, Any] | None]
"""`json` or None, and the schema or None."""

_TYPES: Final = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})
_RENAMED: Final = {
    "any_of": "anyOf", "min_items": "minItems", "max_items": "maxItems", "min_length": "minLength",
    "max_length": "maxLength", "min_properties": "minProperties", "max_properties": "maxProperties",
    "additional_properties": "additionalProperties", "prefix_items": "prefixItems",
}  # fmt: skip
_MAX_DEPTH: Final = 32
_JSON_WORDS: Final = frozenset({"json", "json_object", "json_schema", "application/json", "object"})


def read_format(request: Mapping[str, Any]) -> Format:
    """What a request's parameters ask for; `(None, None)` when they ask for nothing, or for text."""
    asked = present(
        dict(request), "response_format", "output_format", "responseFormat", "structured_output", "outputFormat"
    )
    if asked is None:
        asked = fields_of(request.get("text")).get("format") or fields_of(request.get("output_config")).get("format")
    if asked is not None:
        return read_wish(asked)
    for holder in (request, *(fields_of(request.get(k)) for k in ("config", "generationConfig", "generation_config"))):
        found = _gemini_format(holder)
        if found[0]:
            return found
    return read_wish(request["format"]) if "format" in request else (None, None)


def read_wish(value: Any) -> Format:
    """One format: a type word, an object with a type, a JSON Schema itself, or the name of a class to fill."""
    if value is None:
        return None, None
    wish = decoded(value)
    if isinstance(wish, str):
        return ("json" if wish in _JSON_WORDS or wish.startswith(("<class ", "class ")) else None), None
    fields = fields_of(wish)
    kind = fields.get("type")
    wrapped = fields_of(decoded(fields.get("json_schema")))
    schema = fields_of(decoded(present(wrapped, "schema") or present(fields, "schema")))
    if kind in ("json_schema", "json_object", "json") or wrapped or schema:
        return "json", plain_schema(schema) if schema else None
    if kind == "object" or "properties" in fields or "$schema" in fields or "anyOf" in fields:
        return "json", plain_schema(fields)
    if fields and isinstance(kind, str) and kind.upper() in _TYPES:
        return "json", plain_schema(fields)
    return None, None


def plain_schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema as validators read it: type names in lower case, `nullable` as a type, camel-case key words.

    A schema that needs no change comes back as it is.
    """
    return _plain(dict(schema), 0) if _is_google(schema, 0) else schema


def _gemini_format(fields: Mapping[str, Any]) -> Format:
    plain = dict(fields)
    mime = present(plain, "response_mime_type", "responseMimeType")
    schema = present(
        plain, "response_json_schema", "responseJsonSchema", "response_schema", "responseSchema", "_responseJsonSchema"
    )
    schema = decoded(schema)
    if schema is not None:
        found = fields_of(schema)
        return "json", plain_schema(found) if found else None
    return ("json", None) if mime == "application/json" else (None, None)


def _is_google(value: Any, depth: int) -> bool:
    if isinstance(value, list):
        return any(_is_google(item, depth + 1) for item in value) if depth < _MAX_DEPTH else False  # pyright: ignore[reportUnknownVariableType] - foreign JSON
    fields = fields_of(value)
    if not fields or depth > _MAX_DEPTH:
        return False
    if fields.get("type") in _TYPES if isinstance(fields.get("type"), str) else False:
        return True
    return any(_is_google(inner, depth + 1) for inner in fields.values() if is_structure(inner))


def _plain(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return value
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]  # pyright: ignore[reportUnknownVariableType] - foreign JSON
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for key, inner in fields_of(value).items():
        if key == "type" and isinstance(inner, str) and inner in _TYPES:
            result[key] = inner.lower()
        elif inner is not None:
            result[_RENAMED.get(key, key)] = _plain(inner, depth + 1)
    if result.pop("nullable", None) is True and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    return result
