"""The two questions that every walk over foreign JSON asks: is this an object, is this a list?

Readers of vendor bodies ask for what they hope for and get an empty one otherwise, so that odd content reads as absent
content. Called by the vendor readers of `messages` and by vendor dialects.
"""

from typing import Any, cast


def fields_of(value: Any) -> dict[str, Any]:
    """`value` when it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items_of(value: Any) -> list[Any]:
    """`value` when it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def present(fields: dict[str, Any], *keys: str) -> Any:
    """The first value under `keys` that is there and not null."""
    for key in keys:
        if (value := fields.get(key)) is not None:
            return value
    return None
