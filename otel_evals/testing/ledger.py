"""A ledger that a test can read, and destinations that retry within a test's patience."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from otel_evals.forward.settings import DestinationSettings, RetrySettings
from otel_evals.records.signal import Signal
from otel_evals.records.units import Duration


class RecordingLedger:
    """Remembers the counts of forwarding."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        """Items that arrived, by destination."""
        self.lost: Counter[tuple[str, str]] = Counter()
        """Items that were dropped, by destination and reason."""
        self.left_out: Counter[str] = Counter()
        """Items that a destination is configured not to get."""
        self.retries: Counter[str] = Counter()
        """Requests sent again, by code."""
        self.now_waiting: dict[str, int] = {}
        """Items that wait, by destination, over all signals."""
        self.found: Counter[str] = Counter()
        """Items that a former run had left, by destination."""
        self.again: Counter[str] = Counter()
        """Items that were set aside and then queued again, by destination."""
        self._waiting: dict[tuple[str, Signal], int] = {}
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], bool], timeout: float = 20.0) -> None:  # noqa: ASYNC109 - a test's patience
        """Return when `condition` holds after some count; TimeoutError after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def forwarded(self, destination: str, signal: Signal, items: int) -> None:
        """See `Ledger`."""
        del signal
        self.sent[destination] += items
        self._changed.set()

    def dropped(self, destination: str, signal: Signal, items: int, reason: str) -> None:
        """See `Ledger`."""
        del signal
        self.lost[destination, reason] += items
        self._changed.set()

    def filtered(self, destination: str, signal: Signal, items: int) -> None:
        """See `Ledger`."""
        del signal
        self.left_out[destination] += items
        self._changed.set()

    def retried(self, destination: str, code: str) -> None:
        """See `Ledger`."""
        del destination
        self.retries[code] += 1
        self._changed.set()

    def recovered(self, destination: str, signal: Signal, items: int) -> None:
        """See `Ledger`."""
        del signal
        self.found[destination] += items
        self._changed.set()

    def resent(self, destination: str, signal: Signal, items: int) -> None:
        """See `Ledger`."""
        del signal
        self.again[destination] += items
        self._changed.set()

    def waiting(self, destination: str, signal: Signal, items: int) -> None:
        """See `Ledger`."""
        self._waiting[destination, signal] = items
        self.now_waiting[destination] = sum(n for (name, _), n in self._waiting.items() if name == destination)
        self._changed.set()


def quick_destination(url: str, **options: Any) -> DestinationSettings:
    """A destination called `next` with pauses of milliseconds; `options` are further settings."""
    retry = RetrySettings(initial=Duration(0.02), max=Duration(0.1))
    settings: dict[str, Any] = {"url": url, "name": "next", "retry": retry, **options}
    return DestinationSettings(**settings)
