"""The form in which a reading is stored: what a dialect found on a span or log record, with what joining it needs."""

from typing import Any, Final, cast

import msgspec

from otel_evals.records.reading import Reading
from otel_evals.text.fold import well_formed

_DEPTH: Final = 64


class KeptReading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reading of a span, or of a piece of it that came apart (`order` is set then)."""

    reading: Reading
    dialect: str = ""
    name: str = ""
    """Of the span."""
    parent: bytes = b""
    end_ns: int = 0
    failed: bool = False
    service: str | None = None
    environment: str | None = None
    order: int | None = None
    closes: bool = False


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(KeptReading)


def encode(kept: KeptReading) -> bytes:
    """As JSON. What no JSON carries (integers of 70 bits, half a surrogate pair) is mended or left out."""
    try:
        return _ENCODER.encode(kept)
    except (OverflowError, TypeError, ValueError, RecursionError):
        pass
    plain = msgspec.structs.asdict(kept) | {"reading": _plain(kept.reading, 0)}
    return _ENCODER.encode({name: value for name, value in plain.items() if value is not None})


def encode_reading(reading: Reading) -> bytes:
    """A reading alone, in the same way."""
    try:
        return _ENCODER.encode(reading)
    except (OverflowError, TypeError, ValueError, RecursionError):
        return _ENCODER.encode(_plain(reading, 0))


def decode(body: bytes) -> KeptReading | None:
    """From JSON; None when another version wrote something that this one does not understand."""
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _plain(value: Any, depth: int) -> Any:
    """`value` as JSON can carry it."""
    if depth > _DEPTH:
        return None
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, str):
        plain: Any = well_formed(value)
    elif isinstance(value, dict):
        table = cast("dict[Any, Any]", value)
        plain = {well_formed(str(name)): _plain(item, depth + 1) for name, item in table.items()}
    elif isinstance(value, list | tuple | frozenset):
        plain = [_plain(item, depth + 1) for item in cast("list[Any]", value)]
    elif isinstance(value, int) and not isinstance(value, bool) and not -(1 << 63) <= value < 1 << 64:
        plain = str(value)
    else:
        plain = value
    return plain
