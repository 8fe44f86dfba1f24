"""Keeps standard error off the terminal while the live view is on, and gives it back afterwards.

The descriptor itself is turned, so that nothing tears the view: own log lines, those of worker processes, warnings of
libraries written in C. The view shows the last lines; the rest is still there when the view has gone.
"""

import os
import sys
import tempfile
from collections import deque
from types import TracebackType
from typing import Final, Self

from otel_evals.view.legible import legible

_STDERR: Final = 2
_CHUNK: Final = 1 << 16
_KEPT: Final = 20


class HeldStderr:
    """Everything written to standard error within the `with` block; nothing is held when it is no terminal anyway."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._held = sys.stderr.isatty()
        self._read = 0

    def __enter__(self) -> Self:
        if self._held:
            sys.stderr.flush()
            self._file = tempfile.TemporaryFile()
            self._terminal = os.dup(_STDERR)
            os.dup2(self._file.fileno(), _STDERR)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if not self._held:
            return
        sys.stderr.flush()
        self.lines()
        os.dup2(self._terminal, _STDERR)
        os.close(self._terminal)
        self._file.close()
        self._held = False

    def lines(self) -> list[str]:
        """The last twenty lines so far, oldest first."""
        while self._held and (chunk := os.pread(self._file.fileno(), _CHUNK, self._read)):
            whole, newline, _ = chunk.rpartition(b"\n")
            taken = whole + newline or chunk  # a line longer than a chunk is taken in pieces
            self._read += len(taken)
            self._lines.extend(legible(line) for line in taken.decode(errors="replace").splitlines() if line.strip())
            if len(taken) < len(chunk):
                break
        return list(self._lines)
