"""SIGTERM, a second signal, SIGINT, SIGSTOP and SIGCONT, SIGHUP."""

import asyncio
import json
import signal

import pytest

from otel_evals.testing.sinks import HANG, OK, GrpcSink, HttpSink
from tests.integration.process.rig import Sender, all_arrive, arrived, check, destination, until, verdicts


@pytest.mark.parametrize(("number", "queue", "workers"), [("SIGTERM", "none", 1), ("SIGINT", "disk", 2)])
async def test_a_signal_under_load_ends_it_with_0_and_loses_nothing(make_processor, number, queue, workers) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink, queue=queue)], workers=workers)
        await processor.start()
        sender = Sender(processor)
        async with sender.sending() as ledger:
            await sender.some(200)
            processor.send_signal(signal.Signals[number])
            assert await processor.ended() == 0
            await processor.start()
            await sender.some(50)
        check(ledger, await all_arrive(ledger, sink))
        assert not ledger.given_up, "who is told that we are stopping may send it again"
        assert await processor.stop() == 0


async def test_readiness_turns_false_while_requests_are_still_finished(make_processor) -> None:
    async with HttpSink() as sink:
        sink.default = HANG
        processor = make_processor([destination(sink, timeout="3s")])
        await processor.start()
        sender = Sender(processor, lanes=2)
        async with sender.sending() as ledger:
            await until(lambda: sink.received, "a request under way")
            processor.send_signal(signal.SIGTERM)
            status, reasons = await until(lambda: _not_ready(processor), "not ready any more")
            assert status == 503
            assert "draining" in reasons
            assert (await processor.page("/healthz"))[0] in {0, 200}
            assert await processor.ended() == 0
            assert not ledger.acknowledged
            sink.default = OK
            await processor.start()
            await sender.some(5)
        check(ledger, await all_arrive(ledger, sink))


async def _not_ready(processor):
    status, body = await processor.page("/readyz")
    return (status, body) if status != 200 else None


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_second_signal_ends_it_at_once_and_loses_nothing(make_processor, workers) -> None:
    async with HttpSink() as sink:
        sink.default = HANG
        processor = make_processor([destination(sink)], workers=workers, join={"wait": "0s"})
        await processor.start()
        sender = Sender(processor, lanes=4)
        async with sender.sending() as ledger:
            await until(lambda: sink.received, "a request under way")
            children = processor.workers()
            processor.send_signal(signal.SIGTERM)
            await until(lambda: _not_ready(processor), "draining")
            processor.send_signal(signal.SIGTERM)
            assert await processor.ended() == 130
            assert len(children) == (workers if workers > 1 else 0)
            await until(lambda: not any(_alive(pid) for pid in children), "no worker is left")
            sink.default = OK
            await processor.start()
            await sender.some(5)
        check(ledger, await all_arrive(ledger, sink))


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - a file that may vanish between two calls
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_a_process_that_was_stopped_and_continued_goes_on(make_processor) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)])
        await processor.start()
        sender = Sender(processor)
        async with sender.sending() as ledger:
            await sender.some(20)
            processor.send_signal(signal.SIGSTOP)
            before = len(ledger.acknowledged)
            # Its requests stay unanswered meanwhile; there is no event to await in a process that stands still.
            asyncio.get_running_loop().call_later(1.0, processor.send_signal, signal.SIGCONT)
            await sender.some(20)
        assert len(ledger.acknowledged) > before
        check(ledger, await all_arrive(ledger, sink))
        await until(processor.balanced, "counts that add up")


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_reload_changes_the_checks_and_a_bad_file_changes_nothing(make_processor, workers) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)], workers=workers)
        await processor.start()
        sender = Sender(processor, lanes=4)
        async with sender.sending() as ledger:
            await sender.some(4)
            processor.file.write_text("checks: {non_emtpy: {enabled: false}}\n")
            processor.send_signal(signal.SIGHUP)
            await until(lambda: "was not reloaded" in processor.said(), "the fault is said")
            assert "non_empty" in processor.said(), "the nearest spelling"
            assert await processor.sums("otel_evals_config_reloads_total", otel_evals_outcome="refused")
            processor.config["checks"] = {"non_empty": {"enabled": False}}
            processor.config["metrics"]["cache"] = "1s"
            processor.file.write_text(json.dumps(processor.config))
            processor.send_signal(signal.SIGHUP)
            await until(lambda: "configuration reloaded" in processor.said(), "reloaded")
            assert "restart: metrics" in processor.said()
            sender.prefix = "after"
            await until(lambda: _settled(sink, sender), "a span without the check")
        found = await all_arrive(ledger, sink)
        check(ledger, found)
        before = verdicts(found["s-1-0"][0])
        assert "non_empty" in before
        assert await processor.stop() == 0


def _settled(sink, sender) -> bool:
    late = [
        c for name, copies in arrived(sink).items() if name.startswith("after") and name.endswith("-0") for c in copies
    ]
    return any(verdicts(span) and "non_empty" not in verdicts(span) for span in late)
