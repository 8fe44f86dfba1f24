"""Several worker processes behind one address, and the sum of what they count.

Workers are spawned, never forked (gRPC does not survive a fork). Each listens on the same ports (`SO_REUSEPORT`) and
has a folder of its own; one that dies is started again with the same folder, so that what it had on disk goes on.
"""

import asyncio
import logging
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from otel_evals.app.crew import new_meters
from otel_evals.app.evaluator import build_evaluator
from otel_evals.app.worker import run_worker
from otel_evals.config.schema import Config
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.health import Health
from otel_evals.telemetry.snapshot import Snapshot

_LOG: Final = logging.getLogger(__name__)
_COLLECT_TIMEOUT: Final = 1.0
_RESTART_PAUSE: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
_HEALTHY_AFTER: Final = 30.0


class _Post:
    """One worker's place: the process that holds it now, and its pipe."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.process: BaseProcess | None = None
        self.pipe: Connection[Any, Any] | None = None
        self.ready = asyncio.Event()
        self.failure: str | None = None
        self.deaths = 0
        self.started = 0.0

    @property
    def name(self) -> str:
        return f"worker {self.index}"


class Workers:
    """The crew of `workers` processes."""

    def __init__(self, config: Config, *, folder: Path, health: Health, clock: Clock) -> None:
        self._config = config
        self._folder = folder
        self._health = health
        self._clock = clock
        self.meters = new_meters(config, clock)
        self.warnings: list[str] = []
        self._missing = health.condition("worker down")
        self._posts = [_Post(index) for index in range(config.workers)]
        self._spawn = multiprocessing.get_context("spawn")
        self._tasks = Tasks(lambda name, error: _LOG.error("unexpected error in %s", name, exc_info=error))
        self._collecting: dict[int, set[int]] = {}
        self._collected = asyncio.Event()
        self._requests = 0
        self._stopping = False

    async def start(self) -> None:
        """Start all workers and wait until each takes traffic. Raises ConfigurationError when one cannot."""
        build_evaluator(self._config)  # a fault of the configuration is said once, not by every worker
        for post in self._posts:
            self._launch(post)
        await asyncio.gather(*(post.ready.wait() for post in self._posts))
        failure = next((post.failure for post in self._posts if post.failure is not None), None)
        if failure is not None:
            await self.stop()
            raise ConfigurationError(failure)
        for post in self._posts:
            self._tasks.spawn(self._guard(post), post.name)
        self._health.starting.clear()

    def _launch(self, post: _Post) -> None:
        ours, theirs = self._spawn.Pipe()
        post.ready.clear()
        post.process = self._spawn.Process(
            target=run_worker, args=(self._config, post.index, self._folder, theirs), name=post.name
        )
        post.process.start()
        theirs.close()
        post.pipe = ours
        post.started = self._clock.monotonic()
        asyncio.get_running_loop().add_reader(ours.fileno(), self._receive, post, ours)

    def _receive(self, post: _Post, pipe: "Connection[Any, Any]") -> None:
        try:
            while pipe.poll():
                self._hear(post, *pipe.recv())
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(pipe.fileno())
            pipe.close()
            if post.pipe is pipe:
                post.pipe = None
                self._answered(post)
            if not post.ready.is_set():
                post.failure = post.failure or f"{post.name} ended while it started; its log lines say why"
                post.ready.set()

    def _hear(self, post: _Post, verb: str, argument: Any) -> None:
        if verb == "ready":
            self.warnings[:] = list(dict.fromkeys([*self.warnings, *argument]))
            post.ready.set()
        elif verb == "failed":
            post.failure = argument
            post.ready.set()
        elif verb == "sums":
            request, delta = argument
            self.meters.merge(delta, source=post.name)
            if request is not None:
                self._answered(post, request)

    async def _guard(self, post: _Post) -> None:
        """Start the worker again whenever it dies."""
        while True:
            await self._ended(post)
            if self._stopping:
                return
            self._missing.raise_(post.name)
            self.meters.add(catalogue.WORKER_RESTARTS, 1)
            self.meters.forget(post.name)
            lived = self._clock.monotonic() - post.started
            post.deaths = 0 if lived > _HEALTHY_AFTER else post.deaths + 1
            _LOG.error("%s died after %.1f s and is started again", post.name, lived)
            await asyncio.sleep(_RESTART_PAUSE[min(post.deaths, len(_RESTART_PAUSE) - 1)])
            self._launch(post)
            await post.ready.wait()
            if all(p.ready.is_set() for p in self._posts):
                self._missing.clear()

    async def _ended(self, post: _Post) -> None:
        process = post.process
        if process is None or process.exitcode is not None:
            return
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(process.sentinel)
        await asyncio.to_thread(process.join)

    async def sums(self) -> Snapshot:
        """Ask every worker for what it has counted, and add it up; one that does not answer in time is left out."""
        self._requests += 1
        request = self._requests
        waiting = {p.index for p in self._posts if p.pipe is not None and p.ready.is_set()}
        self._collecting[request] = waiting
        for post in self._posts:
            if post.index in waiting:
                self._tell(post, "collect", request)
        deadline = self._clock.monotonic() + _COLLECT_TIMEOUT
        while waiting and (left := deadline - self._clock.monotonic()) > 0:
            self._collected.clear()
            try:
                async with asyncio.timeout(left):
                    await self._collected.wait()
            except TimeoutError:
                break
        del self._collecting[request]
        return self.meters.snapshot()

    def _answered(self, post: _Post, request: int | None = None) -> None:
        for number, waiting in self._collecting.items():
            if request is None or number == request:
                waiting.discard(post.index)
        self._collected.set()

    def _tell(self, post: _Post, verb: str, argument: Any) -> None:
        if post.pipe is None:
            return
        try:
            post.pipe.send((verb, argument))
        except OSError:
            self._answered(post)

    def reload(self, config: Config) -> None:
        """Let every worker evaluate by another configuration."""
        build_evaluator(config)
        self._config = config
        for post in self._posts:
            self._tell(post, "reload", config)

    async def stop(self) -> None:
        """Let every worker drain; who has not ended after the grace is ended."""
        self._stopping = True
        self._health.draining.raise_()
        for post in self._posts:
            self._tell(post, "stop", None)
        grace = float(self._config.shutdown.grace)
        alive = [p.process for p in self._posts if p.process is not None and p.process.is_alive()]
        await asyncio.gather(*(asyncio.to_thread(process.join, grace + 2) for process in alive))
        for process in alive:
            if process.is_alive():
                process.kill()
        await self._tasks.close()
        for post in self._posts:
            if post.pipe is not None:
                self._receive(post, post.pipe)
