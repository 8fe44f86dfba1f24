"""Makes what senders write fit for tables: whatever comes, no text, number or time breaks a row, a sum or a page."""

from math import isfinite
from typing import Any, Final

from otel_evals.text.fold import well_formed
from otel_evals_backend.storage.keys import DAY_NS

_NAME: Final = 128
"""Characters of a name: as metric labels."""
LONG: Final = 1000
"""Characters of an explanation, as the processor caps them."""
_TOKENS: Final = 100_000_000
_LARGEST: Final = 1e12
_LEAST: Final = 1e-6
"""A probability below it would give one span the weight of millions."""
_LONGEST_CALL: Final = 7 * DAY_NS


def text(value: Any, cap: int = _NAME) -> str | None:
    """A text without NUL and lone surrogates, at most `cap` characters; None for what is no text, or empty."""
    if not isinstance(value, str) or not value:
        return None
    if len(value) > cap:
        value = value[:cap]
    if value.isascii():
        return value.replace("\0", "\ufffd") if "\0" in value else value
    return well_formed(value).replace("\0", "\ufffd")


def number(value: Any) -> float | None:
    """A finite number of reasonable size."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if isfinite(found) and abs(found) <= _LARGEST else None


def amount(value: Any) -> float | None:
    """A number that is not negative."""
    found = number(value)
    return found if found is not None and found >= 0 else None


def share(value: Any) -> float | None:
    """A number from 0 to 1."""
    found = number(value)
    return found if found is not None and 0 <= found <= 1 else None


def probability(value: Any) -> float | None:
    """A probability in (0, 1] that a weight may be made of."""
    found = share(value)
    return found if found is not None and found >= _LEAST else None


def tokens(value: Any) -> int | None:
    """A count of tokens."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _TOKENS else None


class Times:
    """Which times are believed: those within what is kept, up to a day ahead. Others become the time of arrival."""

    def __init__(self, now_ns: int, oldest_ns: int) -> None:
        self.now_ns = now_ns
        self._from = oldest_ns
        self._to = now_ns + DAY_NS

    def point(self, time_ns: int) -> int:
        """A time that rows may be filed by."""
        return time_ns if self._from <= time_ns <= self._to else self.now_ns

    def span(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """Start and end of a span: the end never before the start, nor a week behind it."""
        start = self.point(start_ns)
        if start != start_ns:
            return start, start
        return start, min(max(start, end_ns), start + _LONGEST_CALL)
