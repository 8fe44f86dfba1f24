"""`otel-evals up`: the product on one machine, with a view of what happens, and made-up traffic when asked for.

Life cycle: the host starts; beside it the view runs until a signal comes; then the traffic is stopped first, the host
drains, and a summary is printed.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Final

from rich.console import Console

from otel_evals.app.beside import Beside
from otel_evals.app.crew import Alone
from otel_evals.app.demo_judges import Arranged
from otel_evals.app.doors import addresses
from otel_evals.app.host import Host
from otel_evals.app.places import spool_folder
from otel_evals.app.spending import SpendingReader
from otel_evals.config.schema import Config
from otel_evals.config.terminal import wants_plain_lines
from otel_evals.demo.sender import Target, Traffic
from otel_evals.receive.address import parse_listen
from otel_evals.records.errors import ConfigurationError
from otel_evals.telemetry.snapshot import Snapshot
from otel_evals.view.board import Board
from otel_evals.view.failures import LatestFailures
from otel_evals.view.lines import PlainLines
from otel_evals.view.live import LiveScreen, watch
from otel_evals.view.summary import summary

Reload = Callable[[], Config]
_LOG: Final = logging.getLogger(__name__)
_TIME_TO_READ: Final = 4.0
"""Seconds between the word that a real endpoint is asked and the first call, where somebody may be looking."""


class Up:
    """One run."""

    def __init__(self, config: Config, *, demo: Arranged | None, reload: Reload, beside: Beside) -> None:
        """Prepare; nothing is opened before `run`.

        Args:
            config: as it was read.
            demo: made-up traffic with these judges; None waits for real traffic.
            reload: reads the configuration again.
            beside: the backend that runs beside, if any.
        """
        self._demo = demo
        self._beside = beside
        if demo is not None:
            check_demo(config)

        def arranged(config: Config) -> Config:
            config = beside.apply(config)
            return demo.apply(config) if demo is not None else config

        # Where the system chooses ports, one may be fixed for the backend to know: the folder does not move with it.
        placed = demo.apply(config) if demo is not None else config
        config = arranged(config)
        self._host = Host(config, lambda: arranged(reload()), folder=spool_folder(placed))
        label = demo.judges.label if demo is not None and demo.judges is not None else ""
        self._spending = SpendingReader(placed, label, self._host.clock)
        failures = LatestFailures()
        self._board = Board(
            demo=demo is not None,
            workers=config.workers,
            destinations=[destination.label for destination in config.forward],
            failures=failures,
            clock=self._host.clock,
            judging=self._spending.shown,
        )
        if isinstance(self._host.crew, Alone):
            self._host.crew.processor.on_evaluated = failures.observe
            self._host.crew.processor.on_judged = self._board.troubles.observe
        self._console = Console(file=sys.stdout, highlight=False, force_terminal=False if wants_plain_lines() else None)

    async def run(self) -> int:
        """Work until a signal comes; the exit code. Raises ConfigurationError when it cannot start."""
        await self._announce()
        code = await self._host.run(self._watch)
        companion = self._beside.companion
        if companion is not None and companion.problem is not None:
            raise companion.problem
        self._board.refresh(await self._sums())
        with suppress(OSError):  # there may be nobody left to read it
            self._print_summary()
        return code

    async def _announce(self) -> None:
        """Say who judges before anything is sent, also of what a former run left."""
        if self._beside.notice:
            self._write_line(self._beside.notice)
        if self._demo is None or not self._demo.notice:
            return
        for line in self._demo.notice:
            self._write_line(line)
        if self._demo.sends_away and self._console.is_terminal:
            self._write_line(f"starting in {_TIME_TO_READ:.0f} seconds; Ctrl-C ends")
            await asyncio.sleep(_TIME_TO_READ)

    async def _sums(self) -> Snapshot:
        self._board.judging = await self._spending.refresh()
        return await self._host.crew.sums()

    async def _watch(self, host: Host) -> None:
        if self._beside.companion is not None:
            self._beside.companion.on_problem(host.stopping.set)
        board, view = self._board, self._view()
        board.addresses = addresses(host, self._beside.pages)
        target = demo_target(host.config, board.addresses.http or "", self._beside.feedback)
        traffic = Traffic(target) if self._board.demo else None
        try:
            with view if isinstance(view, LiveScreen) else nullcontext():
                if traffic is not None:
                    traffic.start()
                await watch(board, view, self._sums, stopping=host.stopping, clock=host.clock)
        except OSError as error:
            _LOG.warning("the terminal has gone: %s", error.strerror)
            host.stopping.set()
        finally:
            if traffic is not None:
                await asyncio.to_thread(traffic.stop)

    def _view(self) -> LiveScreen | PlainLines:
        if sys.stdout.isatty():
            # A closed window sends it: `up` ends with its terminal, where a service would read its configuration anew.
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._host.stopping.set)
        if self._console.is_terminal:
            return LiveScreen(self._board, self._console)
        return PlainLines(self._board, self._write_line)

    def _write_line(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _print_summary(self) -> None:
        for line in summary(self._board):
            self._console.print(line, soft_wrap=True)
        for line in self._board.log_lines:
            sys.stderr.write(f"{line}\n")


def check_demo(config: Config) -> None:
    """Raises ConfigurationError when made-up traffic could not reach the processor."""
    http = config.receive.http
    if http.listen is None:
        raise ConfigurationError("--demo sends to the OTLP/HTTP port, which is off: set receive.http.listen")
    if http.tls is not None and http.tls.client_ca_file is not None:
        raise ConfigurationError("--demo has no client certificate to show: leave receive.http.tls.client_ca_file out")
    if config.workers > 1 and parse_listen(http.listen)[1] == 0:
        raise ConfigurationError("several workers share a port: give --http one, such as 127.0.0.1:4318")


def demo_target(config: Config, endpoint: str, feedback: str | None) -> Target:
    """Where the made-up traffic goes: this very processor, with a credential that it accepts."""
    auth, tls = config.receive.auth, config.receive.http.tls
    headers: dict[str, str] = {}
    if auth.bearer_tokens:
        headers["authorization"] = f"Bearer {auth.bearer_tokens[0].reveal()}"
    elif auth.headers:
        name, secret = next(iter(auth.headers.items()))
        headers[name] = secret.reveal()
    return Target(
        endpoint=endpoint,
        headers=headers,
        certificate_file=tls.cert_file if tls is not None else None,
        feedback=feedback,
    )
