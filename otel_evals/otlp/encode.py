"""Writes OTLP attributes and events straight to bytes. The constant parts are encoded once and kept."""

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

AttributeValue = str | bool | int | float | tuple[str, ...]
"""What our own attributes hold."""

_DOUBLE: Final = struct.Struct("<d")
_FIXED64: Final = struct.Struct("<Q")
_SHORT: Final = [bytes((value,)) for value in range(0x80)]
SPAN_ATTRIBUTES: Final = 9
SPAN_EVENTS: Final = 11


def varint(value: int) -> bytes:
    """An unsigned (or 64-bit two's complement) integer as a varint."""
    if 0 <= value < 0x4000:
        return _SHORT[value] if value < 0x80 else bytes((value & 0x7F | 0x80, value >> 7))
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def length_delimited(field: int, payload: bytes) -> bytes:
    """A field of wire type LEN."""
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def fixed64(field: int, value: int) -> bytes:
    """A field of wire type I64; values outside unsigned 64 bits are clamped."""
    return varint(field << 3 | 1) + _FIXED64.pack(max(0, min(value, 0xFFFFFFFFFFFFFFFF)))


@lru_cache(maxsize=4096)
def _key(key: str) -> bytes:
    return length_delimited(1, key.encode())


def any_value(value: AttributeValue) -> bytes:
    """An encoded AnyValue. Lone surrogates, which UTF-8 cannot carry, become U+FFFD."""
    if isinstance(value, str):
        return length_delimited(1, value.encode("utf-8", "replace"))
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return b"\x18" + varint(value)
    if isinstance(value, float):
        return b"\x21" + _DOUBLE.pack(value)
    return length_delimited(5, b"".join(length_delimited(1, any_value(item)) for item in value))


def key_value(key: str, value: AttributeValue) -> bytes:
    """An encoded KeyValue message."""
    return _key(key) + length_delimited(2, any_value(value))


def attributes(field: int, pairs: Iterable[tuple[str, AttributeValue]]) -> bytes:
    """`pairs` as repeated KeyValue fields with number `field`."""
    return b"".join(length_delimited(field, key_value(key, value)) for key, value in pairs)


@lru_cache(maxsize=256)
def _event_name(name: str) -> bytes:
    return length_delimited(2, name.encode())


_EVENT_TAG: Final = varint(SPAN_EVENTS << 3 | 2)


def span_events(name: str, time_ns: int, encoded_attributes: Iterable[bytes], shared: bytes) -> list[bytes]:
    """Event fields of one name and time, one for each of `encoded_attributes`; all end with the `shared` attributes."""
    head = fixed64(1, time_ns) + _event_name(name)
    size = len(head) + len(shared)
    return [b"".join((_EVENT_TAG, varint(size + len(own)), head, own, shared)) for own in encoded_attributes]
