"""The push of own metrics over OTLP: a forwarder of its own, so that it has the TLS, credentials and retries of all.

Life cycle: `await start()` once the crew runs, `await stop()` once it has stopped, for the final sums.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from otel_evals import __version__
from otel_evals.app.ledger import MeteredLedger
from otel_evals.config.schema import PushSettings
from otel_evals.forward.forwarder import Forwarder
from otel_evals.forward.settings import DestinationSettings, QueueKind
from otel_evals.lifecycle.tasks import CrashReport, Tasks
from otel_evals.records.clock import Clock
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.telemetry.meters import Meters
from otel_evals.telemetry.otlp_export import Push
from otel_evals.telemetry.snapshot import Snapshot

_LAST: Final = 3.0
"""Seconds that the final push gets."""


class MetricsPush:
    """Pushes the sums of all processes to the configured destination, or does nothing without one."""

    def __init__(
        self,
        settings: PushSettings,
        read: Callable[[], Awaitable[Snapshot]],
        *,
        resource: Mapping[str, str],
        meters: Meters,
        clock: Clock,
        on_crash: CrashReport,
    ) -> None:
        self._tasks = Tasks(on_crash)
        self._stop = asyncio.Event()
        self._forwarder: Forwarder | None = None
        if settings.destination is None:
            return
        destination = _for_metrics(settings.destination)
        self._forwarder = Forwarder(
            [destination],
            spool_folder=Path(),  # without a disk queue nothing is ever written there
            clock=clock,
            rng=random.Random(),  # noqa: S311 - jitter of retries, no secret
            ledger=MeteredLedger(meters, ()),
            on_crash=on_crash,
        )
        self._push = Push(read, self._send, resource=resource, interval=settings.interval, version=__version__)

    async def start(self) -> None:
        """Begin. Raises ConfigurationError when the destination cannot be used."""
        if self._forwarder is not None:
            await self._forwarder.start()
            self._tasks.spawn(self._push.run(self._stop), "push of own metrics")

    async def stop(self) -> None:
        """Push the final sums, within a few seconds."""
        if self._forwarder is not None:
            self._stop.set()
            await self._tasks.drain(_LAST)
            await self._tasks.close()
            await self._forwarder.stop(0)

    async def _send(self, body: bytes, points: int) -> Accepted:
        assert self._forwarder is not None  # noqa: S101 - who sends has one
        return await self._forwarder.send(Signal.METRICS, body, points)


def _for_metrics(destination: DestinationSettings) -> DestinationSettings:
    return msgspec.structs.replace(destination, queue=QueueKind.NONE, required=True, signals=(Signal.METRICS,))
