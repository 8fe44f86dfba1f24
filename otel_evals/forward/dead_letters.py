"""Where a disk queue sets aside what its destination refused for good after we had acknowledged it.

The specification forbids to send it again by ourselves; an operator may, once the cause is mended. The command to do so
is a file in the folder, so that it reaches a processor that runs as well as one that starts later.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from otel_evals.forward.entry_head import EntryHead
from otel_evals.spool.disk import Disk

FOLDER: Final = "dead"
"""The folder of dead letters in that of a disk queue."""
_SUFFIX: Final = ".otlp"
_COMMAND: Final = "resend"
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9_]+")
_PARTS: Final = 4


class DeadLetters:
    """A bounded folder with one file an entry. Methods touch the disk: call them in a thread. They raise OSError."""

    def __init__(self, folder: Path, max_bytes: int, disk: Disk) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._disk = disk

    def put(self, head: EntryHead, entry_id: int, code: str, body: bytes) -> bool:
        """Keep an entry that was refused with `code` durably; False when there is no room."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        payload = head.pack() + body
        used = sum(path.stat().st_size for path in self._folder.iterdir())
        if used + len(payload) > self._max_bytes:
            return False
        name = f"{head.since_ns:020d}-{entry_id}-{_NOT_PLAIN.sub('_', code)}-{head.signal.value}{_SUFFIX}"
        self._disk.close(self._disk.create(self._folder / name, payload))
        return True

    def until(self, time_ns: int | None) -> list[Path]:
        """The letters that were set aside up to a time (of the file system's clock; None: all), oldest first."""
        return [path for path in letters(self._folder) if time_ns is None or path.stat().st_mtime_ns <= time_ns]

    def remove(self, path: Path) -> None:
        """Forget one."""
        self._disk.unlink(path)

    def adopt(self, folder: Path) -> int:
        """Move here what lies in `folder`, whose owner no longer exists, a command included; how many letters.

        The bound is not asked: the bytes are on the disk already, and nobody else would ever send them.
        """
        moved = 0
        if not folder.is_dir():
            return moved
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in letters(folder):
            target = self._folder / path.name
            while target.exists():  # entries are numbered by folder, so that names could meet
                target = target.with_name(f"0{target.name}")
            path.rename(target)
            moved += 1
        if (folder / _COMMAND).exists():
            (folder / _COMMAND).replace(self._folder / _COMMAND)
        if moved:
            self._disk.sync_folder(self._folder)
            self._disk.sync_folder(folder)
        return moved

    def asked_ns(self) -> int | None:
        """When it was commanded to send the letters again; None when it was not."""
        try:
            return (self._folder / _COMMAND).stat().st_mtime_ns
        except FileNotFoundError:
            return None

    def answered(self, asked_ns: int) -> None:
        """The command of this time is carried out; a newer one stands."""
        if self.asked_ns() == asked_ns:
            self._disk.unlink(self._folder / _COMMAND)


def letters(folder: Path) -> Iterator[Path]:
    """The letters in a folder, oldest first; none when there is no such folder."""
    if not folder.is_dir():
        return iter(())
    return iter(sorted(path for path in folder.iterdir() if path.suffix == _SUFFIX))


def refusal(letter: Path) -> str:
    """The status with which a letter was refused, by its name."""
    parts = letter.stem.split("-")
    return parts[2] if len(parts) == _PARTS else "unknown"


def ask_for(folder: Path) -> None:
    """Command whoever owns the dead letters in `folder` to send again those that lie there now. Raises OSError."""
    (folder / _COMMAND).touch(mode=0o600)


def is_asked_for(folder: Path) -> bool:
    """Whether such a command still stands."""
    return (folder / _COMMAND).exists()
