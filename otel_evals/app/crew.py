"""The processes that do the work, seen from the one that answers for them: one process alone, or workers.

A `Crew` starts and stops the work, gives the sums over all of it, and applies a reloaded configuration. `Alone` runs
the processor in this process; `Workers` spawns processes, restarts those that die and adds up what they count.
"""

from pathlib import Path
from typing import Protocol

from otel_evals.app.processor import Processor
from otel_evals.config.schema import Config
from otel_evals.records.clock import Clock
from otel_evals.telemetry.health import Health
from otel_evals.telemetry.meters import Meters
from otel_evals.telemetry.snapshot import Snapshot


class Crew(Protocol):
    """What the host asks of its processes."""

    warnings: list[str]
    meters: Meters
    """The sums over all processes, and what the host itself counts."""

    async def start(self) -> None:
        """Return when traffic is welcome. Raises ConfigurationError or OSError."""
        ...

    async def stop(self) -> None:
        """Drain within the configured grace."""
        ...

    async def sums(self) -> Snapshot:
        """What was counted by all processes since the host started."""
        ...

    def reload(self, config: Config) -> None:
        """Evaluate by another configuration. Raises ConfigurationError and changes nothing then."""
        ...

    def abort(self) -> None:
        """End every other process at once, before this one ends itself."""
        ...


class Alone:
    """The processor in this very process."""

    def __init__(self, config: Config, *, folder: Path, health: Health, clock: Clock) -> None:
        self.meters = new_meters(config, clock)
        self._full = health.condition("spool full")
        self._processor = Processor(
            config,
            meters=self.meters,
            folder=folder / "0",
            orphans=orphaned(folder, 1),
            clock=clock,
            on_full=self._note_full,
        )
        self._health = health
        self.warnings = self._processor.warnings

    @property
    def processor(self) -> Processor:
        """The processor itself, for who watches its spans."""
        return self._processor

    async def start(self) -> None:
        """Open spool, destinations and doors."""
        await self._processor.start()
        self._health.starting.clear()

    async def stop(self) -> None:
        """Drain."""
        self._health.draining.raise_()
        await self._processor.stop()

    async def sums(self) -> Snapshot:
        """The sums of this process."""
        return self.meters.snapshot()

    def reload(self, config: Config) -> None:
        """Evaluate by another configuration."""
        self._processor.reload(config)

    def abort(self) -> None:
        """There is no other process."""

    def _note_full(self, names: list[str]) -> None:
        if names:
            self._full.raise_(", ".join(names))
        else:
            self._full.clear()


def orphaned(folder: Path, workers: int) -> tuple[Path, ...]:
    """Spool folders below `folder` of workers that the present number of them leaves without an owner."""
    if not folder.is_dir():
        return ()
    return tuple(
        sorted(p for p in folder.iterdir() if p.name.isascii() and p.name.isdigit() and int(p.name) >= workers)
    )


def new_meters(config: Config, clock: Clock) -> Meters:
    """Meters with the configured slice keys and caps."""
    return Meters(
        extra_keys=tuple(key.key for key in config.slices.extra),
        max_values=config.metrics.max_values,
        max_slices=config.metrics.max_slices,
        clock=clock,
    )
