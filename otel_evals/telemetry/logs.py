"""Own log lines: structured, on one stream, rate-limited by message, at most 1 kB each.

Rooms log through `logging.getLogger(__name__)` with a constant message and arguments; the command line calls
`configure` once. Arguments that are Secrets print as `***` by themselves. Content of spans is never an argument: a
rule of the house, which the length limit backs up. A traceback is written as the types and places of its calls
without any value.
"""

import json
import logging
import re
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from otel_evals.records.clock import Clock, SystemClock
from otel_evals.telemetry.settings import LogFormat, LogSettings

MAX_LINE = 1024
"""Bytes of a line without its end."""
_MAX_TEMPLATES = 1000
_PLAIN = re.compile(r"[A-Za-z0-9_./:@+-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

Suppressed = Callable[[str, int], None]
"""Called with a logger's name and the number of its lines that were left out."""


def configure(
    settings: LogSettings,
    *,
    stream: TextIO | None = None,
    clock: Clock | None = None,
    on_suppressed: Suppressed = lambda _logger, _count: None,
) -> logging.Handler:
    """Make ours the only handler of the root logger, and return it.

    Args:
        settings: level, format and rate.
        stream: where lines go; standard error when None.
        clock: for the rate.
        on_suppressed: told of lines that the rate left out.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(settings.format))
    handler.addFilter(RateLimit(settings.burst, settings.every, clock or SystemClock(), on_suppressed))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.level.value.upper())
    return handler


class RateLimit(logging.Filter):
    """Lets `burst` records of one (logger, message template) through in a window of `every` seconds.

    The first record of the next window says how many were left out.
    """

    def __init__(self, burst: int, every: float, clock: Clock, on_suppressed: Suppressed) -> None:
        super().__init__()
        self._burst = burst
        self._every = every
        self._clock = clock
        self._on_suppressed = on_suppressed
        self._windows: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; adds `suppressed` to it where some were not."""
        key = (record.name, str(record.msg)[:MAX_LINE])
        now = self._clock.monotonic()
        since, count = self._windows.get(key, (now, 0))
        if now - since >= self._every:
            record.suppressed = max(0, count - self._burst)
            since, count = now, 0
        self._windows[key] = (since, count + 1)
        self._windows.move_to_end(key)
        if len(self._windows) > _MAX_TEMPLATES:
            self._windows.popitem(last=False)
        if count < self._burst:
            return True
        self._on_suppressed(record.name, 1)
        return False


class LineFormatter(logging.Formatter):
    """One record as one line of JSON or logfmt."""

    def __init__(self, format_: LogFormat) -> None:
        super().__init__()
        self._write = _json_line if format_ is LogFormat.JSON else _logfmt_line

    def format(self, record: logging.LogRecord) -> str:
        """The line without its end, within MAX_LINE bytes."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": _legible(record.name),
            "message": _legible(record.getMessage()),
        }
        if getattr(record, "suppressed", 0):
            fields["suppressed"] = record.__dict__["suppressed"]
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = type(record.exc_info[1]).__qualname__
            fields["at"] = _places(record.exc_info[1])
        return self._fit(fields)

    def _fit(self, fields: dict[str, Any]) -> str:
        line = self._write(fields)
        # Escapes make a text longer than it looks: cut until the line fits.
        while (excess := len(line.encode()) - MAX_LINE) > 0:
            longest = max(("message", "at"), key=lambda name: len(str(fields.get(name, ""))))
            text = str(fields.get(longest, ""))
            if not text:
                return line.encode()[:MAX_LINE].decode("utf-8", "ignore")
            kept = len(text) - excess // 6 - 2
            fields[longest] = f"{text[:kept]}…" if kept > 0 else ""
            line = self._write(fields)
        return line


def _legible(text: str) -> str:
    """One line, cut, without control and direction marks, encodable."""
    return _CONTROL.sub(" ", text[:MAX_LINE]).encode("utf-8", "replace").decode()


def _places(error: BaseException) -> str:
    """`module.py:12 function < caller.py:3 main`, innermost first: where, but with which values is never said."""
    frames = traceback.extract_tb(error.__traceback__, limit=-6)
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))


def _json_line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _logfmt_line(fields: dict[str, Any]) -> str:
    return " ".join(f"{name}={_logfmt_value(str(value))}" for name, value in fields.items())


def _logfmt_value(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
