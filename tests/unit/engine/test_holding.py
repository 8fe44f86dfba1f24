"""A body whose spans cannot all be made durable leaves none behind."""

import asyncio

import pytest

from otel_evals.engine.holding import Holding, Waiting
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import Unavailable
from otel_evals.records.span import SpanView
from otel_evals.spool.journal import DamagedEntry


class Store:
    """A store whose syncs the test releases one by one."""

    def __init__(self, room: int = 100) -> None:
        self.room = room
        self.futures: list[asyncio.Future[int]] = []
        self.alive: dict[int, bytes] = {}
        self.damaged: set[int] = set()
        self.forgotten = asyncio.Event()

    def append(self, payload: bytes) -> asyncio.Future[int]:
        if len(self.futures) >= self.room:
            raise Unavailable("full")
        future = asyncio.get_running_loop().create_future()
        self.futures.append(future)
        return future

    def sync(self, number: int) -> None:
        self.alive[number] = b"x"
        self.futures[number].set_result(number)

    def done(self, *entries: int) -> None:
        for entry in entries:
            self.alive.pop(entry, None)
        self.forgotten.set()

    def __iter__(self):
        return iter(list(self.alive))

    async def read(self, entry: int) -> bytes:
        if entry in self.damaged:
            raise DamagedEntry("damaged")
        return self.alive[entry]


def waiting(number: int) -> Waiting:
    view = SpanView(trace_id=number.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"))
    return Waiting(view, b"x", "logs", None, number)


def make(store: Store, **more) -> Holding:
    return Holding(store, wait=60, limit=10, tasks=Tasks(lambda *_: None), clock=SystemClock(), **more)


async def test_when_the_store_is_full_midway_what_was_written_before_is_forgotten() -> None:
    store = Store(room=1)
    holding = make(store)
    with pytest.raises(Unavailable):
        await holding.put([waiting(1), waiting(2)])
    store.sync(0)
    await asyncio.wait_for(store.forgotten.wait(), 20)
    assert not store.alive
    assert len(holding) == 0


async def test_when_the_sender_goes_away_midway_what_was_written_before_is_forgotten() -> None:
    store = Store()
    holding = make(store)
    putting = asyncio.create_task(holding.put([waiting(1), waiting(2)]))
    await asyncio.sleep(0)
    store.sync(0)
    await asyncio.sleep(0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    await asyncio.wait_for(store.forgotten.wait(), 20)
    assert not store.alive
    assert store.futures[1].cancelled()
    assert len(holding) == 0


async def test_a_span_that_the_disk_has_spoilt_is_counted_and_keeps_nobody_waiting() -> None:
    store, lost = Store(), []
    store.alive, store.damaged = {7: b"", 8: b"x"}, {7}
    released: asyncio.Queue[bytes] = asyncio.Queue()
    holding = make(store, on_lost=lost.append)

    async def release(body, _held):
        await released.put(body)

    await holding.start(release)
    assert await asyncio.wait_for(released.get(), 20) == b"x"
    await holding.stop(20)
    assert lost == [1]
    assert not store.alive
