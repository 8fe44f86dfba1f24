"""Counts what the destinations take and lose, in the meters.

`otel_evals.spans` counts a span once, whatever the number of destinations, so that received = forwarded + refused +
failed + waiting. One destination settles that count: the first required one for traces, else the first one for traces;
among equals one that gets every span before one that gets GenAI spans alone, whose others count as forwarded too.
It does so at once when the sender's answer waits for it, and later, through this ledger, when it has a queue on disk
or is not required.
"""

from collections import defaultdict
from collections.abc import Sequence

from otel_evals.forward.settings import DestinationSettings, QueueKind, Wanted
from otel_evals.records.signal import Signal
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters


class MeteredLedger:
    """The ledger that the forwarder writes.

    Args:
        meters: where counts go.
        destinations: those of the forwarder.
        counts_recovered: whether what a former run left counts as received: yes when the sums began with this run,
            no when they go on over the restart of a worker.
    """

    def __init__(
        self, meters: Meters, destinations: Sequence[DestinationSettings], *, counts_recovered: bool = True
    ) -> None:
        self._meters = meters
        self._counts_recovered = counts_recovered
        takers = [d for d in destinations if Signal.TRACES in d.signals]
        # Who gets everything says more of a span than who is configured to get a part.
        settling = min(takers, key=lambda d: (not d.required, d.spans is not Wanted.ALL), default=None)
        self.settles_at_once = settling is not None and settling.required and settling.queue is QueueKind.NONE
        """Whether a delivered span is a forwarded one; else this ledger hears later what became of it."""
        # Without any destination for traces the forwarder drops them under an empty name.
        self._settling = None if self.settles_at_once else settling.label if settling is not None else ""
        self._waiting: dict[str, dict[Signal, int]] = defaultdict(dict)
        meters.watch(
            catalogue.DESTINATION_WAITING, lambda: {(k,): float(sum(v.values())) for k, v in self._waiting.items()}
        )

    @property
    def queued(self) -> int:
        """Spans that wait in the queue that settles them."""
        if self._settling is None:
            return 0
        return self._waiting.get(self._settling, {}).get(Signal.TRACES, 0)

    def forwarded(self, destination: str, signal: Signal, items: int) -> None:
        """The destination took them."""
        self._meters.add(catalogue.DESTINATION_ITEMS, items, destination, signal.value, "forwarded", "")
        self._settle(destination, signal, items, "forwarded")

    def dropped(self, destination: str, signal: Signal, items: int, reason: str) -> None:
        """The destination will not get them."""
        self._meters.add(catalogue.DESTINATION_ITEMS, items, destination, signal.value, "dropped", reason)
        self._settle(destination, signal, items, "failed")

    def filtered(self, destination: str, signal: Signal, items: int) -> None:
        """The destination is configured not to get them: nothing failed, they are where they should be."""
        self._meters.add(catalogue.DESTINATION_ITEMS, items, destination, signal.value, "filtered", "")
        self._settle(destination, signal, items, "forwarded")

    def retried(self, destination: str, code: str) -> None:
        """A request is sent again."""
        self._meters.add(catalogue.DESTINATION_RETRIES, 1, destination, code)

    def recovered(self, destination: str, signal: Signal, items: int) -> None:
        """A former run left them."""
        if self._counts_recovered:
            self._settle(destination, signal, items, "received")

    def resent(self, destination: str, signal: Signal, items: int) -> None:
        """They come anew: the sums hold them as failed already, and will hold what becomes of them now."""
        self._settle(destination, signal, items, "received")

    def waiting(self, destination: str, signal: Signal, items: int) -> None:
        """How many wait for the destination now."""
        self._waiting[destination][signal] = items

    def _settle(self, destination: str, signal: Signal, items: int, outcome: str) -> None:
        if destination == self._settling and signal is Signal.TRACES:
            self._meters.add(catalogue.SPANS, items, outcome)
