"""What the verbs keep off the terminal, and what they show there while they work."""

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

from otel_evals.selftest.asking import Progress, Tell


class Crashes:
    """Keeps errors of our own in tasks until they can be raised."""

    def __init__(self) -> None:
        self._first: BaseException | None = None

    def __call__(self, _task: str, error: BaseException) -> None:
        """Keep `error` if it is the first."""
        self._first = self._first or error

    def raise_first(self) -> None:
        """Raise the first, if there is one."""
        if self._first is not None:
            raise self._first


@contextmanager
def without_log_lines() -> Generator[None]:
    """Keep the clients' log lines off the terminal: the report says all of it once, and better."""
    logger, quiet = logging.getLogger("otel_evals"), logging.NullHandler()
    before, logger.propagate = logger.propagate, False
    logger.addHandler(quiet)
    try:
        yield
    finally:
        logger.removeHandler(quiet)
        logger.propagate = before


@contextmanager
def progress_line() -> Generator[Tell]:
    """A line on the terminal that says how far it has come; nothing where standard error is no terminal."""
    stream = sys.stderr
    if not stream.isatty():
        yield lambda _: None
        return

    def tell(progress: Progress) -> None:
        failed = f", {progress.failed} failed" if progress.failed else ""
        stream.write(f"\r\x1b[K{progress.done} of {progress.planned} calls{failed}")
        stream.flush()

    try:
        yield tell
    finally:
        stream.write("\r\x1b[K")
        stream.flush()
