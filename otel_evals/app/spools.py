"""The spool folder of one worker: taken over from whoever held it, completed by what stopped workers left, watched.

`<folder>/held` is the journal of spans that wait for their content, `<folder>/queues/<destination>` a disk queue. Life
cycle: `open_held` before the destinations are opened, `run` as long as the worker works.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from otel_evals.app.places import JUDGE_STORE
from otel_evals.config.schema import Config
from otel_evals.forward.forwarder import Forwarder
from otel_evals.forward.settings import QueueKind
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals.spool.journal import Journal
from otel_evals.spool.judge_store import JudgeStore
from otel_evals.spool.lock import is_locked
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_LOG: Final = logging.getLogger(__name__)
_LOCK_PATIENCE: Final = 8.0
"""Seconds that a start waits for a process that holds the folder and is about to end."""
_LOOK: Final = 0.1
_WATCH: Final = 1.0
_RETRY_PAUSE: Final = 5.0
_HELD: Final = "held"

OnFull = Callable[[list[str]], None]
"""Told which spools are full whenever that changes."""


class Spools:
    """All journals of one worker."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        *,
        orphans: Sequence[Path],
        meters: Meters,
        clock: Clock,
        on_full: OnFull,
    ) -> None:
        """Prepare; nothing is opened.

        Args:
            config: the whole configuration.
            folder: the worker's own.
            orphans: folders of workers that no longer exist, to be taken over.
            meters: counts damage, shows sizes.
            clock: time.
            on_full: told which spools are full.
        """
        self.queues = folder / "queues"
        """Where the destinations' disk queues live."""
        self._config = config
        self._folder = folder
        self._orphans = tuple(orphans)
        self._meters = meters
        self._clock = clock
        self._on_full = on_full
        self._journals: dict[str, Journal] = {}
        self._damaged: dict[str, int] = {}
        self._full: list[str] = []

    async def open_held(self) -> Journal:
        """The journal of held spans, with those of the orphans. Raises ConfigurationError."""
        await self._wait_for_predecessors()
        journal = await Journal.open(self._folder / _HELD, max_bytes=self._config.join.max_disk)
        for orphan in self._orphans:
            if (orphan / _HELD).is_dir():
                try:
                    adopted = await journal.adopt(orphan / _HELD)
                except (ConfigurationError, Unavailable) as error:
                    _LOG.warning("held spans of a former worker stay in %s until the next start: %s", orphan, error)
                else:
                    _LOG.info("took over %d held spans of a former worker", adopted)
        self._journals[_HELD] = journal
        return journal

    async def open_judge_store(self) -> JudgeStore:
        """The judge store, common to all workers, with what the orphans left in it. Raises ConfigurationError."""
        orphans = [orphan.name for orphan in self._orphans]
        return await JudgeStore.open(self._folder.parent / JUDGE_STORE, self._folder.name, orphans)

    def unclaimed(self) -> list[str]:
        """A sentence for each disk queue that holds requests which no configured destination would ever send."""
        claimed = {d.label for d in self._config.forward if d.queue is QueueKind.DISK}
        return [
            f"{path} holds requests for a destination that is not configured with `queue: disk` any more: "
            "they are not sent before it is"
            for folder in (self._folder, *self._orphans)
            for path in sorted((folder / "queues").glob("*"))
            if path.name not in claimed and any(path.glob("*.journal"))
        ]

    def strangers(self) -> list[str]:
        """A sentence for each folder with spans of a processor on other ports that does not run, if this is worker 0.

        It may be about to start again, so what it holds is not ours to send.
        """
        own = self._folder.parent
        if self._folder.name != "0":
            return []
        journals = [path.parent for path in own.parent.glob("*/*/**/*.journal") if own not in path.parents]
        idle = {place.relative_to(own.parent).parts[0] for place in journals if not is_locked(place)}
        return [
            f"{own.parent / name} holds requests of a processor on other ports that does not run: "
            "they are not sent before one starts with those ports and this data folder"
            for name in sorted(idle)
        ]

    async def run(self, forwarder: Forwarder) -> None:
        """Take over the disk queues of the orphans, watch all journals and hear commands until cancelled."""
        for destination in self._config.forward:
            if destination.queue is QueueKind.DISK:
                self._journals[destination.label] = forwarder.disk_queue(destination.label).journal
        self._meters.watch(catalogue.SPOOL_SIZE, lambda: {(n,): float(j.bytes_used) for n, j in self._journals.items()})
        orphans, due, resend_due = list(self._orphans), 0.0, 0.0
        while True:
            if orphans and self._clock.monotonic() >= due:
                if await self._adopt(forwarder, orphans[0]):
                    orphans.pop(0)
                else:
                    due = self._clock.monotonic() + _RETRY_PAUSE
            if self._clock.monotonic() >= resend_due and not await self._resend(forwarder):
                resend_due = self._clock.monotonic() + _RETRY_PAUSE
            self._look()
            await asyncio.sleep(_WATCH)

    async def _wait_for_predecessors(self) -> None:
        """Whoever held these folders before may still be on its way out."""
        started = self._clock.monotonic()
        labels = [d.label for d in self._config.forward]
        places = [
            place
            for folder in (self._folder, *self._orphans)
            for place in (folder / _HELD, *(folder / "queues" / label for label in labels))
        ]
        # The lock belongs to another process, which tells nobody when it ends.
        while any(map(is_locked, places)) and self._clock.monotonic() - started < _LOCK_PATIENCE:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK)

    async def _adopt(self, forwarder: Forwarder, orphan: Path) -> bool:
        """Take over the disk queues of `orphan`; False when one of ours is full and the rest has to wait."""
        try:
            adopted = await forwarder.adopt(orphan / "queues")
        except Unavailable:
            return False
        except ConfigurationError as error:
            _LOG.warning("the queues of a former worker stay in %s until the next start: %s", orphan, error)
            return True
        if adopted:
            _LOG.info("took over %d queued requests of a former worker", adopted)
        return True

    async def _resend(self, forwarder: Forwarder) -> bool:
        """Carry out commands to send dead letters again; False when one has to wait."""
        done = True
        for name in self._journals.keys() - {_HELD}:
            try:
                sent = await forwarder.disk_queue(name).resend_if_asked()
            except (Unavailable, OSError) as error:
                _LOG.warning("destination %s: what was set aside cannot be queued again yet: %s", name, error)
                done = False
            else:
                if sent is not None:
                    _LOG.info("destination %s: queued %d requests again that had been set aside", name, sent)
        return done

    def _look(self) -> None:
        for name, journal in self._journals.items():
            self._meters.add(catalogue.SPOOL_DAMAGED, journal.damaged - self._damaged.get(name, 0), name)
            self._damaged[name] = journal.damaged
        # Without room for held spans they pass at once: that keeps nobody away.
        full = [name for name, journal in self._journals.items() if journal.is_full and name != _HELD]
        if full != self._full:
            self._full = full
            self._on_full(full)
