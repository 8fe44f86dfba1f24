"""Single JSON values to the protobuf encoding of a scalar, strictly as the proto3 JSON mapping has it.

`otlp.json` builds its tables from `SCALARS`. Every encoder raises DecodeError on a value of the wrong kind or range:
what a sender wrote is either what it meant or refused, never silently another number.
"""

import binascii
import struct
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from otel_evals.records.errors import DecodeError

Encode = Callable[[Any], bytes]
"""A JSON value → the wire form of the scalar, without its tag."""

_VARINT: Final = 0
_FIXED64: Final = 1
_LENGTH_DELIMITED: Final = 2
_FIXED32: Final = 5

_SMALL: Final = tuple(bytes((n,)) for n in range(128))
_MEDIUM_END: Final = 1 << 14
_SPECIAL_DOUBLES: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_URL_SAFE: Final = str.maketrans("-_", "+/")
_MAX_DIGITS: Final = 20
_MAX_NUMBER_TEXT: Final = 400
_pack_double: Final = struct.Struct("<d").pack
_pack_fixed64: Final = struct.Struct("<Q").pack
_pack_sfixed64: Final = struct.Struct("<q").pack
_pack_fixed32: Final = struct.Struct("<I").pack


def varint(number: int) -> bytes:
    """The base-128 encoding of a non-negative number below 2⁶⁴."""
    if number < 128:
        return _SMALL[number]
    if number < _MEDIUM_END:
        return bytes((number & 0x7F | 0x80, number >> 7))
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def length_prefix(payload: bytes) -> bytes:
    """The length of `payload` as a varint."""
    size = len(payload)
    return _SMALL[size] if size < 128 else varint(size)


def _text(value: Any) -> bytes:
    if type(value) is not str:
        raise DecodeError("a JSON string was expected")
    encoded = value.encode()
    return length_prefix(encoded) + encoded


def _base64(value: Any) -> bytes:
    if type(value) is not str:
        raise DecodeError("a base64 string was expected")
    padded = value.rstrip("=").translate(_URL_SAFE)
    try:
        decoded = binascii.a2b_base64(padded + "=" * (-len(padded) % 4), strict_mode=True)
    except ValueError as error:
        raise DecodeError("a bytes value is not base64") from error
    return length_prefix(decoded) + decoded


def _hex_id(size: int) -> Encode:
    prefix = _SMALL[size]

    def encode(value: Any) -> bytes:
        if value == "":
            return b"\0"
        if type(value) is not str or len(value) != 2 * size:
            raise DecodeError(f"an id is a string of {2 * size} hex digits")
        try:
            decoded = bytes.fromhex(value)
        except ValueError as error:
            raise DecodeError("an id is not hex") from error
        if len(decoded) != size:  # fromhex skips blanks
            raise DecodeError("an id is not hex")
        return prefix + decoded

    return encode


def _bytes(_field: FieldDescriptor, id_size: int) -> tuple[int, Encode]:
    return _LENGTH_DELIMITED, _hex_id(id_size) if id_size else _base64


def _flag(value: Any) -> bytes:
    if type(value) is not bool:
        raise DecodeError("true or false was expected")
    return b"\1" if value else b"\0"


def _double(value: Any) -> bytes:
    return _pack_double(value if type(value) is float else _number(value))


def _number(value: Any) -> float:
    if type(value) is str:
        if (special := _SPECIAL_DOUBLES.get(value)) is not None:
            return special
        if len(value) > _MAX_NUMBER_TEXT or "_" in value or not value.isascii():
            raise DecodeError("a number was expected")
    elif type(value) is not int:
        raise DecodeError("a number was expected")
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise DecodeError("a number was expected") from error
    if not isfinite(number):  # "1e999", "inf", "nan"
        raise DecodeError("a number is out of range")
    return number


def integer(value: Any) -> int:
    """The integer that a JSON number or string of digits stands for. Raises DecodeError."""
    if type(value) is int:
        return value
    if type(value) is str:
        digits = value.removeprefix("-")
        if len(digits) <= _MAX_DIGITS and digits.isascii() and digits.isdigit():
            return int(value)
    elif type(value) is float and value.is_integer():
        return int(value)
    raise DecodeError("an integer was expected")


def _int64(value: Any) -> bytes:
    number = integer(value)
    if 0 <= number < 1 << 63:
        return varint(number)
    if -1 << 63 <= number < 0:
        return varint(number + (1 << 64))
    raise DecodeError("an integer is out of range")


def _unsigned(pack: Encode, bits: int) -> Encode:
    end = 1 << bits

    def encode(value: Any) -> bytes:
        number = integer(value)
        if not 0 <= number < end:
            raise DecodeError("an integer is out of range")
        return pack(number)

    return encode


def _signed(pack: Encode, bits: int) -> Encode:
    end = 1 << bits - 1

    def encode(value: Any) -> bytes:
        number = integer(value)
        if not -end <= number < end:
            raise DecodeError("an integer is out of range")
        return pack(number)

    return encode


def _sign_extended(number: int) -> bytes:
    return varint(number if number >= 0 else number + (1 << 64))


def _zigzag(number: int) -> bytes:
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _enum(field: FieldDescriptor, _id_size: int) -> tuple[int, Encode]:
    kind = field.enum_type
    assert kind is not None  # noqa: S101 - what TYPE_ENUM means
    numbers: Mapping[str, int] = {value.name: value.number for value in kind.values}
    encode_number = _signed(_sign_extended, 32)

    def encode(value: Any) -> bytes:
        if type(value) is str and (known := numbers.get(value)) is not None:
            return encode_number(known)
        return encode_number(value)

    return _VARINT, encode


def _plain(wire_type: int, encode: Encode) -> Callable[[FieldDescriptor, int], tuple[int, Encode]]:
    return lambda _field, _id_size: (wire_type, encode)


_F = FieldDescriptor
SCALARS: Final[Mapping[int, Callable[[FieldDescriptor, int], tuple[int, Encode]]]] = {
    _F.TYPE_STRING: _plain(_LENGTH_DELIMITED, _text),
    _F.TYPE_BYTES: _bytes,
    _F.TYPE_BOOL: _plain(_VARINT, _flag),
    _F.TYPE_DOUBLE: _plain(_FIXED64, _double),
    _F.TYPE_INT64: _plain(_VARINT, _int64),
    _F.TYPE_UINT64: _plain(_VARINT, _unsigned(varint, 64)),
    _F.TYPE_INT32: _plain(_VARINT, _signed(_sign_extended, 32)),
    _F.TYPE_UINT32: _plain(_VARINT, _unsigned(varint, 32)),
    _F.TYPE_SINT32: _plain(_VARINT, _signed(_zigzag, 32)),
    _F.TYPE_FIXED32: _plain(_FIXED32, _unsigned(_pack_fixed32, 32)),
    _F.TYPE_FIXED64: _plain(_FIXED64, _unsigned(_pack_fixed64, 64)),
    _F.TYPE_SFIXED64: _plain(_FIXED64, _signed(_pack_sfixed64, 64)),
    _F.TYPE_ENUM: _enum,
}
"""Protobuf field type → (field, size of the id it carries or 0) → (wire type, encoder)."""
