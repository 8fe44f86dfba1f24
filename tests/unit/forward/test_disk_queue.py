"""Destinations with a disk queue: safe once on disk, delivered when the next hop takes it, nothing in anybody's way."""

import asyncio
import contextlib
import errno
import os
import random

import pytest

from otel_evals.forward.answer import Answer, Verdict
from otel_evals.forward.dead_letters import DeadLetters, ask_for, is_asked_for, letters, refusal
from otel_evals.forward.disk_queue import DiskQueue
from otel_evals.forward.entry_head import EntryHead
from otel_evals.forward.grpc import GrpcTransport
from otel_evals.forward.settings import QueueKind, RetrySettings
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.records.units import ByteSize, Duration
from otel_evals.spool.disk import Disk
from otel_evals.testing.clock import ManualClock
from otel_evals.testing.ledger import quick_destination
from otel_evals.testing.sinks import HANG, GrpcSink, HttpSink, Reply, traces_body


@pytest.fixture(params=["grpc", "http"])
async def sink(request):
    async with GrpcSink() if request.param == "grpc" else HttpSink() as opened:
        yield opened


def on_disk(sink_or_url, **options):
    url = sink_or_url if isinstance(sink_or_url, str) else sink_or_url.url
    return quick_destination(url, **{"queue": QueueKind.DISK, **options})


def code(sink, over_grpc, over_http):
    return over_grpc if isinstance(sink, GrpcSink) else over_http


async def send_all(forwarder, names):
    return await asyncio.gather(*(forwarder.send(Signal.TRACES, traces_body(n), 1) for n in names))


def numbered(count):
    return [f"span {n}" for n in range(count)]


async def test_a_send_is_safe_while_the_next_hop_hangs_and_everything_arrives_later(sink, forwarding, book):
    sink.then(HANG, HANG)
    forwarder = await forwarding(on_disk(sink, timeout=Duration(0.2)))
    assert await send_all(forwarder, numbered(50)) == [Accepted()] * 50
    await sink.wait_for(lambda: len(set(sink.span_names())) == 50)
    await forwarder.stop(10)
    assert book.sent == {"next": 50}
    assert book.now_waiting == {"next": 0}


async def test_what_was_not_delivered_goes_out_with_the_next_run_in_order(forwarding, tmp_path, book):
    async with HttpSink() as sink:
        port = sink.port
    forwarder = await forwarding(on_disk(sink))
    for name in numbered(30):
        await forwarder.send(Signal.TRACES, traces_body(name), 1)
    await forwarder.stop(0)
    async with HttpSink(port=port) as sink:
        again = await forwarding(on_disk(sink, concurrency=1))
        await sink.wait_for(lambda: len(sink.span_names()) == 30)
        await again.stop(10)
        assert sink.span_names() == numbered(30)
    third = await forwarding(on_disk(sink))
    assert len(third.disk_queue("next").journal) == 0


async def test_a_backlog_drains_while_new_traffic_is_taken(sink, forwarding):
    sink.default = Reply(code=code(sink, "UNAVAILABLE", "503"))
    forwarder = await forwarding(on_disk(sink))
    await send_all(forwarder, numbered(100))
    await sink.wait_for(lambda: len(sink.received) >= 3)
    sink.default = Reply()
    await forwarder.send(Signal.TRACES, traces_body("new"), 1)
    await sink.wait_for(lambda: len(sink.span_names()) == 101)
    assert sorted(sink.span_names()) == sorted([*numbered(100), "new"])


async def test_while_the_next_hop_is_down_it_is_asked_with_growing_pauses_by_one_request_at_a_time(sink, forwarding):
    sink.default = Reply(code=code(sink, "UNAVAILABLE", "503"))
    forwarder = await forwarding(on_disk(sink))
    await send_all(forwarder, numbered(200))
    await sink.wait_for(lambda: len(sink.received) >= 6)
    # The first requests may run side by side, then one batch after the other is tried, not each of 200 entries.
    assert len({r.body for r in sink.received}) <= 10
    assert forwarder.disk_queue("next").journal.bytes_used > 0


async def test_a_poisoned_entry_is_set_aside_and_the_others_pass(sink, forwarding, book, tmp_path):
    bad = Reply(code=code(sink, "INVALID_ARGUMENT", "400"))
    sink.decide = lambda _, body: bad if b"poison" in body else None
    forwarder = await forwarding(on_disk(sink))
    names = [*numbered(20), "poison", *(f"later {n}" for n in range(20))]
    await send_all(forwarder, names)
    await sink.wait_for(lambda: len(sink.span_names()) == 40)
    await forwarder.stop(10)
    assert sorted(sink.span_names()) == sorted(n for n in names if n != "poison")
    assert book.lost == {("next", "dead_letter"): 1}
    (letter,) = (tmp_path / "spool" / "next" / "dead").iterdir()
    assert b"poison" in letter.read_bytes()


async def test_what_was_set_aside_is_sent_again_by_command_only(sink, forwarding, book, tmp_path):
    sink.default = Reply(code=code(sink, "UNAUTHENTICATED", "401"))
    forwarder = await forwarding(on_disk(sink))
    await forwarder.send(Signal.LOGS, b"", 7)
    await sink.wait_for(lambda: bool(sink.received))
    await forwarder.stop(10)
    assert book.lost == {("next", "dead_letter"): 7}
    sink.default = Reply()

    forwarder = await forwarding(on_disk(sink))
    assert len(sink.received) == 1
    assert await forwarder.disk_queue("next").resend() == 1
    await sink.wait_for(lambda: len(sink.received) == 2)
    await forwarder.stop(10)
    assert sink.received[1].signal is Signal.LOGS
    assert book.sent == {"next": 7}
    assert list((tmp_path / "spool" / "next" / "dead").iterdir()) == []


async def test_wrong_credentials_set_few_entries_aside_and_the_rest_waits(sink, forwarding, book):
    sink.default = Reply(code=code(sink, "PERMISSION_DENIED", "403"))
    forwarder = await forwarding(on_disk(sink, coalesce=ByteSize(0)))
    await send_all(forwarder, numbered(100))
    await sink.wait_for(lambda: len(sink.received) >= 10)
    assert len(forwarder.disk_queue("next").journal) > 50
    sink.default = Reply()
    await book.until(lambda: book.sent["next"] + book.lost["next", "dead_letter"] == 100)


async def test_dead_letters_are_bounded_and_their_loss_is_counted(sink, forwarding, book):
    sink.default = Reply(code=code(sink, "INVALID_ARGUMENT", "400"))
    forwarder = await forwarding(on_disk(sink, dead_letter_bytes=ByteSize(1000)))
    for n in range(5):
        await forwarder.send(Signal.TRACES, traces_body(f"{n}", filler=300), 1)
    await forwarder.stop(10)
    assert book.lost["next", "dead_letter"] + book.lost["next", "dead_letter_full"] == 5
    assert book.lost["next", "dead_letter_full"] >= 2


async def test_an_entry_that_always_fails_does_not_hold_up_the_others(sink, forwarding, book):
    unavailable = Reply(code=code(sink, "UNAVAILABLE", "503"))
    sink.decide = lambda _, body: unavailable if b"poison" in body else None
    forwarder = await forwarding(on_disk(sink))
    await send_all(forwarder, ["poison", *numbered(50)])
    await book.until(lambda: book.sent["next"] == 50)
    assert len(forwarder.disk_queue("next").journal) == 1
    assert not book.lost


async def test_a_partial_success_is_not_sent_again(sink, forwarding, book):
    sink.default = Reply(rejected=1, message="bad")
    forwarder = await forwarding(on_disk(sink))
    await forwarder.send(Signal.TRACES, traces_body("a", "b"), 2)
    await forwarder.stop(10)
    assert len(sink.received) == 1
    assert book.lost == {("next", "partial_success"): 1}
    assert book.sent == {"next": 1}


async def test_a_full_queue_is_told_to_the_sender_until_it_drains(sink, forwarding, book):
    sink.default = Reply(code=code(sink, "UNAVAILABLE", "503"))
    forwarder = await forwarding(on_disk(sink, queue_bytes=ByteSize(20_000)))
    sends = [forwarder.send(Signal.TRACES, traces_body(f"{n}", filler=1000), 1) for n in range(30)]
    answers = await asyncio.gather(*sends, return_exceptions=True)
    taken = answers.count(Accepted())
    assert 15 <= taken < 20
    assert all(isinstance(a, Unavailable) and "full" in str(a) for a in answers if a != Accepted())
    sink.default = Reply()
    await book.until(lambda: book.sent["next"] == taken)
    assert await forwarder.send(Signal.TRACES, traces_body("again"), 1) == Accepted()


async def test_a_full_queue_of_a_destination_that_is_not_required_only_counts(sink, forwarding, book):
    sink.default = Reply(code=code(sink, "UNAVAILABLE", "503"))
    forwarder = await forwarding(on_disk(sink, queue_bytes=ByteSize(1000), required=False))
    assert await forwarder.send(Signal.TRACES, traces_body("large", filler=2000), 1) == Accepted()
    assert book.lost == {("next", "queue_full"): 1}


async def test_an_entry_that_the_disk_spoilt_is_counted_and_the_others_pass(sink, forwarding, book, tmp_path):
    sink.then(HANG)
    forwarder = await forwarding(on_disk(sink, concurrency=1, coalesce=ByteSize(0), timeout=Duration(0.3)))
    await send_all(forwarder, ["first", "spoilt", "last"])
    await sink.wait_for(lambda: len(sink.received) == 1)
    (file,) = (tmp_path / "spool" / "next").glob("*.journal")
    content = file.read_bytes()
    file.write_bytes(content.replace(b"spoilt", b"spoIlt"))
    await book.until(lambda: book.sent["next"] == 2)
    assert book.lost == {("next", "damaged"): 1}
    assert sorted(sink.span_names()) == ["first", "last"]


async def test_a_disk_that_is_full_is_told_to_the_sender(sink, tmp_path, book):
    class Full(Disk):
        full = True

        def write(self, fd: int, content: bytes) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            super().write(fd, content)

    class Never:
        async def call(self, *_):
            await asyncio.Event().wait()

    disk = Full()
    queue = await DiskQueue.open(
        on_disk(sink),
        Never(),
        tmp_path / "q",
        clock=ManualClock(),
        rng=random.Random(1),  # noqa: S311 - pauses, not secrets
        ledger=book,
        on_crash=lambda *_: None,
        disk=disk,
    )
    with pytest.raises(Unavailable, match="No space left"):
        await queue.submit(Signal.TRACES, traces_body("a"), 1)
    disk.full = False
    assert await queue.submit(Signal.TRACES, traces_body("a"), 1) == Accepted()
    await queue.stop(0)


async def test_the_queue_of_a_worker_that_is_gone_is_taken_over(sink, forwarding, tmp_path):
    async with HttpSink() as gone:
        pass
    dead = await forwarding(on_disk(gone), folder=tmp_path / "worker-1")
    await send_all(dead, numbered(40))
    await dead.stop(0)
    alive = await forwarding(on_disk(sink), folder=tmp_path / "worker-0")
    assert await alive.adopt(tmp_path / "worker-1") == 40
    await sink.wait_for(lambda: len(sink.span_names()) == 40)
    assert await alive.adopt(tmp_path / "nobody") == 0


async def test_what_a_worker_that_is_gone_had_set_aside_is_taken_over_with_its_queue(sink, forwarding, book, tmp_path):
    sink.default = Reply(code=code(sink, "UNAUTHENTICATED", "401"))
    gone = await forwarding(on_disk(sink), folder=tmp_path / "worker-1")
    await gone.send(Signal.TRACES, traces_body("refused"), 1)
    await book.until(lambda: bool(book.lost))
    await gone.stop(0)
    sink.default = Reply()
    alive = await forwarding(on_disk(sink), folder=tmp_path / "worker-0")
    await alive.adopt(tmp_path / "worker-1")
    assert list((tmp_path / "worker-1" / "next" / "dead").iterdir()) == []
    assert await alive.disk_queue("next").resend() == 1
    await sink.wait_for(lambda: sink.span_names() == ["refused"])


async def test_letters_of_the_same_name_are_both_kept_when_a_folder_is_taken_over(tmp_path):
    head = EntryHead(signal=Signal.TRACES, items=1, since_ns=5)
    ours, theirs = (DeadLetters(tmp_path / name, 1000, Disk()) for name in ("0", "1"))
    assert ours.put(head, 1, "401", b"a")
    assert theirs.put(head, 1, "401", b"b")
    assert ours.adopt(tmp_path / "1") == 1
    assert sorted(path.read_bytes()[-1:] for path in ours.until(None)) == [b"a", b"b"]
    assert {refusal(path) for path in ours.until(None)} == {"401"}


async def test_a_command_concerns_what_was_set_aside_before_it_and_is_carried_out_once(
    sink, forwarding, book, tmp_path
):
    sink.default = Reply(code=code(sink, "INVALID_ARGUMENT", "400"))
    forwarder = await forwarding(on_disk(sink))
    queue, dead = forwarder.disk_queue("next"), tmp_path / "spool" / "next" / "dead"
    assert await queue.resend_if_asked() is None
    await forwarder.send(Signal.TRACES, traces_body("before"), 1)
    await book.until(lambda: book.lost["next", "dead_letter"] == 1)
    ask_for(dead)
    # Set aside later than the command, by the clock of the files.
    (first,) = letters(dead)
    later = first.with_name(f"9{first.name}")
    later.write_bytes(first.read_bytes().replace(b"before", b"behind"))
    beyond = (dead / "resend").stat().st_mtime_ns + 1_000_000_000
    os.utime(later, ns=(beyond, beyond))
    sink.default = Reply()
    assert await queue.resend_if_asked() == 1
    assert not is_asked_for(dead)
    assert await queue.resend_if_asked() is None
    await book.until(lambda: book.sent["next"] == 1)
    assert sink.span_names() == ["before"]
    assert book.again == {"next": 1}
    assert list(letters(dead)) == [later]


async def test_a_command_stands_while_the_queue_has_no_room(forwarding, book, tmp_path):
    async with HttpSink() as sink:
        sink.default = Reply(code="400")
        forwarder = await forwarding(on_disk(sink, queue_bytes=ByteSize(4000)))
        await forwarder.send(Signal.TRACES, traces_body("refused", filler=2500), 1)
        await book.until(lambda: bool(book.lost))
        ask_for(tmp_path / "spool" / "next" / "dead")
        sink.default = Reply(code="503")
        queue = forwarder.disk_queue("next")
        with contextlib.suppress(Unavailable):
            for n in range(20):
                await forwarder.send(Signal.TRACES, traces_body(f"{n}", filler=500), 1)
        with pytest.raises(Unavailable):
            await queue.resend_if_asked()
        sink.default = Reply()
        await book.until(lambda: book.now_waiting["next"] == 0)
        assert await queue.resend_if_asked() == 1
        await sink.wait_for(lambda: "refused" in sink.span_names())


async def test_two_processes_cannot_use_one_queue(sink, forwarding):
    await forwarding(on_disk(sink))
    with pytest.raises(ConfigurationError, match="in use"):
        await forwarding(on_disk(sink))


async def test_an_entry_beyond_its_time_is_set_aside(sink, forwarding, book):
    sink.default = Reply(code=code(sink, "UNAVAILABLE", "503"))
    retry = RetrySettings(initial=Duration(0.02), max_elapsed=Duration(0.05))
    forwarder = await forwarding(on_disk(sink, retry=retry))
    await forwarder.send(Signal.TRACES, traces_body("old"), 1)
    await book.until(lambda: bool(book.lost))
    assert book.lost == {("next", "dead_letter"): 1}


async def test_an_unexpected_error_is_reported_and_what_was_under_way_is_tried_again(tmp_path, book):
    class BreaksOnce:
        calls = 0

        async def call(self, *_):
            self.calls += 1
            if self.calls == 1:
                raise RuntimeError("a bug")
            return Answer(verdict=Verdict.DELIVERED, code="OK")

    crashes = []
    queue = await DiskQueue.open(
        on_disk("http://127.0.0.1:1"),
        BreaksOnce(),
        tmp_path / "q",
        clock=SystemClock(),
        rng=random.Random(1),  # noqa: S311 - pauses, not secrets
        ledger=book,
        on_crash=lambda _, error: crashes.append(str(error)),
    )
    await queue.submit(Signal.TRACES, traces_body("a"), 1)
    await queue.submit(Signal.TRACES, traces_body("b"), 1)
    await book.until(lambda: book.sent["next"] == 2)
    assert crashes == ["a bug"]
    await queue.stop(0)


@pytest.mark.parametrize("error", [RuntimeError("a bug"), asyncio.CancelledError()])
async def test_what_was_under_way_when_its_task_died_needs_no_later_request_to_be_tried_again(tmp_path, book, error):
    class BreaksOnce:
        calls = 0

        async def call(self, *_):
            self.calls += 1
            if self.calls == 1:
                raise error
            return Answer(verdict=Verdict.DELIVERED, code="OK")

    queue = await DiskQueue.open(
        on_disk("http://127.0.0.1:1"),
        BreaksOnce(),
        tmp_path / "q",
        clock=SystemClock(),
        rng=random.Random(1),  # noqa: S311 - pauses, not secrets
        ledger=book,
        on_crash=lambda *_: None,
    )
    await queue.submit(Signal.TRACES, traces_body("alone"), 1)
    await book.until(lambda: book.sent["next"] == 1)
    await queue.stop(0)


async def test_a_call_whose_channel_is_closed_under_it_is_a_failed_try_and_not_a_cancelled_task():
    async with GrpcSink() as sink:
        sink.default = HANG
        transport = GrpcTransport(on_disk(sink), Tasks(lambda *_: None))
        calling = asyncio.create_task(transport.call(Signal.TRACES, traces_body("a"), 30))
        await sink.wait_for(lambda: bool(sink.received))
        await transport.close()
        assert (await calling).verdict is Verdict.RETRY


async def test_a_call_whose_caller_is_cancelled_is_cancelled():
    async with GrpcSink() as sink:
        sink.default = HANG
        transport = GrpcTransport(on_disk(sink), Tasks(lambda *_: None))
        calling = asyncio.create_task(transport.call(Signal.TRACES, traces_body("a"), 30))
        await sink.wait_for(lambda: bool(sink.received))
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        await transport.close()
