"""Where a disk queue sets aside what its destination refused for good after we had acknowledged it.

The specification forbids to send it again by ourselves; an operator may, once the cause is mended.
"""

from collections.abc import Iterator
from pathlib import Path

from otel_evals.spool.disk import Disk


class DeadLetters:
    """A bounded folder with one file an entry. Methods touch the disk: call them in a thread. They raise OSError."""

    def __init__(self, folder: Path, max_bytes: int, disk: Disk) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._disk = disk

    def put(self, name: str, payload: bytes) -> bool:
        """Keep `payload` durably under `name`; False when there is no room."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        used = sum(path.stat().st_size for path in self._folder.iterdir())
        if used + len(payload) > self._max_bytes:
            return False
        self._disk.close(self._disk.create(self._folder / name, payload))
        return True

    def __iter__(self) -> Iterator[Path]:
        """The files, oldest first."""
        if not self._folder.is_dir():
            return iter(())
        return iter(sorted(path for path in self._folder.iterdir() if path.suffix == ".otlp"))

    def remove(self, path: Path) -> None:
        """Forget one."""
        self._disk.unlink(path)
