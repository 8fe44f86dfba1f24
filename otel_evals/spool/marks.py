"""The marks that say which entries of a journal are dealt with: one small file beside each segment.

They are written at once, from the event loop, without a sync: a dozen bytes into the page cache. So they survive the
death of the process; after the death of the machine a few entries may be delivered a second time.
"""

from collections.abc import Iterable
from pathlib import Path

from otel_evals.spool import segment
from otel_evals.spool.disk import Disk


class Marks:
    """The files of marks of one journal.

    A file of number n marks entries of the segments up to n, and goes when the last of these has gone.
    """

    def __init__(self, folder: Path, numbers: list[int], disk: Disk) -> None:
        self._folder = folder
        self._numbers = numbers
        self._disk = disk
        self._fd = -1
        self._open_number = -1
        self._unwritten: list[int] = []

    def add(self, entry_ids: Iterable[int], newest: int) -> None:
        """Mark entries; `newest` is the number of the newest segment. Never raises: a full disk gets them later."""
        self._unwritten.extend(entry_ids)
        if not self._unwritten:
            return
        try:
            if self._open_number != newest:
                self._open(newest)
            self._disk.write(self._fd, segment.done_marks(self._unwritten))
        except OSError:
            self.close()  # opening it again cuts off half a mark
            return
        self._unwritten.clear()

    def drop_before(self, oldest: int) -> None:
        """Remove the files that only concern segments older than `oldest`."""
        while self._numbers and self._numbers[0] < oldest:
            if self._numbers[0] == self._open_number:
                self.close()
            try:
                self._disk.unlink(self._path(self._numbers[0]))
            except OSError:
                return  # read-only: tried again with the next clean-up
            del self._numbers[0]

    def close(self) -> None:
        """Close the file; the next `add` opens it again."""
        if self._fd >= 0:
            self._disk.close(self._fd)
        self._fd = self._open_number = -1

    def _open(self, number: int) -> None:
        self.close()
        self._fd = self._disk.open_for_append(self._path(number), unit=segment.DONE_BYTES)
        self._open_number = number
        if number not in self._numbers:
            self._numbers.append(number)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}.done"
