"""Appends records to the newest segment of a journal. Runs in the journal's one writing thread."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from otel_evals.spool import segment
from otel_evals.spool.disk import Disk


class Place(NamedTuple):
    """Where a record stands: number of its segment, offset and length of the whole record."""

    segment: int
    offset: int
    length: int


def segment_path(folder: Path, number: int) -> Path:
    """The file of segment `number`."""
    return folder / f"{number:012d}.journal"


class SegmentWriter:
    """Writes groups of entries, each durable as a whole or not there at all."""

    def __init__(self, folder: Path, number: int, *, segment_bytes: int, disk: Disk) -> None:
        self._folder = folder
        self._next_number = number
        self._segment_bytes = segment_bytes
        self._disk = disk
        self._fd = -1
        self._number = number
        self._offset = 0

    @property
    def next_number(self) -> int:
        """The number of the segment that is begun next. Only asked while nothing is being written."""
        return self._next_number

    def commit(self, entries: Sequence[tuple[int, bytes]]) -> list[Place]:
        """Write all `entries` (id, payload) with one sync. Raises OSError; then none of them is in the journal."""
        if self._fd < 0 or self._offset >= self._segment_bytes:
            self._rotate()
        records = [segment.frame(entry_id, payload) for entry_id, payload in entries]
        places: list[Place] = []
        offset = self._offset
        for record in records:
            places.append(Place(self._number, offset, len(record)))
            offset += len(record)
        try:
            self._disk.write(self._fd, b"".join(records))
            self._disk.sync(self._fd)
        except OSError:
            self._give_up_segment()
            raise
        self._offset = offset
        return places

    def close(self) -> None:
        """Close the file. The next commit starts a new segment."""
        if self._fd >= 0:
            self._disk.close(self._fd)
            self._fd = -1

    def _rotate(self) -> None:
        self.close()
        # The number is used up even when the creation fails: a half-made file must never be taken for this one.
        self._number = self._next_number
        self._next_number += 1
        self._fd = self._disk.create(segment_path(self._folder, self._number), segment.header())
        self._offset = segment.HEADER_BYTES

    def _give_up_segment(self) -> None:
        # After a failed sync nobody knows what is on the disk, and a second sync may succeed without having written
        # anything. So the file is cut back to what is known to be there and never appended to again.
        try:
            if self._offset == segment.HEADER_BYTES:  # no entry was ever acknowledged in it
                self._disk.unlink(segment_path(self._folder, self._number))
            else:
                self._disk.truncate(self._fd, self._offset)
        except OSError:
            pass  # What stays behind was never acknowledged: at worst it is delivered after a restart as well.
        finally:
            self.close()
