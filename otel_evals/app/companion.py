"""The backend beside a processor: a process of its own, found by its entry point, started first and stopped last.

Life cycle: `begin` starts it while the processor opens its doors, whose copy for it waits on disk; one that cannot
start is a `problem`. It is started again, on the same address, whenever it dies; `stop` ends it after the processor has
drained, so that the last results arrive. It holds our pipe as its standard
input and ends with us, however we end. What it writes to standard error is told line by line through `tell`, never
into the middle of a view.
"""

import asyncio
import logging
import re
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from typing import Final

from otel_evals.lifecycle.tasks import Tasks
from otel_evals.plugins.verb import VERBS_GROUP
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError

_LOG: Final = logging.getLogger(__name__)
_VERB: Final = "backend"
_ADDRESS: Final = re.compile(r"https?://\S+")
_RESTART_PAUSE: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_HEALTHY_AFTER: Final = 30.0
_LINE: Final = 1 << 16
_PROGRAM: Final = "otel-evals: "

Tell = Callable[[str], None]
"""Told a line of the companion, without its end."""


def is_installed() -> bool:
    """Whether there is a backend to start."""
    return bool(metadata.entry_points(group=VERBS_GROUP, name=_VERB))


class Companion:
    """One backend.

    Args:
        flags: of the verb `backend`.
        listening: the socket that it answers on. It stays ours: who connects while it starts, or starts again, waits.
        environ: its environment; None = ours.
        grace: seconds that it gets to end.
        clock: time.
        tell: told what it says, beside its first line.
    """

    def __init__(
        self,
        flags: Sequence[str],
        *,
        listening: socket.socket,
        environ: Mapping[str, str] | None,
        grace: float,
        clock: Clock,
        tell: Tell,
    ) -> None:
        self._flags = tuple(flags)
        self._listening = listening
        self._environ = environ
        self._grace = grace
        self._clock = clock
        self._tell = tell
        self._tasks = Tasks(lambda name, error: _LOG.error("unexpected error in %s", name, exc_info=error))
        self._last: deque[str] = deque(maxlen=5)
        self._starting = Tasks(self._start_failed)
        self._process: asyncio.subprocess.Process
        self._spawned = asyncio.Event()
        self._stopping = asyncio.Event()
        self._tell_problem: Callable[[], None] = lambda: None
        self.problem: ConfigurationError | None = None
        """Why it could not start, in its own words."""

    def begin(self) -> None:
        """Start it; return at once."""
        self._starting.spawn(self._start(), "start of the backend")

    def on_problem(self, tell: Callable[[], None]) -> None:
        """Call `tell` when it turns out that it cannot start, at once if it has."""
        self._tell_problem = tell
        if self.problem is not None:
            tell()

    async def _start(self) -> None:
        if not await self._launch():
            code = await self._process.wait()
            if self._stopping.is_set():
                return
            if code >= 0:  # its own decision; who is killed while starting is started again
                await self._tasks.drain()  # its last lines
                self._fail("\n".join(_own_words(self._last)) or "the backend ended while it started")
                return
        self._tasks.spawn(self._guard(), "backend guard")

    def _start_failed(self, _name: str, error: BaseException) -> None:
        self._spawned.set()
        self._fail(f"the backend cannot be started: {error}")

    def _fail(self, why: str) -> None:
        self.problem = ConfigurationError(why)
        self._tell_problem()

    async def stop(self) -> None:
        """End it within its grace."""
        self._stopping.set()
        await self._spawned.wait()
        if not hasattr(self, "_process"):
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._grace):
                await self._process.wait()
        except TimeoutError:
            _LOG.warning("the backend did not end in time")
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._tasks.drain(1)
        await self._starting.close()
        await self._tasks.close()

    async def _launch(self) -> bool:
        """Start the process; whether it came as far as to answer."""
        door = self._listening.fileno()
        # A session of its own: Ctrl-C reaches the whole group, and this one ends after the others.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "otel_evals", _VERB, *self._flags, "--listen-on", str(door), "--attached",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            start_new_session=True, limit=_LINE, env=self._environ, pass_fds=(door,),
        )  # fmt: skip
        self._spawned.set()
        process = self._process
        self._tasks.spawn(self._pass_on(process.stderr), "lines of the backend")
        if process.stdout is None:
            return False
        while line := await process.stdout.readline():
            text = line.decode(errors="replace").rstrip()
            if _ADDRESS.search(text):
                self._tasks.spawn(self._pass_on(process.stdout), "words of the backend")
                return True
            self._tell(text)
        return False

    async def _pass_on(self, stream: asyncio.StreamReader | None) -> None:
        while stream is not None:
            try:
                line = await stream.readline()
            except ValueError:
                continue  # longer than the limit: what was read is gone, the rest follows
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            self._last.append(text)
            self._tell(text)

    async def _guard(self) -> None:
        """Start it again whenever it dies."""
        deaths = 0
        while True:
            started = self._clock.monotonic()
            await self._process.wait()
            if self._stopping.is_set():
                return
            lived = self._clock.monotonic() - started
            deaths = 0 if lived > _HEALTHY_AFTER else deaths + 1
            pause = _RESTART_PAUSE[min(deaths, len(_RESTART_PAUSE)) - 1 if deaths else 0]
            _LOG.error("the backend ended with %s and is started again; what it misses waits on disk", self._code())
            await asyncio.sleep(pause)
            if self._stopping.is_set():
                return
            await self._launch()

    def _code(self) -> str:
        code = self._process.returncode
        return f"signal {-code}" if code is not None and code < 0 else f"code {code}"


def _own_words(lines: Sequence[str]) -> list[str]:
    """What it said of why it cannot start, without the name that is put before it once more."""
    return [line.removeprefix(_PROGRAM) for line in lines if line.startswith(_PROGRAM)] or list(lines)
