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
from otel_evals.records.signal import Signal
from otel_evals.spool.judge_rows import Parcel
from otel_evals.spool.judge_store import JudgeStore
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_UNDER_WAY: Final = 16


class Outbox:
    """The way out of our own spans and records."""

    def __init__(self, store: JudgeStore, passage: Passage, *, tasks: Tasks, meters: Meters) -> None:
        self._store = store
        self._passage = passage
        self._tasks = tasks
        self._meters = meters
        self._slots = asyncio.Semaphore(_UNDER_WAY)
        self._waiting = 0
        self._spans = 0
        self._empty = asyncio.Event()

    def __len__(self) -> int:
        """Spans that are on their way out."""
        return self._spans

    def send(self, parcels: Iterable[int], *, counts: bool = True) -> None:
        """Send bodies that the store holds. `counts`: whether their spans are new to the sums."""
        for parcel in parcels:
            self._waiting += 1
            self._tasks.spawn(self._send(parcel, counts=counts), "send judgement")

    async def _send(self, entry: int, *, counts: bool) -> None:
        parcel: Parcel | None = None
        gone = False

        async def attempt() -> None:
            nonlocal parcel, gone
            async with self._slots:
                if parcel is None and not gone:
                    parcel = await self._store.parcel(entry)
                    gone = parcel is None
                    self._enter(parcel, counts=counts)
                if parcel is not None and not gone:
                    await self._forward(parcel)
                    gone = True  # when the store cannot forget it now, it is not sent again for that
                await self._store.sent(entry)

        try:
            await persist(attempt)
        finally:
            self._spans -= parcel is not None and parcel.signal is Signal.TRACES
            self._waiting -= 1
            if not self._waiting:
                self._empty.set()

    def _enter(self, parcel: Parcel | None, *, counts: bool) -> None:
        """A span of ours enters the data path, so that received = forwarded + refused + failed + waiting stays true."""
        if parcel is not None and parcel.signal is Signal.TRACES:
            self._spans += 1
            if counts:
                self._meters.add(catalogue.SPANS, 1, "received")

    async def _forward(self, parcel: Parcel) -> None:
        with suppress(Refused):  # counted as failed or dropped
            if parcel.signal is Signal.TRACES:
                await self._passage.forward(parcel.body, 1)
            else:
                await self._passage.tell(parcel.body, 1)

    async def drain(self, grace: float) -> None:
        """Wait until everything is sent, at most `grace` seconds; the rest stays for the next run."""
        if self._waiting:
            self._empty.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._empty.wait()
