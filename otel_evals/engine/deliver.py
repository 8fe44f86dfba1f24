"""The way out of the engine, and what is counted there of spans that were accepted long before."""

from collections.abc import Awaitable, Callable

from otel_evals.records.errors import Refused
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

Deliver = Callable[[Signal, bytes, int], Awaitable[Accepted]]
"""Hands a body with so many items to the destinations. Raises Unavailable or Refused."""


class Passage:
    """Forwards spans whose sender has its answer already, and counts how that ends."""

    def __init__(self, deliver: Deliver, meters: Meters, *, settles: bool) -> None:
        """`settles`: whether a delivered span counts as forwarded; False when a disk queue says so later."""
        self._deliver = deliver
        self._meters = meters
        self._settles = settles

    async def forward(self, body: bytes, spans: int) -> None:
        """Deliver a body of so many spans.

        Raises:
            Unavailable: not now; nothing is counted, the caller tries again.
            Refused: never; they are counted as failed.
        """
        try:
            accepted = await self._deliver(Signal.TRACES, body, spans)
        except Refused:
            self._meters.add(catalogue.SPANS, spans, "failed")
            raise
        self.settle(spans, accepted)

    async def tell(self, body: bytes, records: int) -> None:
        """Deliver log records of our own. Raises Unavailable, or Refused: they are lost then, and counted there."""
        await self._deliver(Signal.LOGS, body, records)

    def settle(self, delivered: int, accepted: Accepted) -> None:
        """Count what the next hop took of a delivery."""
        if self._settles:
            self._meters.add(catalogue.SPANS, max(0, delivered - accepted.rejected), "forwarded")
            self._meters.add(catalogue.SPANS, min(accepted.rejected, delivered), "failed")
