"""Counts what the destinations take and lose, in the meters.

`otel_evals.spans` counts a span once, whatever the number of destinations, so that received = forwarded + refused +
failed + waiting. The first required destination is the one that settles a span: at once when it has no queue, when its
queue has delivered it when it has one.
"""

from collections.abc import Sequence

from otel_evals.forward.settings import DestinationSettings, QueueKind
from otel_evals.records.signal import Signal
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters


class MeteredLedger:
    """The ledger that the forwarder writes."""

    def __init__(self, meters: Meters, destinations: Sequence[DestinationSettings]) -> None:
        self._meters = meters
        settling = next((d for d in destinations if d.required and Signal.TRACES in d.signals), None)
        queued = settling is not None and settling.queue is QueueKind.DISK
        self._settling = settling.label if settling is not None and queued else None
        self._waiting: dict[str, float] = {}
        meters.watch(catalogue.DESTINATION_WAITING, lambda: {(k,): v for k, v in self._waiting.items()})

    @property
    def settles_at_once(self) -> bool:
        """Whether a delivered span is a forwarded one; else it waits in a queue on disk."""
        return self._settling is None

    @property
    def queued(self) -> float:
        """Items that wait in the queue that settles spans."""
        return self._waiting.get(self._settling or "", 0.0)

    def forwarded(self, destination: str, signal: Signal, items: int) -> None:
        """The destination took them."""
        self._meters.add(catalogue.DESTINATION_ITEMS, items, destination, signal.value, "forwarded", "")
        self._settle(destination, signal, items, "forwarded")

    def dropped(self, destination: str, signal: Signal, items: int, reason: str) -> None:
        """The destination will not get them."""
        self._meters.add(catalogue.DESTINATION_ITEMS, items, destination, signal.value, "dropped", reason)
        self._settle(destination, signal, items, "failed")

    def retried(self, destination: str, code: str) -> None:
        """A request is sent again."""
        self._meters.add(catalogue.DESTINATION_RETRIES, 1, destination, code)

    def waiting(self, destination: str, items: int) -> None:
        """How many wait for the destination now."""
        self._waiting[destination] = float(items)

    def _settle(self, destination: str, signal: Signal, items: int, outcome: str) -> None:
        if destination == self._settling and signal is Signal.TRACES:
            self._meters.add(catalogue.SPANS, items, outcome)
