"""The few calls that the journal makes to the file system, behind one class so that tests can make each one fail."""

import os
from pathlib import Path


class Disk:
    """The machine's file system. Every method raises OSError as the system does."""

    def create(self, path: Path, content: bytes) -> int:
        """Create `path` with `content`: written aside, synced, renamed, folder synced. Returns its descriptor."""
        aside = path.with_name(path.name + ".new")
        fd = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self.write(fd, content)
            self.sync(fd)
            aside.rename(path)
            self.sync_folder(path.parent)
        except OSError:
            os.close(fd)
            aside.unlink(missing_ok=True)
            raise
        return fd

    def write(self, fd: int, content: bytes) -> None:
        """Write all of `content` at the descriptor's position."""
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]

    def sync(self, fd: int) -> None:
        """Wait until the data of the file is on the disk."""
        os.fdatasync(fd)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the folder's entries are on the disk."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def truncate(self, fd: int, length: int) -> None:
        """Cut the file at `length` and continue writing there."""
        os.ftruncate(fd, length)
        os.lseek(fd, length, os.SEEK_SET)

    def read(self, path: Path, offset: int, length: int) -> bytes:
        """`length` bytes at `offset`, fewer where the file ends."""
        fd = os.open(path, os.O_RDONLY)
        try:
            return os.pread(fd, length, offset)
        finally:
            os.close(fd)

    def open_for_append(self, path: Path, *, unit: int) -> int:
        """A descriptor that appends to `path`, created when absent, cut back to whole records of `unit` bytes."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(fd).st_size
            if size % unit:
                os.ftruncate(fd, size - size % unit)
        except OSError:
            os.close(fd)
            raise
        return fd

    def close(self, fd: int) -> None:
        """Give the descriptor back."""
        os.close(fd)

    def unlink(self, path: Path) -> None:
        """Remove a file; an absent one is no error."""
        path.unlink(missing_ok=True)
