"""One process a folder: an advisory lock that the kernel gives back when its holder dies, however it dies."""

import fcntl
import os
from pathlib import Path

from otel_evals.records.errors import ConfigurationError

_NAME = "lock"


class FolderLock:
    """The exclusive lock of a folder, held from construction to `release`.

    Raises ConfigurationError when another process holds it or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._fd = self._open(folder)

    @staticmethod
    def _open(folder: Path) -> int:
        path = folder / _NAME
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigurationError(f"cannot use the spool folder {folder}: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise ConfigurationError(
                f"the spool folder {folder} is in use by another process (id {holder}); "
                "stop that process or give this one a data folder of its own"
            ) from error
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            # The process id only makes the error message of others better; a full disk must not stop the start.
            return fd
        return fd

    def release(self) -> None:
        """Let others have the folder. A second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def is_locked(folder: Path) -> bool:
    """Whether some process holds the lock of `folder` at this moment."""
    try:
        fd = os.open(folder / _NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
