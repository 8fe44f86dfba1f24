"""The OpenAPI document in the form of a page: operations by room, what they take and give, in words."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from otel_evals_backend.api.document import operations

_REF: Final = "#/components/schemas/"
_BOUNDS: Final = (
    ("minimum", "from {}"), ("maximum", "to {}"), ("exclusiveMinimum", "above {}"),
    ("minLength", "{} characters or more"), ("maxLength", "{} characters at most"),
    ("minItems", "{} or more"), ("maxItems", "{} at most"),
    ("pattern", "pattern {}"),
)  # fmt: skip


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter, or a field of an object."""

    name: str
    where: str
    kind: str
    required: bool
    bounds: str
    says: str
    schema: str = ""
    """Name of the object that it is, or is a list of."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One status."""

    status: str
    says: str
    kind: str
    schema: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    says: str
    parameters: tuple[Value, ...]
    body: str
    """Name of the object, "" without one."""
    answers: tuple[Answer, ...]


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """Operations that belong together."""

    name: str
    says: str
    operations: tuple[Operation, ...]


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """An object."""

    name: str
    says: str
    fields: tuple[Value, ...]
    values: tuple[str, ...]
    """Of one that is a word among some."""


def rooms(document: dict[str, Any]) -> tuple[Room, ...]:
    """All operations, by room."""
    by_tag: dict[str, list[Operation]] = {}
    for path, method, operation in operations(document):
        for tag in operation.get("tags", ["other"])[:1]:
            by_tag.setdefault(tag, []).append(_operation(path, method, operation))
    says = {tag["name"]: tag["description"] for tag in document["tags"]}
    order = [*says, *sorted(set(by_tag) - set(says))]
    return tuple(Room(name=name, says=says.get(name, ""), operations=tuple(by_tag[name])) for name in order)


def things(document: dict[str, Any]) -> tuple[Thing, ...]:
    """All objects, by name."""
    return tuple(
        Thing(
            name=name,
            says=schema.get("description", ""),
            fields=tuple(_fields(schema)),
            values=tuple(str(value) for value in schema.get("enum", ())),
        )
        for name, schema in document["components"]["schemas"].items()
    )


def _operation(path: str, method: str, found: dict[str, Any]) -> Operation:
    body = found.get("requestBody", {}).get("content", {})
    return Operation(
        id=found["operationId"],
        method=method.upper(),
        path=path,
        summary=found.get("summary", ""),
        says=found.get("description", ""),
        parameters=tuple(
            _value(one["name"], one["schema"], where=one["in"], required=one.get("required", False), says=_says(one))
            for one in found.get("parameters", ())
        ),
        body=next((_kind(media.get("schema", {}))[1] for media in body.values()), ""),
        answers=tuple(_answer(status, answer) for status, answer in found["responses"].items()),
    )


def _answer(status: str, found: dict[str, Any]) -> Answer:
    content: dict[str, Any] = found.get("content", {})
    media = next(iter(content), "")
    kind, name = _kind(content[media].get("schema", {})) if media else ("", "")
    shown = kind if media.endswith("json") else ", ".join(content)
    return Answer(status=status, says=found.get("description", ""), kind=shown, schema=name)


def _fields(schema: dict[str, Any]) -> Iterator[Value]:
    required = set(schema.get("required", ()))
    for name, one in schema.get("properties", {}).items():
        yield _value(name, one, where="", required=name in required, says=_says(one))


def _value(name: str, schema: dict[str, Any], *, where: str, required: bool, says: str) -> Value:
    kind, of = _kind(schema)
    return Value(name=name, where=where, kind=kind, required=required, bounds=_bounds(schema), says=says, schema=of)


def _says(one: dict[str, Any]) -> str:
    return one.get("description") or one.get("schema", {}).get("description", "")


def _kind(schema: dict[str, Any]) -> tuple[str, str]:
    """What a value is, in words, and the object that it holds."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return name, name
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            parts = [_kind(one) for one in schema[word]]
            return " or ".join(kind for kind, _ in parts), next((name for _, name in parts if name), "")
    if schema.get("type") == "array":
        kind, name = _kind(schema.get("items", {}))
        return f"list of {kind}", name
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"])), ""
    if "const" in schema:
        return str(schema["const"]), ""
    return str(schema.get("format") or schema.get("type") or "any value"), ""


def _bounds(schema: dict[str, Any]) -> str:
    for one in schema.get("anyOf", ()):
        if one.get("type") != "null":
            schema = {**one, **schema}
    said = [words.format(schema[key]) for key, words in _BOUNDS if key in schema]
    if schema.get("default") not in (None, "", [], {}):
        said.append(f"default {schema['default']}")
    return ", ".join(said)
