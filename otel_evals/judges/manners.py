"""When to ask again: backoff with full jitter, and what an endpoint's headers ask for."""

import random
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

_FIRST: Final = 0.5
_LONGEST: Final = 8.0
_CAP: Final = 600.0
"""Seconds that an endpoint can make us wait at most: a wrong date must not switch a judge off for ever."""
_SPAN: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_LEFT: Final = ("x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens", "x-ratelimit-remaining")
_RESET: Final = {
    "x-ratelimit-remaining-requests": "x-ratelimit-reset-requests",
    "x-ratelimit-remaining-tokens": "x-ratelimit-reset-tokens",
    "x-ratelimit-remaining": "x-ratelimit-reset",
}


def backoff(tries: int, asked: float | None, rng: random.Random) -> float:
    """Seconds to wait after `tries` (≥ 1) failed ones: full jitter under a growing bound, never less than `asked`."""
    return max(rng.uniform(0.0, min(_LONGEST, _FIRST * 2.0 ** min(tries - 1, 30))), asked or 0.0)


def retry_after(headers: Mapping[str, str], now_ns: int) -> float | None:
    """Seconds that `retry-after-ms` or `Retry-After` (seconds or a date) asks for; None when neither does."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _capped(milliseconds / 1000)
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is not None:
        return _capped(seconds)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return _capped(date.timestamp() - now_ns / 1e9)


def spent_for(headers: Mapping[str, str]) -> float | None:
    """Seconds until the endpoint's allowance is filled again when nothing is left of it; None when something is."""
    waits = [_span(headers.get(_RESET[name], "")) for name in _LEFT if headers.get(name, "").strip() == "0"]
    known = [wait for wait in waits if wait is not None]
    return max(known) if known else None


def _span(text: str) -> float | None:
    """Seconds of `6m0s`, `120ms`, `1.5s` or a bare number of seconds; None for anything else (such as a time)."""
    text = text.strip()
    seconds = _number(text)
    if seconds is not None:
        # A reset far away is a point in time, not a span: gateways differ.
        return seconds if seconds <= _CAP else None
    match = _SPAN.fullmatch(text)
    if not text or match is None:
        return None
    hours, minutes, secs, millis = (float(part or 0) for part in match.groups())
    return _capped(hours * 3600 + minutes * 60 + secs + millis / 1000)


def _number(text: str) -> float | None:
    return float(text[:12]) if re.fullmatch(r"\d+(\.\d+)?", text.strip()) else None


def _capped(seconds: float) -> float:
    return min(max(seconds, 0.0), _CAP)
