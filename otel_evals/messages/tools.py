"""Tool definitions in the shapes that APIs and frameworks give them, as `ToolDefinition` records.

Called by dialects. A definition without a schema stays without one: None says that the wire does not carry it.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from otel_evals.messages.jsons import decoded, structure
from otel_evals.records.exchange import ToolDefinition

_SCHEMA_KEYS: Final = (
    "parameters", "inputSchema", "input_schema", "parameters_json_schema", "parametersJsonSchema", "json_schema",
    "schema",
)  # fmt: skip
_NESTED: Final = ("function", "toolSpec", "tool_spec")


def read_tools(value: Any) -> tuple[ToolDefinition, ...] | None:
    """The definitions in a list (typed or JSON text, items too), or in a map by name; None when there is no list."""
    raw, _ = structure(value)
    if raw is None:
        return None
    if isinstance(raw, dict):
        fields = cast("dict[str, Any]", raw)
        inner = fields.get("tools")
        items = cast("list[Any]", inner) if isinstance(inner, list) else _by_name(fields)
    else:
        items = cast("list[Any]", raw)
    found = (read_tool(decoded(item)) for item in items)
    return tuple(tool for tool in found if tool is not None)


def read_tool(raw: Any) -> ToolDefinition | None:
    """One definition; None when it has no name. A hosted tool without a name of its own goes by its type."""
    if not isinstance(raw, dict):
        return None
    fields = cast("dict[str, Any]", raw)
    for key in _NESTED:
        inner = decoded(fields.get(key))
        if isinstance(inner, dict):
            return read_tool({"name": fields.get("name"), **cast("dict[str, Any]", inner)})
    name = fields.get("name") or fields.get("tool_name") or fields.get("type")
    if not isinstance(name, str) or not name:
        return None
    description = fields.get("description")
    return ToolDefinition(
        name=name,
        description=description if isinstance(description, str) else "",
        parameters=_schema(fields),
    )


def _schema(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for key in _SCHEMA_KEYS:
        schema = decoded(fields.get(key))
        if isinstance(schema, dict):
            found = cast("dict[str, Any]", schema)
            wrapped = found.get("json") if len(found) == 1 else found.get("jsonSchema")
            return cast("dict[str, Any]", wrapped) if isinstance(wrapped, dict) else found
    return None


def _by_name(fields: Mapping[str, Any]) -> list[Any]:
    if "name" in fields or "function" in fields:
        return [fields]
    return [{"name": name, **cast("dict[str, Any]", v)} for name, v in fields.items() if isinstance(v, dict)]
