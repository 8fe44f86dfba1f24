"""Sends what judging itself writes: late results and the traces of judge calls. Durable until the next hop has it.

A body is sent at least once; the ids in it are derived from what was judged, so receivers see one result.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

from otel_evals.engine.deliver import Passage
from otel_evals.engine.departures import Departures
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
        self._meters = meters
        self._departures = Departures(tasks, _UNDER_WAY)
        self._spans = 0

    def __len__(self) -> int:
        """Spans that are on their way out."""
        return self._spans

    def send(self, parcels: Iterable[int], *, counts: bool = True) -> None:
        """Send bodies that the store holds. `counts`: whether their spans are new to the sums."""
        for parcel in parcels:
            self._departures.send(self._attempt(parcel, counts=counts), "send judgement")

    def _attempt(self, entry: int, *, counts: bool) -> Callable[[], Awaitable[None]]:
        parcel: Parcel | None = None
        gone = False

        async def attempt() -> None:
            nonlocal parcel, gone
            if parcel is None and not gone:
                parcel = await self._store.parcel(entry)
                gone = parcel is None
                self._enter(parcel, counts=counts)
            if parcel is not None and not gone:
                await self._forward(parcel)
                gone = True  # when the store cannot forget it now, it is not sent again for that
            await self._store.sent(entry)
            self._spans -= parcel is not None and parcel.signal is Signal.TRACES

        return attempt

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
        await self._departures.drain(grace)
