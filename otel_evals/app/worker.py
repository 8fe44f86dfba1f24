"""One of several worker processes: a processor that shares its ports with its siblings and hands its sums to the host.

The host says `collect`, `reload`, `facts` and `stop`; the worker says `ready`, `failed`, `sums`, `facts` and `full`.
When the line is cut the host is gone, and with it who would start this process again: it ends at once, so that the
next run finds ports and spool free. Nothing is lost by that: what was acknowledged is on disk or with the next hop.
"""

import asyncio
import logging
import os
import signal
import socket
from pathlib import Path
from typing import Any, Final

import msgspec

from otel_evals.app.crew import new_meters
from otel_evals.app.link import Link
from otel_evals.app.log_counts import count_suppressed
from otel_evals.app.processor import Processor
from otel_evals.config.schema import Config
from otel_evals.lifecycle.garbage import keep_what_is_there
from otel_evals.lifecycle.waiting import happens
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals.telemetry.logs import configure

_LOG: Final = logging.getLogger(__name__)
_SUMS_INTERVAL: Final = 1.0
"""Seconds between two deliveries of sums: what a killed worker counted since is lost to the page."""
_ORPHANED: Final = 3


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told at its start."""

    config: Config
    folder: Path
    """Its own; nobody else writes there while it lives."""
    orphans: tuple[Path, ...] = ()
    """Folders of workers that are no more, to be taken over."""
    is_first: bool = True
    """Whether nobody held this place before in this run."""


def run_worker(place: Place, end: socket.socket) -> None:
    """Entry point of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the host decides
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the same for a terminal that closes, and for reloads
    asyncio.run(_run(place, end))


async def _run(place: Place, end: socket.socket) -> None:
    await _Worker(place).run(end)


class _Worker:
    def __init__(self, place: Place) -> None:
        self._clock = SystemClock()
        self._meters = new_meters(place.config, self._clock)
        configure(place.config.log, on_suppressed=count_suppressed(self._meters))
        self._processor = Processor(
            place.config,
            meters=self._meters,
            folder=place.folder,
            orphans=place.orphans,
            clock=self._clock,
            reuse_port=True,
            is_first=place.is_first,
            on_full=lambda names: self._link.send("full", names),
            publish=lambda facts: self._link.offer("facts", facts),
        )
        self._link: Link
        self._stop = asyncio.Event()
        self._ending = False

    async def run(self, end: socket.socket) -> None:
        self._link = await Link.open(end, self._obey, self._on_lost)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stop.set)
        try:
            await self._processor.start()
        except (ConfigurationError, OSError) as error:
            self._link.send("failed", str(error))
        else:
            keep_what_is_there()
            self._link.send("ready", self._processor.warnings)
            await self._work()
        self._ending = True
        await self._link.close()

    async def _work(self) -> None:
        while not self._stop.is_set():
            if not await happens(self._stop, _SUMS_INTERVAL) and not self._link.is_crowded:
                self._send_sums(None)
        await self._processor.stop()
        self._send_sums(None)

    def _on_lost(self) -> None:
        if not self._ending:
            _LOG.error("the host is gone: this worker ends too")
            os._exit(_ORPHANED)

    def _obey(self, verb: str, argument: Any) -> None:
        if verb == "collect":
            self._send_sums(argument)
        elif verb == "facts":
            self._processor.learn(argument)
        elif verb == "reload":
            self._processor.reload(argument)
        elif verb == "stop":
            self._stop.set()

    def _send_sums(self, request: int | None) -> None:
        self._link.send("sums", (request, self._meters.deltas()))
