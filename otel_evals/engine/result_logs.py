"""Sends results as log-based events beside the spans that carry them.

The span is safe by then and keeps its own events, so this is best effort: what a destination does not take is counted
and not sent again, and a sender never waits for it.
"""

from typing import Final

from otel_evals.engine.deliver import Deliver
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.errors import Refused, Unavailable
from otel_evals.records.signal import Signal
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_UNDER_WAY: Final = 64
"""Requests under way at one time; what comes beyond is dropped and counted."""


class ResultLogs:
    """The way of log-based results to the destinations."""

    def __init__(self, deliver: Deliver, tasks: Tasks, meters: Meters) -> None:
        self._deliver = deliver
        self._tasks = tasks
        self._meters = meters
        self._under_way = 0

    def send(self, body: bytes, records: int) -> None:
        """Send an encoded ExportLogsServiceRequest with so many records."""
        if self._under_way >= _UNDER_WAY:
            self._dropped(records)
            return
        self._under_way += 1
        self._tasks.spawn(self._send(body, records), "result logs")

    async def _send(self, body: bytes, records: int) -> None:
        try:
            await self._deliver(Signal.LOGS, body, records)
        except (Unavailable, Refused):
            self._dropped(records)
        finally:
            self._under_way -= 1

    def _dropped(self, records: int) -> None:
        self._meters.add(catalogue.DESTINATION_ITEMS, records, "", Signal.LOGS.value, "dropped", "result_logs")
