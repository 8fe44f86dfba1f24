"""Typed values back into the words of the configuration, secrets never.

Called by `show`, `reference` and `schema_json`.
"""

import enum
import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from otel_evals.records.units import ByteSize, Duration, Secret

MASK = "***"
_USERINFO = re.compile(r"(?<=://)[^/@\s]*@")
_DURATIONS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def plain(value: Any) -> Any:
    """The value as it would stand in YAML: `5s`, `4MiB`, `***`; settings classes as mappings."""
    if isinstance(value, msgspec.Struct):
        return {f.encode_name: plain(getattr(value, f.name)) for f in msgspec.structs.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in cast("list[Any]", value)]
    return _scalar(value)


def terse(value: Any) -> Any:
    """`plain`, without what an entry of a list only repeats of its class's defaults."""
    if isinstance(value, list | tuple):
        return [terse(v) for v in cast("list[Any]", value)]
    if not isinstance(value, msgspec.Struct):
        return plain(value)
    fields = msgspec.structs.fields(value)
    told = {f.encode_name: terse(v) for f in fields if (v := getattr(value, f.name)) != f.default}
    return {key: inner for key, inner in told.items() if inner not in ({}, [])}


def _scalar(value: Any) -> Any:
    match value:
        case Secret():
            return MASK
        case Duration():
            return spell_duration(value)
        case ByteSize():
            return spell_size(value)
        case enum.Enum():
            return value.value
        case str():
            return _USERINFO.sub(f"{MASK}@", value)
        case _:
            return value


def spell_duration(duration: Duration) -> str:
    """`2m`, `1.5s`, `500ms`: the largest unit that divides it, nanoseconds at the finest."""
    seconds = float(duration)
    for unit, name in _DURATIONS:
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:.0f}{name}"
    return f"{_decimal(seconds * 1000, 6)}ms" if 0 < seconds < 1 else f"{_decimal(seconds, 9)}s"


def _decimal(number: float, places: int) -> str:
    return f"{number:.{places}f}".rstrip("0").rstrip(".")


def spell_size(size: ByteSize) -> str:
    """`4MiB`, or bytes where no binary unit divides."""
    return next((f"{size // unit}{name}" for unit, name in _SIZES if size and size % unit == 0), f"{int(size)}B")
