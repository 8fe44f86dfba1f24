"""One of several worker processes: a processor that shares its ports with its siblings and hands its sums to the host.

Messages travel over a pipe. The host says `collect`, `reload` and `stop`; the worker says `ready`, `failed` and `sums`.
A closed pipe means that the host is gone: the worker drains and ends too.
"""

import asyncio
import logging
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from otel_evals.app.crew import new_meters
from otel_evals.app.processor import Processor
from otel_evals.config.schema import Config
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals.telemetry.logs import configure

_LOG: Final = logging.getLogger(__name__)
_PUSH_INTERVAL: Final = 1.0
"""Seconds between two deliveries of sums: what a killed worker counted since is lost to the page."""


def run_worker(config: Config, index: int, folder: Path, pipe: "Connection[Any, Any]") -> None:
    """Entry point of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the host decides
    configure(config.log)
    asyncio.run(_Worker(config, index, folder, pipe).run())


class _Worker:
    def __init__(self, config: Config, index: int, folder: Path, pipe: "Connection[Any, Any]") -> None:
        self._clock = SystemClock()
        self._meters = new_meters(config, self._clock)
        self._processor = Processor(
            config, meters=self._meters, folder=folder / str(index), clock=self._clock, reuse_port=True
        )
        self._folder = folder
        self._pipe = pipe
        self._stop = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        try:
            await self._processor.start()
        except (ConfigurationError, OSError) as error:
            self._pipe.send(("failed", str(error)))
            return
        loop.add_reader(self._pipe.fileno(), self._receive)
        self._pipe.send(("ready", self._processor.warnings))
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(_PUSH_INTERVAL):
                    await self._stop.wait()
            except TimeoutError:
                self._send_sums(None)
        loop.remove_reader(self._pipe.fileno())
        await self._processor.stop()
        self._send_sums(None)

    def _receive(self) -> None:
        try:
            while self._pipe.poll():
                self._obey(*self._pipe.recv())
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            self._stop.set()

    def _obey(self, verb: str, argument: Any) -> None:
        if verb == "collect":
            self._send_sums(argument)
        elif verb == "reload":
            self._processor.reload(argument)
        elif verb == "stop":
            self._stop.set()

    def _send_sums(self, request: int | None) -> None:
        try:
            self._pipe.send(("sums", (request, self._meters.deltas())))
        except OSError:
            self._stop.set()
