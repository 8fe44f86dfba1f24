"""What waits in a disk queue and in which order it goes: no I/O, no clock, so that its rules can be read and tested.

Oldest first. While there is a long backlog every fourth batch is taken from its young end, so that new traffic does
not wait for hours behind old. What failed comes again when its pause is over; what failed often travels alone, as it
may be what makes the next hop fail. While the next hop fails altogether, only what failed already is tried.
"""

import heapq
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from otel_evals.records.signal import Signal

_MERGED_TRIES: Final = 2
_LONG: Final = 1000
"""Entries from which a backlog is long."""
_YOUNG_TURN: Final = 4


class Entry(msgspec.Struct, eq=False):
    """One acknowledged body in the journal."""

    entry_id: int
    signal: Signal
    items: int
    size: int
    since_ns: int
    tries: int = 0


class Backlog:
    """The entries that wait; those under way are not in it."""

    def __init__(self) -> None:
        self._fresh: deque[Entry] = deque()
        self._failed: list[tuple[float, int, Entry]] = []
        self._turn = 0

    def __len__(self) -> int:
        return len(self._fresh) + len(self._failed)

    def add(self, entry: Entry) -> None:
        """A new entry, the youngest."""
        self._fresh.append(entry)

    def put_back(self, entry: Entry, due: float) -> None:
        """An entry whose try failed: not before `due` (monotonic seconds)."""
        heapq.heappush(self._failed, (due, entry.entry_id, entry))

    def forgive(self) -> None:
        """The next hop was down and is back: what failed did not deserve its pause."""
        for _, _, entry in self._failed:
            entry.tries = 0
        self._fresh.extendleft(sorted((e for _, _, e in self._failed), key=lambda e: -e.entry_id))
        self._failed.clear()

    def next_due(self) -> float | None:
        """When the next failed entry may be tried; None when none has failed."""
        return self._failed[0][0] if self._failed else None

    def take(self, now: float, max_bytes: int, *, probing: bool) -> list[Entry]:
        """The entries of the next request, all of one signal; empty when nothing is due."""
        if self._failed and (probing or self._failed[0][0] <= now):
            return self._run(max_bytes, lambda: self._peek_failed(now, probing=probing), self._pop_failed)
        self._turn += 1
        if len(self._fresh) > _LONG and self._turn % _YOUNG_TURN == 0:
            return self._run(max_bytes, lambda: self._fresh[-1] if self._fresh else None, self._fresh.pop)[::-1]
        return self._run(max_bytes, lambda: self._fresh[0] if self._fresh else None, self._fresh.popleft)

    @staticmethod
    def _run(max_bytes: int, peek: Callable[[], Entry | None], pop: Callable[[], Entry]) -> list[Entry]:
        batch: list[Entry] = []
        size = 0
        while (entry := peek()) is not None:
            alone = entry.tries > _MERGED_TRIES
            size += entry.size
            if batch and (alone or entry.signal is not batch[0].signal or size > max_bytes):
                break
            batch.append(pop())
            if alone:
                break
        return batch

    def _peek_failed(self, now: float, *, probing: bool) -> Entry | None:
        if self._failed and (probing or self._failed[0][0] <= now):
            return self._failed[0][2]
        return None

    def _pop_failed(self) -> Entry:
        return heapq.heappop(self._failed)[2]
