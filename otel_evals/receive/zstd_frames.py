"""Whether a zstd body is whole, from its block headers alone (RFC 8878 §3.1), without inflating anything.

The streaming reader of the codec says the same of a complete body and of one that was cut off, and its one-shot call
allocates what the body claims; walking the block headers answers for both.
"""

from typing import Final

import zstandard

from otel_evals.records.errors import DecodeError

_MAGIC: Final = 0xFD2FB528
_SKIPPABLE: Final = 0x184D2A50
_SKIPPABLE_MASK: Final = 0xFFFFFFF0
_RLE_BLOCK: Final = 1
_CHECKSUM: Final = 4


def check_frames(body: bytes) -> None:
    """Raises DecodeError unless `body` is one or more complete zstd frames and nothing else."""
    position = 0
    while position < len(body) or position == 0:
        magic = int.from_bytes(body[position : position + 4], "little")
        if magic == _MAGIC:
            position = _frame_end(body, position)
        elif magic & _SKIPPABLE_MASK == _SKIPPABLE and position + 8 <= len(body):
            position += 8 + int.from_bytes(body[position + 4 : position + 8], "little")
        else:
            raise DecodeError("the compressed body is not zstd")
        if position > len(body):
            raise DecodeError("the compressed body is cut off")


def _frame_end(body: bytes, position: int) -> int:
    head = body[position : position + 18]  # no frame header is longer
    try:
        has_checksum = zstandard.get_frame_parameters(head).has_checksum
        position += zstandard.frame_header_size(head)
    except zstandard.ZstdError as error:
        raise DecodeError(f"the compressed body is broken: {error}") from error
    last = False
    while not last:
        header = int.from_bytes(body[position : position + 3], "little")
        position += 3
        if position > len(body):
            break
        last = bool(header & 1)
        position += 1 if header >> 1 & 3 == _RLE_BLOCK else header >> 3
    return position + (_CHECKSUM if has_checksum else 0)
