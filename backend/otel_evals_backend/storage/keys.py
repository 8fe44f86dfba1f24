"""Keys of rows: spans, days, hours, and names that repeat.

A span is one binary key of 24 bytes, trace id before span id, so that the spans of a trace are neighbours. What repeats
in millions of rows (slices, evaluators, explanations) is kept once, under a number derived from what it says: every
process derives the same one, no row has to be read back, and a database that is filled twice is the same.
"""

from hashlib import sha256
from typing import Final

DAY_NS: Final = 86_400_000_000_000
HOUR_NS: Final = 3_600_000_000_000
_TRACE: Final = 16
_SPAN: Final = 8


def span_key(trace_id: bytes, span_id: bytes) -> bytes:
    """The key of a span. Raises ValueError when the ids do not have 16 and 8 bytes."""
    if len(trace_id) != _TRACE or len(span_id) != _SPAN:
        raise ValueError("a trace id has 16 bytes and a span id 8")
    return trace_id + span_id


def ids_of(key: bytes) -> tuple[str, str]:
    """Trace and span id of a key, as lower-case hex."""
    return key[:_TRACE].hex(), key[_TRACE:].hex()


def trace_range(trace_id: bytes) -> tuple[bytes, bytes]:
    """The smallest and the largest key of a trace's spans."""
    return trace_id + bytes(_SPAN), trace_id + b"\xff" * _SPAN


def day_of(time_ns: int) -> int:
    """Days since 1970-01-01 UTC."""
    return time_ns // DAY_NS


def hour_of(time_ns: int) -> int:
    """Hours since 1970-01-01 UTC."""
    return time_ns // HOUR_NS


def name_key(*parts: str | None) -> int:
    """A positive 63-bit number for a tuple of texts; None and "" differ."""
    digest = sha256()
    for part in parts:
        data = b"\x00" if part is None else b"\x01" + part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(4, "big"))
        digest.update(data)
    return int.from_bytes(digest.digest()[:8], "big") >> 1
