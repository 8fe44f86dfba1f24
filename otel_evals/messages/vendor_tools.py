"""Tool definitions as vendors nest and spell them: Gemini's lists of declarations, Google's capital type names.

On top of `messages.tools`, which reads single definitions. Called by the vendor request reader and by dialects.
"""

from typing import Any

import msgspec

from otel_evals.messages.json_schema import plain_schema
from otel_evals.messages.jsons import decoded
from otel_evals.messages.shapes import fields_of, items_of, present
from otel_evals.messages.tools import read_tools
from otel_evals.records.exchange import ToolDefinition


def read_vendor_tools(value: Any) -> tuple[ToolDefinition, ...] | None:
    """The definitions in a request's `tools`; None when there is no list."""
    raw = decoded(value)
    if not isinstance(raw, list):
        return plain_tools(read_tools(raw))
    flat: list[Any] = []
    for item in items_of(raw):
        declared = present(fields_of(decoded(item)), "function_declarations", "functionDeclarations")
        flat.extend(items_of(declared) if isinstance(declared, list) else [item])
    return plain_tools(read_tools(flat))


def plain_tools(tools: tuple[ToolDefinition, ...] | None) -> tuple[ToolDefinition, ...] | None:
    """The same tools with their schemas as validators read them."""
    if tools is None:
        return None
    return tuple(
        tool
        if tool.parameters is None or (schema := plain_schema(tool.parameters)) is tool.parameters
        else msgspec.structs.replace(tool, parameters=schema)
        for tool in tools
    )
