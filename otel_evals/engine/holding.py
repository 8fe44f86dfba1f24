"""Spans that wait for what travels apart from them. They are on disk, so their sender has its answer already.

Life cycle: the pipeline puts a span here after its journal entry is synced, wakes the spans of the traces that a
request touched, and a single timer releases what is due. `start` releases at once whatever a former run left behind.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final, Protocol

import msgspec

from otel_evals.engine.due import DueQueue
from otel_evals.engine.persistence import persist
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.lifecycle.waiting import happens
from otel_evals.records.clock import Clock
from otel_evals.records.errors import OtelEvalsError, Refused, Unavailable
from otel_evals.records.span import SpanView
from otel_evals.semconv import gen_ai

_RELEASES: Final = 64
"""Releases that are under way at one time."""

SpanKey = tuple[bytes, bytes, int]
"""Trace id, span id, and a hash of the span: senders may use the ids of one span twice, and neither is lost."""


_LOG: Final = logging.getLogger(__name__)


def _ignore(_lost: int) -> None:
    """For who does not want to know."""


class Store(Protocol):
    """The part of `spool.journal.Journal` that holding needs."""

    def append(self, payload: bytes) -> "asyncio.Future[int]":
        """Make an entry durable. Raises Unavailable, or its future does."""
        ...

    def done(self, *entry_ids: int) -> None:
        """Forget entries."""
        ...

    def __iter__(self) -> Iterator[int]:
        """Ids of the live entries."""
        ...

    async def read(self, entry_id: int) -> bytes:
        """Payload of an entry."""
        ...


class Waiting(msgspec.Struct, frozen=True):
    """A span that is to wait."""

    span: SpanView
    """Ids, times and service only: the rest is on disk."""
    body: bytes
    """A request body of its own."""
    wait: str
    response_id: str | None

    digest: int
    """Hash of the body, of this process only."""

    @property
    def key(self) -> SpanKey:
        """What tells this span from all others that wait."""
        return self.span.trace_id, self.span.span_id, self.digest

    @property
    def patience_key(self) -> tuple[object, str]:
        """Service, and what is awaited."""
        return self.span.resource.get(gen_ai.SERVICE_NAME), self.wait


class Held(msgspec.Struct, eq=False):
    """One span that waits: a request body of its own, in the journal under `entry`."""

    spec: "Waiting"
    entry: int
    released: bool = False

    @property
    def key(self) -> SpanKey:
        """What tells this span from all others that wait."""
        return self.spec.key


Release = Callable[[bytes, "Held | None"], Awaitable[None]]
"""Evaluates and forwards one held body. Raises Unavailable to be called again, Refused when it is gone for good."""
IsReady = Callable[["Held"], bool]


class Holding:
    """The spans that wait."""

    def __init__(
        self,
        store: Store,
        *,
        wait: float,
        limit: int,
        tasks: Tasks,
        clock: Clock,
        on_lost: Callable[[int], None] = _ignore,
    ) -> None:
        """Prepare.

        Args:
            store: where held spans are durable.
            wait: seconds after which a span goes on without what it waits for.
            limit: spans that wait at one time.
            tasks: owner of the releases.
            clock: time.
            on_lost: told of spans whose bytes the disk has spoilt.
        """
        self._on_lost = on_lost
        self._store = store
        self._wait = wait
        self._limit = limit
        self._tasks = tasks
        self._held: dict[SpanKey, Held] = {}
        self._by_trace: dict[bytes, list[Held]] = {}
        self._due = DueQueue[Held](clock, self._start_release, lambda held: held.released)
        self._slots = asyncio.Semaphore(_RELEASES)
        self._pending = 0
        self._release: Release | None = None
        self._idle = asyncio.Event()
        self._stopping = False

    def __len__(self) -> int:
        """Spans that wait or are on their way out."""
        return len(self._held) + self._pending

    @property
    def open(self) -> bool:
        """Whether another span may wait."""
        return self._wait > 0 and len(self) < self._limit and not self._stopping

    def holds(self, key: SpanKey) -> bool:
        """Whether this span waits already (its request was sent again)."""
        return key in self._held

    async def start(self, release: Release) -> None:
        """Begin to release what is due, first of all what a former run left."""
        self._release = release
        self._tasks.spawn(self._due.run(), "hold timer")
        leftovers = list(self._store)
        if leftovers:
            self._pending += len(leftovers)
            for entry in leftovers:
                self._tasks.spawn(self._let_go(entry, None), "restore held span")

    async def put(self, spans: Iterable[Waiting]) -> None:
        """Hold spans. Returns when all are durable.

        Raises:
            Unavailable: the journal cannot take them; none is held then.
        """
        todo = [s for s in spans if s.key not in self._held]
        entries = await self._store_all([s.body for s in todo])
        for waiting, entry in zip(todo, entries, strict=True):
            if waiting.key in self._held:
                self._store.done(entry)
                continue
            held = Held(msgspec.structs.replace(waiting, body=b""), entry)
            self._held[held.key] = held
            self._by_trace.setdefault(held.key[0], []).append(held)
            self._due.add(held, self._wait)

    async def _store_all(self, bodies: Iterable[bytes]) -> list[int]:
        """Make all durable, or, when one fails or the sender goes away meanwhile, none: it will send them again."""
        appended: list[asyncio.Future[int]] = []
        try:
            for body in bodies:
                appended.append(self._store.append(body))  # noqa: PERF401 - what was appended is known when one raises
            return await asyncio.gather(*appended)
        except BaseException:
            for future in appended:
                future.add_done_callback(self._undo)
            raise

    def _undo(self, appended: "asyncio.Future[int]") -> None:
        if not appended.cancelled() and appended.exception() is None:
            self._store.done(appended.result())

    def wake(self, trace_ids: Iterable[bytes], is_ready: IsReady) -> None:
        """Release the held spans of these traces that are ready now."""
        for trace_id in trace_ids:
            for held in list(self._by_trace.get(trace_id, ())):
                if is_ready(held):
                    self._start_release(held)

    def _start_release(self, held: Held) -> None:
        if held.released:
            return
        held.released = True
        self._pending += 1
        self._remove(held)
        self._tasks.spawn(self._let_go(held.entry, held), "release held span")

    def _remove(self, held: Held) -> None:
        self._held.pop(held.key, None)
        siblings = self._by_trace.get(held.key[0], [])
        if held in siblings:
            siblings.remove(held)
        if not siblings:
            self._by_trace.pop(held.key[0], None)

    async def _let_go(self, entry: int, held: Held | None) -> None:
        """Forward one held span, trying again until the next hop has it or has refused it for good."""

        async def attempt() -> None:
            async with self._slots:
                await self._once(entry, held)

        await persist(attempt)
        self._store.done(entry)
        self._pending -= 1
        if not self._pending:
            self._idle.set()

    async def _once(self, entry: int, held: Held | None) -> None:
        if self._release is None:
            raise Unavailable("holding has not started")
        try:
            body = await self._store.read(entry)
        except KeyError:
            return
        except OSError as error:
            raise Unavailable(f"cannot read a held span: {error.strerror}") from error
        except OtelEvalsError as error:
            # Its bytes are no longer those that were written; the store has set them aside.
            _LOG.warning("a held span is lost: %s", error)
            self._on_lost(1)
            return
        try:
            await self._release(body, held)
        except Refused:
            # The next hop said no for good and the forwarder has counted it; the sender was answered long ago.
            return

    async def stop(self, grace: float) -> None:
        """Release everything now; what cannot be forwarded within `grace` seconds stays on disk for the next run."""
        self._stopping = True
        for held in list(self._held.values()):
            self._start_release(held)
        if self._pending:
            self._idle.clear()
            await happens(self._idle, grace)
