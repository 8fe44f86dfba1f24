"""The durable ledger of coverage: every GenAI span once per judge, by its final outcome.

Outcomes that are final at once (most spans are not sampled) are added up here and written every second, with the spans
that they stand for, in one transaction: a crash loses both together, so that the ledger always adds up.
"""

import asyncio
import logging
from collections import Counter
from typing import Final

from otel_evals.engine.plan import Plan
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.lifecycle.waiting import happens
from otel_evals.records.clock import Clock
from otel_evals.records.errors import Unavailable
from otel_evals.spool.judge_books import hour_of
from otel_evals.spool.judge_store import JudgeStore

_LOG: Final = logging.getLogger(__name__)
_INTERVAL: Final = 1.0


class CoverageLedger:
    """Adds up outcomes and writes them down."""

    def __init__(self, store: JudgeStore, *, tasks: Tasks, clock: Clock) -> None:
        self._store = store
        self._tasks = tasks
        self._clock = clock
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Begin to write."""
        self._tasks.spawn(self._run(), "coverage ledger")

    def note(self, plan: Plan) -> None:
        """Count the outcomes of a plan that are final. Its span must be safe by now."""
        for spec, outcome in plan.outcomes:
            self._counts[*spec.key, outcome.value] += 1

    async def flush(self) -> None:
        """Write down what has come. What cannot be written stays for the next time."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            await self._store.count(counts, hour_of(self._clock.time_ns()))
        except Unavailable as error:
            self._counts.update(counts)
            _LOG.warning("the coverage ledger is behind: %s", error)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await happens(self._stopping, _INTERVAL)
            await self.flush()

    async def stop(self) -> None:
        """Write down what is left."""
        self._stopping.set()
        await self.flush()
