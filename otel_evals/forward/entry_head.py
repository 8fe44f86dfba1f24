"""What stands before every body in a disk queue and in a dead letter, so that both can be counted without reading them.

Written and read by the disk queue, read by the command that lists what waits.
"""

import struct
from typing import Final, Self

import msgspec

from otel_evals.records.signal import Signal

_HEAD: Final = struct.Struct("<BIQ")
_SIGNALS: Final[tuple[Signal, ...]] = tuple(Signal)
HEAD_BYTES: Final = _HEAD.size


class EntryHead(msgspec.Struct, frozen=True, kw_only=True):
    """The head of one entry."""

    signal: Signal
    items: int
    since_ns: int
    """Wall time of acceptance."""

    def pack(self) -> bytes:
        """Its bytes, `HEAD_BYTES` of them."""
        return _HEAD.pack(_SIGNALS.index(self.signal), self.items, self.since_ns)

    @classmethod
    def read(cls, payload: bytes) -> Self | None:
        """The head that `payload` starts with; None when no release wrote this."""
        if len(payload) < HEAD_BYTES:
            return None
        head: tuple[int, int, int] = _HEAD.unpack_from(payload)
        number, items, since_ns = head
        return cls(signal=_SIGNALS[number], items=items, since_ns=since_ns) if number < len(_SIGNALS) else None
