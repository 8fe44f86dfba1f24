"""The files of a recording, in their order, as request bodies; read anew for every pass, so that none has to stay."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from otel_evals.records.errors import ConfigurationError
from otel_evals.replay.formats import Body, BrokenAt, NotOtlp, bodies, is_recording


class RecordedBody(msgspec.Struct, frozen=True, kw_only=True):
    """A request body and the file that holds it, as the command line names it."""

    file: str
    body: Body


class _File(msgspec.Struct, frozen=True):
    path: Path
    named: bool
    """Whether the command line names the file itself: then everything in it must be OTLP."""


class Recording:
    """Recorded OTLP in files and folders.

    Args:
        paths: files, in the order in which they are read; a folder stands for the files in it, sorted by path.

    Raises:
        ConfigurationError: a path is not there.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [file for path in paths for file in _files(path)]
        self.skipped: set[str] = set()
        """JSON files in folders that turned out to hold no OTLP."""

    @property
    def files(self) -> int:
        """How many files are read."""
        return len(self._files) - len(self.skipped)

    def __iter__(self) -> Iterator[RecordedBody]:
        """Every body. Raises ConfigurationError that names file and offset when one cannot be read."""
        for file in self._files:
            name = file.path.as_posix()
            try:
                for body in bodies(file.path.name, file.path.read_bytes()):
                    yield RecordedBody(file=name, body=body)
            except OSError as error:
                raise ConfigurationError(f"{name}: cannot be read: {error.strerror}") from error
            except BrokenAt as error:
                raise ConfigurationError(f"{name}: at byte {error.offset}: {error}") from error
            except NotOtlp as error:
                if file.named:
                    raise ConfigurationError(f"{name}: at byte 0: {error}") from error
                self.skipped.add(name)


def _files(path: Path) -> Iterator[_File]:
    if not path.is_dir():
        if not path.exists():
            raise ConfigurationError(f"{path.as_posix()}: there is no such file or folder")
        yield _File(path, named=True)
        return
    found = (p for p in path.rglob("*") if p.is_file() and is_recording(p.name))
    for file in sorted(found, key=lambda p: p.relative_to(path).as_posix()):
        yield _File(file, named=False)
