"""The process that the operator started: it holds the crew, the metrics page, the push of own metrics, and the signals.

Life cycle: `run` starts everything, waits for SIGTERM or SIGINT, drains and returns the exit code. SIGHUP reloads what
can be reloaded; a file with a fault keeps the running configuration. A second signal ends at once; nothing that was
acknowledged is lost by that either.
"""

import asyncio
import logging
import os
import signal
import socket
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from otel_evals import __version__
from otel_evals.app.crew import Alone, Crew
from otel_evals.app.log_counts import count_suppressed
from otel_evals.app.pages import MetricsPage, page_server
from otel_evals.app.places import spool_folder
from otel_evals.app.push import MetricsPush
from otel_evals.app.reload import reloaded
from otel_evals.app.workers import Workers
from otel_evals.config.schema import Config
from otel_evals.lifecycle.garbage import keep_what_is_there
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals.semconv import gen_ai
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.health import Health
from otel_evals.telemetry.logs import configure

_LOG: Final = logging.getLogger(__name__)
_ENDED_AT_ONCE: Final = 130

Reload = Callable[[], Config]
"""Reads the configuration again. Raises ConfigurationError."""
Watch = Callable[["Host"], Coroutine[Any, Any, None]]
"""Something that runs beside the work until the host stops: the live view."""


class Host:
    """Runs the processor until it is told to stop."""

    def __init__(self, config: Config, reload: Reload, *, folder: Path | None = None) -> None:
        """Prepare; nothing is opened before `run`.

        Args:
            config: the whole configuration.
            reload: reads it again.
            folder: of what must survive a crash; None = the one that the addresses of `config` say.
        """
        self.config = config
        self._reload = reload
        self.clock = SystemClock()
        self.health = Health()
        self.stopping = asyncio.Event()
        """Set when the host is told to stop."""
        folder = folder or spool_folder(config)
        make = Alone if config.workers == 1 else Workers
        self.crew: Crew = make(config, folder=folder, health=self.health, clock=self.clock)
        self._tasks = Tasks(self._on_crash)
        configure(config.log, on_suppressed=count_suppressed(self.crew.meters))
        resource = _resource(config, folder)
        self._push = MetricsPush(
            config.metrics.push,
            self.crew.sums,
            resource=resource,
            meters=self.crew.meters,
            clock=self.clock,
            on_crash=self._on_crash,
        )
        page = MetricsPage(self.crew.sums, resource, cache=config.metrics.cache, clock=self.clock)
        self._server = page_server(
            page, self.health, listen=config.metrics.listen, clock=self.clock, on_fault=self._on_crash
        )

    @property
    def metrics_port(self) -> int:
        """The port of the metrics page, known after start; 0 when it is off."""
        return self._server.port

    async def run(self, watch: Watch | None = None) -> int:
        """Work until a signal comes; the exit code.

        Raises:
            ConfigurationError: something cannot be used as configured; the text says what to do.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload_now)
        try:
            await self._server.start()
            await self.crew.start()
            await self._push.start()
        except OSError as error:
            await self._server.stop(0)
            raise ConfigurationError(f"cannot listen: {error}; choose another address or stop who has it") from error
        keep_what_is_there()
        for warning in self.crew.warnings:
            _LOG.warning("%s", warning)
        watching = self._tasks.spawn(watch(self), "live view") if watch is not None else None
        await self.stopping.wait()
        if watching is not None:
            await asyncio.wait([watching])
        await self.crew.stop()
        await self._push.stop()
        await self._server.stop(0.5)
        await self._tasks.close()
        return 0

    def _told_to_stop(self) -> None:
        if self.stopping.is_set():
            self.crew.abort()
            os._exit(_ENDED_AT_ONCE)
        self.stopping.set()

    def _reload_now(self) -> None:
        if self.health.starting or self.stopping.is_set():
            return  # it runs with what it read a moment ago, or not for long
        try:
            config, later = reloaded(self.config, self._reload())
            self.crew.reload(config)
        except ConfigurationError as error:
            self.crew.meters.add(catalogue.CONFIG_RELOADS, 1, "refused")
            _LOG.error("the configuration was not reloaded, the running one stays: %s", error)
            return
        self.config = config
        self.crew.meters.add(catalogue.CONFIG_RELOADS, 1, "applied")
        _LOG.info("configuration reloaded")
        if later:
            _LOG.warning("changed in the file, but in force only after a restart: %s", ", ".join(later))

    def _on_crash(self, task: str, error: BaseException) -> None:
        _LOG.error("unexpected error in %s", task, exc_info=error)


def _resource(config: Config, folder: Path) -> dict[str, str]:
    """Who we are in our own metrics. The instance id stays the same over restarts on one machine."""
    place = f"otel-evals://{socket.gethostname()}{folder.resolve()}"
    return {
        gen_ai.SERVICE_NAME: "otel-evals",
        "service.version": __version__,
        "service.instance.id": str(uuid.uuid5(uuid.NAMESPACE_URL, place)),
        **config.metrics.resource,
    }
