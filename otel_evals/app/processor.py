"""The processor of one process: plain constructor calls, start order, stop order.

Start: spool → destinations → engine → doors, so that nothing is taken in that could not be passed on. Stop: readiness →
doors → held spans → destinations → spool, so that what was taken in still finds its way out or stays on disk.
"""

import logging
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_evals.app.decide import Decider
from otel_evals.app.evaluator import build_dialects, build_evaluator
from otel_evals.app.ledger import MeteredLedger
from otel_evals.app.spools import OnFull, Spools
from otel_evals.config.schema import Config
from otel_evals.engine.evaluation import Evaluator
from otel_evals.engine.hearsay import Hearsay, Publish
from otel_evals.engine.holding import Holding
from otel_evals.engine.judge_measure import OnJudged
from otel_evals.engine.logs import LogReader
from otel_evals.engine.measure import Measurements
from otel_evals.engine.patience import Patience
from otel_evals.engine.pipeline import OnEvaluated, Pipeline
from otel_evals.engine.reader import Reader
from otel_evals.engine.result_logs import ResultLogs
from otel_evals.engine.traces import Traces
from otel_evals.forward.forwarder import Forwarder
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.plugins.protocols import Dialect
from otel_evals.receive.entrance import Entrance
from otel_evals.records.clock import Clock
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.slicing.versions import PromptVersions
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

if TYPE_CHECKING:
    from otel_evals.app.judging import JudgeDesk

_LOG: Final = logging.getLogger(__name__)
_DOOR_SHARE: Final = 0.4
"""Share of the grace that requests in flight get; the rest belongs to what was taken in already."""


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
        self._clock = clock
        self._reuse_port = reuse_port
        self._is_first = is_first
        self._publish = publish
        self._spools = Spools(config, folder, orphans=orphans, meters=meters, clock=clock, on_full=on_full)
        self._tasks = Tasks(self._on_crash)
        self.warnings: list[str] = []
        """Sentences that the operator should read at start."""
        self._desk: JudgeDesk | None = None
        self.on_evaluated: OnEvaluated | None = None
        """Who watches the evaluated spans; set before `start`."""
        self.on_judged: OnJudged | None = None
        """Who watches the judgements; set before `start`."""

    async def start(self) -> None:
        """Open spool, destinations and doors, in this order.

        Raises:
            ConfigurationError: a check, a destination or the spool cannot be used as configured.
            OSError: an address cannot be listened on.
        """
        config, clock, meters = self._config, self._clock, self._meters
        evaluator = build_evaluator(config, clock)
        dialects = build_dialects(config)
        self._journal = await self._spools.open_held()
        if self._is_first:
            meters.add(catalogue.SPANS, len(self._journal), "received")
        self._ledger = MeteredLedger(meters, config.forward, counts_recovered=self._is_first)
        self._forwarder = Forwarder(
            config.forward,
            spool_folder=self._spools.queues,
            clock=clock,
            rng=random.Random(),  # noqa: S311 - jitter of retries, no secret
            ledger=self._ledger,
            on_crash=self._on_crash,
            content=config.content,
            markers=[marker for dialect in dialects for marker in dialect.markers],
        )
        self.warnings += [*self._forwarder.warnings, *self._spools.unclaimed(), *self._spools.strangers()]
        await self._forwarder.start()
        self._measurements = Measurements(meters, config.prices)
        await self._open_desk(evaluator)
        self.pipeline = self._make_pipeline(evaluator, dialects)
        self._decider = Decider(evaluator and evaluator.unbounded(), self.pipeline.remember_decision)
        self._meters.watch(catalogue.WAITING, lambda: {(): self._waiting()})
        await self.pipeline.start()
        if self._desk is not None:
            await self._desk.start(counts_leftovers=self._is_first)
        self._entrance = self._make_entrance()
        self.warnings += self._entrance.warnings()
        await self._entrance.start()
        self._tasks.spawn(self._spools.run(self._forwarder), "spool watch")

    async def _open_desk(self, evaluator: Evaluator | None) -> None:
        """Open judging, when there are judges. Their client takes a second to import: nobody else pays for it."""
        if not self._config.judge.is_used:
            return
        if evaluator is None:
            self.warnings.append("every check is off, so no span is read, and no judge sees any")
            return
        from otel_evals.app.judges import build_judges  # noqa: PLC0415 - see above
        from otel_evals.app.judging import JudgeDesk  # noqa: PLC0415

        judges = build_judges(self._config, clock=self._clock, on_crash=self._on_crash)
        if judges is None:
            return
        self.warnings += judges.warnings
        self._desk = JudgeDesk(
            self._config,
            judges,
            await self._spools.open_judge_store(),
            deliver=self._forwarder.send,
            settles=self._ledger.settles_at_once,
            measurements=self._measurements,
            meters=self._meters,
            tasks=self._tasks,
            clock=self._clock,
            on_crash=self._on_crash,
            on_judged=self.on_judged,
        )

    def _waiting(self) -> float:
        judged = self._desk.judging.held if self._desk is not None else 0
        return len(self._holding) + self._ledger.queued + judged

    def _make_pipeline(self, evaluator: Evaluator | None, dialects: Sequence[Dialect]) -> Pipeline:
        config, clock, meters = self._config, self._clock, self._meters
        traces, patience = Traces(config.join, clock), Patience(config.join.patience)
        reader = Reader(dialects, traces, patience, self._on_crash)
        logs = LogReader(dialects, reader.markers, traces, patience, self._on_crash)
        self._holding = Holding(
            self._journal,
            wait=config.join.wait,
            limit=config.join.max_held,
            tasks=self._tasks,
            clock=clock,
            on_lost=lambda spans: meters.add(catalogue.SPANS, spans, "failed"),
        )
        return Pipeline(
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
            measurements=self._measurements,
            meters=meters,
            clock=clock,
            settles=self._ledger.settles_at_once,
            result_logs=ResultLogs(self._forwarder.send, self._tasks, meters) if config.results.log_events else None,
            on_evaluated=self.on_evaluated,
            hearsay=Hearsay(traces, reader, logs, self._publish) if self._publish is not None else None,
            planner=self._desk.planner if self._desk is not None else None,
            judging=self._desk.judging if self._desk is not None else None,
            late_feedback=self._desk.late_feedback if self._desk is not None else None,
        )

    def _make_entrance(self) -> Entrance:
        return Entrance(
            self._intake,
            settings=self._config.receive,
            clock=self._clock,
            on_refused=self._on_refused,
            on_fault=lambda error: self._on_crash("entrance", error),
            on_problem=lambda problem: _LOG.error("%s", problem),
            routes=self._decider.routes(),
            reuse_port=self._reuse_port,
        )

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
        if self._desk is not None:
            await self._desk.stop(self._left(grace * (1 - _DOOR_SHARE / 4), started))
        await self._forwarder.stop(self._left(grace, started))
        await self._tasks.close()
        await self._journal.close()
        if self._desk is not None:
            await self._desk.close()

    def reload(self, config: Config) -> None:
        """Evaluate by another configuration from now on. Raises ConfigurationError and changes nothing then."""
        evaluator = build_evaluator(config, self._clock)
        if self._desk is not None and config.judge.is_used:
            self._desk.reload(config)
        self.pipeline.reconfigure(evaluator)
        self._decider.reconfigure(evaluator and evaluator.unbounded())

    def learn(self, facts: bytes) -> None:
        """Hear what a sibling has learned about traces."""
        self.pipeline.learn(facts)

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
