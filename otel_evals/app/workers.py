"""Several worker processes behind one address, and the sum of what they count.

Workers are spawned, never forked (gRPC does not survive a fork). Each listens on the same ports (`SO_REUSEPORT`) and
has a folder of its own; one that dies is started again with the same folder, so that what it had on disk goes on. What
one learns about a trace that others may need is passed on to them.
"""

import asyncio
import functools
import logging
import multiprocessing
import socket
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from otel_evals.app.crew import new_meters, orphaned
from otel_evals.app.evaluator import build_evaluator
from otel_evals.app.link import Link
from otel_evals.app.worker import Place, run_worker
from otel_evals.config.schema import Config
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.lifecycle.waiting import happens
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.health import Health
from otel_evals.telemetry.snapshot import Snapshot

_LOG: Final = logging.getLogger(__name__)
_COLLECT_TIMEOUT: Final = 1.0
_RESTART_PAUSE: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
_HEALTHY_AFTER: Final = 30.0
_LAST_WORDS: Final = 2.0
"""Seconds that a worker gets beyond the grace, and its last sums to be read once it has ended."""


class _Post:
    """One worker's place: the process that holds it now, and the line to it."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.process: BaseProcess | None = None
        self.link: Link | None = None
        self.ready = asyncio.Event()
        """Set when the process takes traffic or has failed to."""
        self.ended = asyncio.Event()
        self.failure: str | None = None
        self.deaths = 0
        self.started = 0.0

    @property
    def name(self) -> str:
        return f"worker {self.index}"

    @property
    def is_up(self) -> bool:
        return self.ready.is_set() and self.failure is None and not self.ended.is_set()


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
        self._full = health.condition("spool full")
        self._full_names: dict[str, list[str]] = {}
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
            await self._launch(post)
        await asyncio.gather(*(post.ready.wait() for post in self._posts))
        failure = next((post.failure for post in self._posts if post.failure is not None), None)
        if failure is not None:
            await self.stop()
            raise ConfigurationError(failure)
        for post in self._posts:
            self._tasks.spawn(self._guard(post), post.name)
        self._health.starting.clear()

    # Processes

    async def _launch(self, post: _Post) -> None:
        post.ready.clear()
        post.ended.clear()
        post.failure = None
        ours, theirs = socket.socketpair()
        with theirs:
            place = Place(
                config=self._config,
                folder=self._folder / str(post.index),
                orphans=orphaned(self._folder, len(self._posts)) if post.index == 0 else (),
                is_first=post.process is None,
            )
            process = self._spawn.Process(target=run_worker, args=(place, theirs), name=post.name)
            process.start()
        post.process = process
        post.started = self._clock.monotonic()
        asyncio.get_running_loop().add_reader(process.sentinel, self._on_end, post, process)
        post.link = await Link.open(ours, functools.partial(self._hear, post), functools.partial(self._on_cut, post))

    def _on_end(self, post: _Post, process: BaseProcess) -> None:
        asyncio.get_running_loop().remove_reader(process.sentinel)
        process.join()  # it has ended: this only collects it
        post.ended.set()

    def _on_cut(self, post: _Post) -> None:
        self._answered(post)
        if not post.ready.is_set():
            post.failure = f"{post.name} ended while it started; its log lines say why"
            post.ready.set()

    async def _guard(self, post: _Post) -> None:
        """Start the worker again whenever it dies."""
        while True:
            await self._gone(post)
            if self._stopping:
                return
            lived = self._clock.monotonic() - post.started
            self._note_death(post, lived)
            await asyncio.sleep(_RESTART_PAUSE[min(post.deaths, len(_RESTART_PAUSE) - 1)])
            if self._stopping:
                return
            await self._launch(post)
            await post.ready.wait()
            if all(p.is_up for p in self._posts):
                self._missing.clear()

    def _note_death(self, post: _Post, lived: float) -> None:
        self._missing.raise_(post.name)
        self.meters.add(catalogue.WORKER_RESTARTS, 1)
        self.meters.forget(post.name)
        self._note_full(post, [])
        _LOG.error("%s died after %.1f s and is started again %s", post.name, lived, post.failure or "")
        post.deaths = 0 if lived > _HEALTHY_AFTER else post.deaths + 1

    async def _gone(self, post: _Post) -> None:
        """Return when the process has ended and its last words are read."""
        await post.ended.wait()
        if post.link is not None:
            await post.link.ended.wait()

    # Messages

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
        elif verb == "facts":
            for other in self._posts:
                if other is not post and other.link is not None and other.is_up:
                    other.link.offer("facts", argument)
        elif verb == "full":
            self._note_full(post, argument)

    def _note_full(self, post: _Post, names: list[str]) -> None:
        self._full_names[post.name] = names
        found = [f"{name} of {where}" for where, full in self._full_names.items() for name in full]
        if found:
            self._full.raise_(", ".join(found))
        else:
            self._full.clear()

    async def sums(self) -> Snapshot:
        """Ask every worker for what it has counted, and add it up; one that does not answer in time is left out."""
        self._requests += 1
        request = self._requests
        waiting: set[int] = set()
        self._collecting[request] = waiting
        for post in self._posts:
            if post.is_up and post.link is not None and post.link.offer("collect", request):
                waiting.add(post.index)
        deadline = self._clock.monotonic() + _COLLECT_TIMEOUT
        while waiting and (left := deadline - self._clock.monotonic()) > 0:
            self._collected.clear()
            if not await happens(self._collected, left):
                break
        del self._collecting[request]
        return self.meters.snapshot()

    def _answered(self, post: _Post, request: int | None = None) -> None:
        for number, waiting in self._collecting.items():
            if request is None or number == request:
                waiting.discard(post.index)
        self._collected.set()

    def reload(self, config: Config) -> None:
        """Let every worker evaluate by another configuration, also those that are started later."""
        build_evaluator(config)
        if config.judge.is_used:
            from otel_evals.app.judges import check_judges  # noqa: PLC0415 - imports a client, which takes a second

            check_judges(config, clock=self._clock)
        self._config = config
        for post in self._posts:
            if post.link is not None:
                post.link.send("reload", config)

    # The end

    async def stop(self) -> None:
        """Let every worker drain; who has not ended after the grace is ended."""
        self._stopping = True
        self._health.draining.raise_()
        for post in self._posts:
            if post.link is not None:
                post.link.send("stop")
        grace = float(self._config.shutdown.grace) + _LAST_WORDS
        started = [self._tasks.spawn(self._gone(p), f"end of {p.name}") for p in self._posts if p.process is not None]
        if started:
            _, late = await asyncio.wait(started, timeout=grace)
            if late:
                self.abort()
                await asyncio.wait(late, timeout=_LAST_WORDS)
        await self._tasks.close()

    def abort(self) -> None:
        """End every worker at once."""
        self._stopping = True
        for post in self._posts:
            if post.process is not None and post.process.is_alive():
                post.process.kill()
