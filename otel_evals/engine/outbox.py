"""Sends what judging itself writes: late results and the traces of judge calls. Durable until the next hop has it.

A body is sent at least once; the ids in it are derived from what was judged, so receivers see one result.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from otel_evals.engine.deliver import Passage
from otel_evals.engine.persistence import persist
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.errors import Refused
from otel_evals.spool.judge_store import JudgeStore
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_UNDER_WAY: Final = 16


class Outbox:
    """The way out of our own spans."""

    def __init__(self, store: JudgeStore, passage: Passage, *, tasks: Tasks, meters: Meters) -> None:
        self._store = store
        self._passage = passage
        self._tasks = tasks
        self._meters = meters
        self._slots = asyncio.Semaphore(_UNDER_WAY)
        self._waiting = 0
        self._empty = asyncio.Event()

    def __len__(self) -> int:
        """Bodies that wait or are on their way out."""
        return self._waiting

    def send(self, parcels: Iterable[int], *, counts: bool = True) -> None:
        """Send bodies that the store holds, each one span. `counts`: whether they are new to the sums."""
        for parcel in parcels:
            self._waiting += 1
            if counts:
                # They enter the data path here, so that received = forwarded + refused + failed + waiting stays true.
                self._meters.add(catalogue.SPANS, 1, "received")
            self._tasks.spawn(self._send(parcel), "send judgement")

    async def _send(self, parcel: int) -> None:
        gone = False

        async def attempt() -> None:
            nonlocal gone
            async with self._slots:
                body = None if gone else await self._store.parcel(parcel)
                if body is not None:
                    with suppress(Refused):  # counted as failed
                        await self._passage.forward(body, 1)
                    gone = True  # when the store cannot forget it now, it is not sent again for that
                await self._store.sent(parcel)

        try:
            await persist(attempt)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._empty.set()

    async def drain(self, grace: float) -> None:
        """Wait until everything is sent, at most `grace` seconds; the rest stays for the next run."""
        if self._waiting:
            self._empty.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._empty.wait()
