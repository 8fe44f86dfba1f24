"""Everything that is shown, in one place: what stays (addresses) and what moves (figures, rates, failures, log lines).

`refresh` is called a few times a second with the sums; screen, lines and summary read the board and change nothing.
"""

from collections.abc import Iterable

import msgspec

from otel_evals.records.clock import Clock
from otel_evals.telemetry.snapshot import Snapshot
from otel_evals.view.failures import LatestFailures
from otel_evals.view.figures import Figures, figures
from otel_evals.view.judge_troubles import JudgeTroubles
from otel_evals.view.pace import Rate


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the processor is; None = switched off."""

    grpc: str | None
    http: str | None
    metrics: str | None
    """URL of the page; `/healthz` and `/readyz` stand beside it."""
    pages: str | None = None
    """URL of the backend's pages, when one runs beside."""

    @property
    def health(self) -> str | None:
        """URL that says whether traffic is welcome."""
        return None if self.metrics is None else self.metrics.replace("/metrics", "/readyz")


class ShownJudge(msgspec.Struct, frozen=True, kw_only=True):
    """A judge as configured."""

    id: str
    shadow: bool = False


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """What one budget has spent in its present period."""

    judge: str
    """Empty: all judges together."""
    period: str
    """`today` or `this hour`."""
    unit: str
    """`USD` or `tokens`."""
    used: float
    limit: float


class Judging(msgspec.Struct, frozen=True, kw_only=True):
    """The judges and their budgets; no judges: nothing of them is shown."""

    judges: tuple[ShownJudge, ...] = ()
    label: str = ""
    """Who judges, in a few words."""
    spendings: tuple[Spending, ...] = ()
    throttle: float = 1.0
    """Factor by which rates of sampling are lowered so that the budget lasts."""
    ledger: str = ""
    """The command that prints what became of every span."""


class Board:
    """What the operator sees."""

    def __init__(
        self,
        *,
        demo: bool,
        workers: int,
        destinations: Iterable[str],
        failures: LatestFailures,
        clock: Clock,
        judging: Judging | None = None,
    ) -> None:
        """Prepare an empty board.

        Args:
            demo: whether the traffic is made up.
            workers: processes; with more than one the latest failures are not known here.
            destinations: names of the configured ones.
            failures: who watches the spans of this process.
            clock: time.
            judging: the judges as configured.
        """
        self.judging = judging or Judging()
        self.troubles = JudgeTroubles()
        """Who watches the judgements of this process."""
        self.demo = demo
        self.workers = workers
        self.destinations = tuple(destinations)
        self.failures = failures
        self.log_lines: list[str] = []
        """The last lines that were held back from the terminal, oldest first."""
        self.addresses = Addresses(grpc=None, http=None, metrics=None)
        self.figures = Figures(spans={}, waiting=0, bands={}, checks=[], slices=[], destinations=[], crashes=0)
        self.spans, self.evaluations = Rate(), Rate()
        self._clock = clock
        self._started = clock.monotonic()

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return self._clock.monotonic() - self._started

    def refresh(self, snapshot: Snapshot) -> None:
        """Take in the sums as they stand."""
        self.figures = figures(snapshot)
        now = self._clock.monotonic()
        self.spans.read(now, self.figures.received)
        self.evaluations.read(now, self.figures.evaluations)
