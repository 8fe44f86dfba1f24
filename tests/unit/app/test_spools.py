"""The spool folder of a worker: what others left is taken over, what nobody would send is said."""

import asyncio
import random
from pathlib import Path

import pytest

from otel_evals.app.spools import Spools
from otel_evals.config.schema import Config
from otel_evals.forward.forwarder import Forwarder
from otel_evals.forward.settings import QueueKind
from otel_evals.records.clock import SystemClock
from otel_evals.records.signal import Signal
from otel_evals.records.units import ByteSize
from otel_evals.spool.journal import Journal
from otel_evals.telemetry.meters import Meters
from otel_evals.testing.ledger import RecordingLedger, quick_destination
from otel_evals.testing.sinks import GrpcSink, Reply, traces_body


def make(config: Config, folder: Path, orphans=(), on_full=lambda _names: None) -> Spools:
    return Spools(config, folder, orphans=orphans, meters=Meters(), clock=SystemClock(), on_full=on_full)


async def leave(folder: Path, *payloads: bytes) -> None:
    journal = await Journal.open(folder, max_bytes=1 << 20)
    for payload in payloads:
        await journal.append(payload)
    await journal.close()


async def test_held_spans_of_a_worker_that_is_no_more_are_taken_over(tmp_path) -> None:
    await leave(tmp_path / "1" / "held", b"one", b"two")
    journal = await make(Config(), tmp_path / "0", [tmp_path / "1"]).open_held()
    assert [payload async for _, payload in journal.entries()] == [b"one", b"two"]
    await journal.close()


async def test_a_start_waits_for_a_predecessor_that_is_about_to_end(tmp_path) -> None:
    predecessor = await Journal.open(tmp_path / "held", max_bytes=1 << 20)
    opening = asyncio.create_task(make(Config(), tmp_path).open_held())
    await asyncio.sleep(0)
    assert not opening.done()
    await predecessor.close()
    await (await asyncio.wait_for(opening, 20)).close()


async def test_requests_that_no_destination_claims_are_named(tmp_path) -> None:
    await leave(tmp_path / "queues" / "gone", b"x")
    await leave(tmp_path / "queues" / "kept", b"x")
    config = Config(forward=(quick_destination("http://127.0.0.1:1", name="kept", queue=QueueKind.DISK),))
    (sentence,) = make(config, tmp_path).unclaimed()
    assert "gone" in sentence


async def test_spans_of_a_processor_on_other_ports_are_named_while_it_does_not_run(tmp_path) -> None:
    own = tmp_path / "4317-4318" / "0"
    await leave(own / "queues" / "kept", b"x")
    await leave(tmp_path / "5317-5318" / "1" / "queues" / "kept", b"x")
    await leave(tmp_path / "6317-6318" / "0" / "held", b"x")
    running = await Journal.open(tmp_path / "6317-6318" / "0" / "held", max_bytes=1 << 20)
    (sentence,) = make(Config(), own).strangers()
    assert "5317-5318" in sentence
    await running.close()
    assert len(make(Config(), own).strangers()) == 2
    assert make(Config(), own.with_name("1")).strangers() == []


@pytest.mark.timeout(60)
async def test_a_queue_without_room_is_said_and_unsaid(tmp_path) -> None:
    said: asyncio.Queue[list[str]] = asyncio.Queue()
    async with GrpcSink() as sink:
        sink.default = Reply(code="UNAVAILABLE")
        settings = quick_destination(sink.url, queue=QueueKind.DISK, queue_bytes=ByteSize(20_000))
        spools = make(Config(forward=(settings,)), tmp_path, on_full=said.put_nowait)
        forwarder = Forwarder(
            [settings],
            spool_folder=spools.queues,
            clock=SystemClock(),
            rng=random.Random(1),  # noqa: S311 - pauses, not secrets
            ledger=RecordingLedger(),
            on_crash=lambda *_: None,
        )
        await forwarder.start()
        watching = asyncio.create_task(spools.run(forwarder))
        bodies = [traces_body(f"span {n}", filler=3000) for n in range(20)]
        await asyncio.gather(*(forwarder.send(Signal.TRACES, b, 1) for b in bodies), return_exceptions=True)
        assert await asyncio.wait_for(said.get(), 20) == ["next"]
        sink.default = Reply()
        assert await asyncio.wait_for(said.get(), 20) == []
        watching.cancel()
        await forwarder.stop(5)
