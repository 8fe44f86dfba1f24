"""The processor of one process: plain constructor calls, start order, stop order.

Start: spool → destinations → engine → doors, so that nothing is taken in that could not be passed on. Stop: readiness →
doors → held spans → destinations → spool, so that what was taken in still finds its way out or stays on disk.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from otel_evals.app.decide import Decider
from otel_evals.app.evaluator import build_dialects, build_evaluator
from otel_evals.app.ledger import MeteredLedger
from otel_evals.config.schema import Config
from otel_evals.engine.hearsay import Hearsay, Publish
from otel_evals.engine.holding import Holding
from otel_evals.engine.logs import LogReader
from otel_evals.engine.measure import Measurements
from otel_evals.engine.patience import Patience
from otel_evals.engine.pipeline import OnEvaluated, Pipeline
from otel_evals.engine.reader import Reader
from otel_evals.engine.result_logs import ResultLogs
from otel_evals.engine.traces import Traces
from otel_evals.forward.forwarder import Forwarder
from otel_evals.forward.settings import QueueKind
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.receive.entrance import Entrance
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.slicing.versions import PromptVersions
from otel_evals.spool.journal import Journal
from otel_evals.spool.lock import is_locked
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_LOG: Final = logging.getLogger(__name__)
_DOOR_SHARE: Final = 0.4
"""Share of the grace that requests in flight get; the rest belongs to what was taken in already."""
_LOCK_PATIENCE: Final = 8.0
"""Seconds that a start waits for a process that holds the spool folder and is about to end."""
_LOOK: Final = 0.1
_WATCH: Final = 1.0
_ADOPT_PAUSE: Final = 5.0
_HELD: Final = "held"

OnFull = Callable[[list[str]], None]
"""Told which spools are full whenever that changes."""


class Processor:
    """One worker. `await start()`, then `await stop()` once."""

    def __init__(
        self,
        config: Config,
        *,
        meters: Meters,
        folder: Path,
        clock: Clock,
        orphans: Sequence[Path] = (),
        reuse_port: bool = False,
        is_first: bool = True,
        on_full: OnFull = lambda _names: None,
        publish: Publish | None = None,
    ) -> None:
        """Prepare; nothing is opened before `start`.

        Args:
            config: the whole configuration.
            meters: where everything is counted.
            folder: its own spool folder.
            clock: time.
            orphans: spool folders of workers that no longer exist, to be taken over.
            reuse_port: whether siblings listen on the same ports.
            is_first: whether the sums begin with it, so that what a former run left counts as received.
            on_full: told which spools are full.
            publish: the way to siblings, for what they should know; None = there are none.
        """
        self._config = config
        self._meters = meters
        self._folder = folder
        self._orphans = orphans
        self._clock = clock
        self._reuse_port = reuse_port
        self._is_first = is_first
        self._on_full = on_full
        self._publish = publish
        self._full: list[str] = []
        self._damaged: dict[str, int] = {}
        self._tasks = Tasks(self._on_crash)
        self.warnings: list[str] = []
        """Sentences that the operator should read at start."""
        self.on_evaluated: OnEvaluated | None = None
        """Who watches the evaluated spans; set before `start`."""

    async def start(self) -> None:
        """Open spool, destinations and doors, in this order.

        Raises:
            ConfigurationError: a check, a destination or the spool cannot be used as configured.
            OSError: an address cannot be listened on.
        """
        config, clock, meters = self._config, self._clock, self._meters
        evaluator = build_evaluator(config, clock)
        await self._wait_for_folder()
        self._journal = await self._open_held()
        self._ledger = MeteredLedger(meters, config.forward, counts_recovered=self._is_first)
        self._forwarder = Forwarder(
            config.forward,
            spool_folder=self._folder / "queues",
            clock=clock,
            rng=random.Random(),  # noqa: S311 - jitter of retries, no secret
            ledger=self._ledger,
            on_crash=self._on_crash,
            content=config.content,
        )
        self.warnings += self._forwarder.warnings
        await self._forwarder.start()
        traces, patience = Traces(config.join, clock), Patience(config.join.patience)
        dialects = build_dialects(config)
        reader = Reader(dialects, traces, patience, self._on_crash)
        logs = LogReader(dialects, reader.markers, traces, patience)
        self._holding = Holding(
            self._journal,
            wait=config.join.wait,
            limit=config.join.max_held,
            tasks=self._tasks,
            clock=clock,
            on_lost=lambda spans: meters.add(catalogue.SPANS, spans, "failed"),
        )
        self.pipeline = Pipeline(
            reader=reader,
            logs=logs,
            traces=traces,
            patience=patience,
            evaluator=evaluator,
            versions=PromptVersions(
                config.slices.fingerprints_per_hour,
                clock,
                on_fallback=lambda service: meters.add(catalogue.PROMPT_UNVERSIONED, 1, service),
            ),
            slices=config.slices.extra,
            holding=self._holding,
            deliver=self._forwarder.send,
            measurements=Measurements(meters, config.prices),
            meters=meters,
            clock=clock,
            settles=self._ledger.settles_at_once,
            result_logs=ResultLogs(self._forwarder.send, self._tasks, meters) if config.results.log_events else None,
            on_evaluated=self.on_evaluated,
            hearsay=Hearsay(traces, reader, logs, self._publish) if self._publish is not None else None,
        )
        self._decider = Decider(evaluator and evaluator.unbounded(), self.pipeline.remember_decision)
        self._watch_gauges()
        await self.pipeline.start()
        self._entrance = Entrance(
            self._intake,
            settings=config.receive,
            clock=clock,
            on_refused=self._on_refused,
            on_fault=lambda error: self._on_crash("entrance", error),
            on_problem=lambda problem: _LOG.error("%s", problem),
            routes=self._decider.routes(),
            reuse_port=self._reuse_port,
        )
        self.warnings += self._entrance.warnings()
        await self._entrance.start()
        self._tasks.spawn(self._watch_spools(), "spool watch")
        for orphan in self._orphans:
            self._tasks.spawn(self._adopt_queues(orphan), "adoption")

    @property
    def http_port(self) -> int:
        """The OTLP/HTTP port, known after start."""
        return self._entrance.http_port

    @property
    def grpc_port(self) -> int:
        """The OTLP/gRPC port, known after start."""
        return self._entrance.grpc_port

    async def stop(self) -> None:
        """Take nothing more in, let out what is in, within the configured grace."""
        grace, started = float(self._config.shutdown.grace), self._clock.monotonic()
        await self._entrance.stop(grace * _DOOR_SHARE)
        await self._holding.stop(self._left(grace * (1 - _DOOR_SHARE / 2), started))
        await self._forwarder.stop(self._left(grace, started))
        await self._tasks.close()
        await self._journal.close()

    def reload(self, config: Config) -> None:
        """Evaluate by another configuration from now on. Raises ConfigurationError and changes nothing then."""
        evaluator = build_evaluator(config, self._clock)
        self.pipeline.reconfigure(evaluator)
        self._decider.reconfigure(evaluator and evaluator.unbounded())

    def learn(self, facts: bytes) -> None:
        """Hear what a sibling has learned about traces."""
        self.pipeline.learn(facts)

    # Spool

    async def _wait_for_folder(self) -> None:
        """Whoever held this place before may still be on its way out."""
        started = self._clock.monotonic()
        places = [self._folder / _HELD, *(self._folder / "queues" / d.label for d in self._config.forward)]
        # The lock belongs to another process, which tells nobody when it ends.
        while any(map(is_locked, places)) and self._clock.monotonic() - started < _LOCK_PATIENCE:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK)

    async def _open_held(self) -> Journal:
        """The journal of held spans, with those of workers that are no more."""
        journal = await Journal.open(self._folder / _HELD, max_bytes=self._config.join.max_disk)
        for orphan in self._orphans:
            if (orphan / _HELD).is_dir():
                try:
                    adopted = await journal.adopt(orphan / _HELD)
                except (ConfigurationError, Unavailable) as error:
                    _LOG.warning("held spans of a former worker stay in %s until the next start: %s", orphan, error)
                else:
                    _LOG.info("took over %d held spans of a former worker", adopted)
        if self._is_first:
            self._meters.add(catalogue.SPANS, len(journal), "received")
        return journal

    async def _adopt_queues(self, orphan: Path) -> None:
        """Take over the disk queues of a worker that is no more; while one is full, what is left waits there."""
        while True:
            try:
                adopted = await self._forwarder.adopt(orphan / "queues")
            except Unavailable:
                await asyncio.sleep(_ADOPT_PAUSE)
            except ConfigurationError as error:
                _LOG.warning("the queues of a former worker stay in %s until the next start: %s", orphan, error)
                return
            else:
                if adopted:
                    _LOG.info("took over %d queued requests of a former worker", adopted)
                return

    def _journals(self) -> dict[str, Journal]:
        queued = [d.label for d in self._config.forward if d.queue is QueueKind.DISK]
        return {_HELD: self._journal} | {label: self._forwarder.disk_queue(label).journal for label in queued}

    async def _watch_spools(self) -> None:
        while True:
            self._look_at_spools()
            await asyncio.sleep(_WATCH)

    def _look_at_spools(self) -> None:
        journals = self._journals()
        for name, journal in journals.items():
            self._meters.add(catalogue.SPOOL_DAMAGED, journal.damaged - self._damaged.get(name, 0), name)
            self._damaged[name] = journal.damaged
        # Without room for held spans they pass at once: that keeps nobody away.
        full = [name for name, journal in journals.items() if journal.is_full and name != _HELD]
        if full != self._full:
            self._full = full
            self._on_full(full)

    def _left(self, grace: float, started: float) -> float:
        return max(0.1, grace - (self._clock.monotonic() - started))

    async def _intake(self, signal: Signal, body: bytes) -> Accepted:
        accepted = await self.pipeline.intake(signal, body)
        self._meters.add(catalogue.REQUESTS, 1, signal.value, "accepted", "")
        return accepted

    def _on_refused(self, signal: Signal | None, reason: str, _size: int) -> None:
        self._meters.add(catalogue.REQUESTS, 1, signal.value if signal else "", "refused", reason)

    def _on_crash(self, task: str, error: BaseException) -> None:
        _LOG.error("unexpected error in %s: %s", task, type(error).__name__, exc_info=error)
        self._meters.add(catalogue.TASK_CRASHES, 1, task)

    def _watch_gauges(self) -> None:
        self._meters.watch(catalogue.WAITING, lambda: {(): len(self._holding) + self._ledger.queued})
        self._meters.watch(
            catalogue.SPOOL_SIZE, lambda: {(n,): float(j.bytes_used) for n, j in self._journals().items()}
        )
