"""The files of a journal: framing and reading back, no state.

A segment holds entries, `<number>.journal`; what has been dealt with is written to `<number>.done` beside it, so that
marking never waits for a commit. A record of a segment is a mark, the payload's length, a checksum, the entry's id and
the payload. The mark lets the reader find the next sound record behind a damaged one.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from otel_evals.records.errors import ConfigurationError

VERSION: Final = 1
_MAGIC: Final = b"oevaljnl"
_HEADER: Final = struct.Struct("<8sHHI")  # magic, version, reserved, checksum of what stands before
HEADER_BYTES: Final = _HEADER.size
_MARK: Final = b"\xf5oe\n"
_RECORD: Final = struct.Struct("<4sIIQ")  # mark, length, checksum of id and payload, id
RECORD_BYTES: Final = _RECORD.size
_ID: Final = struct.Struct("<Q")
_DONE: Final = struct.Struct("<QI")  # id, checksum of the id
DONE_BYTES: Final = _DONE.size
_MAX_SEARCH: Final = 64
"""Marks that are tried behind a damaged record: a payload full of false marks must not make the start slow."""


class Record(NamedTuple):
    """A sound record: its id, where its payload starts in the file, and the payload's length."""

    entry_id: int
    offset: int
    length: int


class Damage(NamedTuple):
    """A stretch of bytes that is no record. `torn` when the file simply ends within a record, as after a crash."""

    start: int
    end: int
    torn: bool


def header() -> bytes:
    """The first bytes of every segment."""
    start = _HEADER.pack(_MAGIC, VERSION, 0, 0)[:-4]
    return start + struct.pack("<I", zlib.crc32(start))


def check_header(data: bytes, name: str) -> bool:
    """Whether `data` starts with a sound header of a version that we read.

    Raises ConfigurationError for a newer version: guessing at its content could lose it.
    """
    if len(data) < HEADER_BYTES:
        return False
    magic, version, _, checksum = _HEADER.unpack_from(data)
    if magic != _MAGIC or checksum != zlib.crc32(data[: HEADER_BYTES - 4]):
        return False
    if version > VERSION:
        raise ConfigurationError(
            f"{name} was written by a newer release (journal format {version}, this one reads up to {VERSION}); "
            "start that release to drain it, or move the folder away"
        )
    return True


def frame(entry_id: int, payload: bytes) -> bytes:
    """The record of one entry, ready to be written."""
    return _RECORD.pack(_MARK, len(payload), _checksum(entry_id, payload), entry_id) + payload


def unframe(data: bytes) -> bytes | None:
    """The payload of one whole record, None when the record is damaged."""
    record = _record_at(data, 0)
    return None if record is None else data[record.offset : record.offset + record.length]


def scan(data: bytes) -> Iterator[Record | Damage]:
    """Every record of a segment behind its header, in file order, and every stretch that is none."""
    offset = HEADER_BYTES
    while offset < len(data):
        record = _record_at(data, offset)
        if record is not None:
            yield record
            offset = record.offset + record.length
            continue
        following = _next_sound(data, offset + 1)
        end = len(data) if following is None else following
        yield Damage(offset, end, following is None and _ends_early(data, offset))
        offset = end


def done_marks(entry_ids: Iterable[int]) -> bytes:
    """The bytes that mark entries as dealt with."""
    return b"".join(_DONE.pack(i, zlib.crc32(_ID.pack(i))) for i in entry_ids)


def read_done(data: bytes) -> set[int]:
    """The ids in a file of such marks; damaged marks are passed over, their entries are delivered again."""
    whole = data[: len(data) - len(data) % DONE_BYTES]
    return {entry_id for entry_id, checksum in _DONE.iter_unpack(whole) if zlib.crc32(_ID.pack(entry_id)) == checksum}


def _checksum(entry_id: int, payload: bytes | memoryview) -> int:
    return zlib.crc32(payload, zlib.crc32(_ID.pack(entry_id)))


def _record_at(data: bytes, offset: int) -> Record | None:
    start = offset + RECORD_BYTES
    if start > len(data):
        return None
    mark, length, checksum, entry_id = _RECORD.unpack_from(data, offset)
    if mark != _MARK or start + length > len(data):
        return None
    if _checksum(entry_id, memoryview(data)[start : start + length]) != checksum:
        return None
    return Record(entry_id, start, length)


def _next_sound(data: bytes, offset: int) -> int | None:
    for _ in range(_MAX_SEARCH):
        offset = data.find(_MARK, offset)
        if offset < 0:
            return None
        if _record_at(data, offset) is not None:
            return offset
        offset += 1
    return None


def _ends_early(data: bytes, offset: int) -> bool:
    if offset + RECORD_BYTES > len(data):
        return True
    mark, length, _, _ = _RECORD.unpack_from(data, offset)
    return mark == _MARK and offset + RECORD_BYTES + length > len(data)
