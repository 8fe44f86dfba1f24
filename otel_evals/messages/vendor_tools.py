"""Tool definitions as vendors nest and spell them: Gemini's lists of declarations, Google's capital type names.

On top of `messages.tools`, which reads single definitions. Called by the vendor request reader and by dialects.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec

from otel_evals.messages.json_schema import plain_schema
from otel_evals.messages.jsons import decoded
from otel_evals.messages.shapes import fields_of, items_of, present
from otel_evals.messages.tools import read_tools
from otel_evals.records.exchange import ToolDefinition

_CACHED: Final = 256
"""Definitions kept decoded: an application offers the same few tools on every call."""

_MAX_CACHED: Final = 8192
"""Characters of a definition that is worth keeping."""


def read_vendor_tools(value: Any) -> tuple[ToolDefinition, ...] | None:
    """The definitions in a request's `tools`; None when there is no list."""
    raw = decoded(value)
    if not isinstance(raw, list):
        return plain_tools(read_tools(raw))
    found: list[ToolDefinition] = []
    for item in items_of(raw):
        small = isinstance(item, str) and len(item) <= _MAX_CACHED
        found.extend(_written(item) if small else _declared(item))
    return tuple(found)


@lru_cache(maxsize=_CACHED)
def _written(item: str) -> tuple[ToolDefinition, ...]:
    return _declared(item)


def _declared(item: Any) -> tuple[ToolDefinition, ...]:
    declared = present(fields_of(decoded(item)), "function_declarations", "functionDeclarations")
    return plain_tools(read_tools(declared if isinstance(declared, list) else [item])) or ()


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
