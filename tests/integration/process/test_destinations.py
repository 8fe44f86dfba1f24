"""Next hops that are down, slow, mute, cutting, refusing: what the sender hears, what arrives, and what is counted."""

import json

import pytest

from otel_evals.testing.sinks import HANG, OK, GrpcSink, HttpSink, Reply, span_names
from tests.integration.process.rig import Sender, all_arrive, arrived, check, destination, free_ports, until


@pytest.mark.parametrize("queue", ["none", "disk"])
async def test_a_next_hop_that_is_down_from_the_start_and_later_comes_is_served(make_processor, queue) -> None:
    (port,) = free_ports(1)
    processor = make_processor([destination(GrpcSink(port=port), queue=queue, timeout="1s")])
    await processor.start()
    sender = Sender(processor)
    async with sender.sending() as ledger:
        if queue == "disk":
            await sender.some(100)
        else:
            await until(lambda: sum(ledger.refused.values()) > 8, "senders are told to come again")
            assert not ledger.acknowledged
        async with GrpcSink(port=port) as sink:
            await sender.some(100)
            await sender.finish()
            assert ledger.tries.keys() == ledger.acknowledged, "what was refused came again"
            check(ledger, await all_arrive(ledger, sink))
            await until(processor.balanced, "counts that add up")


@pytest.mark.parametrize("queue", ["none", "disk"])
async def test_every_misbehaviour_once_costs_nothing(make_processor, queue) -> None:
    codes = ["CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"]
    async with GrpcSink() as over_grpc, HttpSink() as over_http:
        over_grpc.then(*(Reply(code=code) for code in codes), Reply(code="RESOURCE_EXHAUSTED", retry_after=0.05))
        over_grpc.then(Reply(delay=0.5), HANG)
        over_http.then(*(Reply(code=code) for code in ("429", "502", "503", "504")))
        over_http.then(Reply(reset=True), Reply(code="503", retry_after="1"), Reply(delay=0.5), HANG)
        processor = make_processor(
            [
                destination(over_grpc, queue=queue, timeout="2s"),
                destination(over_http, queue=queue, timeout="2s", name="other"),
            ]
        )
        await processor.start()
        sender = Sender(processor)
        async with sender.sending() as ledger:
            await until(lambda: not over_grpc._queue and not over_http._queue, "every misbehaviour was met")
            await sender.some(50)
        for sink in (over_grpc, over_http):
            found = await all_arrive(ledger, sink)
            # What was cut or timed out at the next hop after it had taken it is sent again, by us as by a sender.
            check(ledger, found, resent=sum(len(span_names(r.body)) for r in sink.received if r.reply != OK))
        assert not ledger.given_up
        await until(processor.balanced, "counts that add up")


async def test_one_poison_batch_keeps_nobody_back_and_is_set_aside(make_processor) -> None:
    async with GrpcSink() as sink:
        sink.decide = lambda _signal, body: Reply(code="INVALID_ARGUMENT") if b"s-7-0" in body else None
        processor = make_processor([destination(sink, queue="disk")])
        await processor.start()
        sender = Sender(processor)
        async with sender.sending() as ledger:
            await sender.some(200)
        poison = {name for name in ledger.acknowledged if name.startswith("s-7-")}
        await until(lambda: ledger.acknowledged - poison <= arrived(sink).keys(), "all others arrive")
        check(ledger, arrived(sink))
        assert not poison & arrived(sink).keys()
        dropped = await until(lambda: _dropped(processor, "dead_letter"), "it is counted")
        assert dropped == len(poison)
        assert list(processor.folder.rglob("*-traces.otlp")), "it is set aside"
        await until(processor.balanced, "counts that add up")


async def _dropped(processor, reason: str) -> float:
    return sum((await processor.sums("otel_evals_destination_items_total", otel_evals_reason=reason)).values())


async def test_a_partial_success_is_told_and_counted_and_never_sent_again(make_processor) -> None:
    async with GrpcSink() as sink:
        sink.default = Reply(rejected=1, message="one too many")
        processor = make_processor([destination(sink)])
        await processor.start()
        sender = Sender(processor, lanes=2)
        async with sender.sending() as ledger:
            await sender.some(20)
        check(ledger, await all_arrive(ledger, sink))
        assert await _dropped(processor, "partial_success") == len(sink.accepted)
        await until(processor.balanced, "counts that add up")


async def test_a_next_hop_that_does_not_know_us_gets_nothing_acknowledged(make_processor) -> None:
    async with HttpSink() as sink:
        sink.default = Reply(code="401")
        processor = make_processor([destination(sink)])
        await processor.start()
        sender = Sender(processor, lanes=2)
        async with sender.sending() as ledger:
            await until(lambda: sum(ledger.refused.values()) > 4, "senders keep it")
            assert not ledger.acknowledged
            sink.default = OK
            await sender.some(20)
        assert "401" in processor.said()
        check(ledger, await all_arrive(ledger, sink))
        await until(processor.balanced, "counts that add up")


async def test_what_was_refused_for_wrong_credentials_arrives_once_they_are_mended_and_it_is_commanded(
    make_processor,
) -> None:
    async with HttpSink() as sink:
        sink.default = Reply(code="401")
        processor = make_processor([destination(sink, queue="disk")])
        await processor.start()
        sender = Sender(processor, lanes=2)
        async with sender.sending() as ledger:
            await sender.some(20)
        wanted = len(ledger.acknowledged)
        await until(lambda: _is_dropped(processor, wanted), "all of it is set aside")
        listed = json.loads(await processor.command("spool", "list", "--format", "json"))["spool"]
        assert {(pile["state"], pile["why"]) for pile in listed} == {("dead letter", "401")}
        assert sum(pile["items"] for pile in listed) == wanted
        assert not arrived(sink)

        sink.default = OK
        assert "queued them again" in await processor.command("spool", "resend", "--destination", "next")
        check(ledger, await all_arrive(ledger, sink))
        await until(processor.balanced, "counts that add up")
        assert "Nothing waits" in await processor.command("spool", "list")
        assert len(sink.span_names()) == wanted


async def _is_dropped(processor, wanted: int) -> bool:
    return await _dropped(processor, "dead_letter") == wanted


@pytest.mark.parametrize("required", [True, False])
async def test_of_two_destinations_one_is_down(make_processor, required) -> None:
    (port,) = free_ports(1)
    async with GrpcSink() as sink:
        down = destination(GrpcSink(port=port), name="down", required=required, timeout="1s")
        processor = make_processor([destination(sink), down])
        await processor.start()
        sender = Sender(processor, lanes=2)
        async with sender.sending() as ledger:
            if not required:
                await sender.some(50)
            else:
                await until(lambda: sum(ledger.refused.values()) > 4, "senders are told to come again")
                assert not ledger.acknowledged
                async with GrpcSink(port=port) as late:
                    await sender.some(20)
                    await sender.finish()
                    check(ledger, await all_arrive(ledger, late))
        check(ledger, await all_arrive(ledger, sink))
        await until(processor.balanced, "counts that add up")


async def test_a_full_disk_queue_turns_senders_away_and_says_that_it_is_not_ready(make_processor) -> None:
    (port,) = free_ports(1)
    processor = make_processor([destination(GrpcSink(port=port), queue="disk", queue_bytes="200kB")])
    await processor.start()
    sender = Sender(processor, filler=5000)
    async with sender.sending() as ledger:
        await until(lambda: ledger.refused, "the queue is full")
        await until(lambda: _reason(processor, "spool full"), "not ready")
        async with GrpcSink(port=port) as sink:
            await until(processor.is_ready, "ready again")
            await sender.some(50)
            await sender.finish()
            check(ledger, await all_arrive(ledger, sink))
            await until(processor.balanced, "counts that add up")


async def _reason(processor, text: str) -> bool:
    status, body = await processor.page("/readyz")
    return status == 503 and text in body
