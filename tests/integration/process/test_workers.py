"""Two workers behind one address: the sums, the death of one, fewer of them, and traces that reach both."""

import os
import signal

import aiohttp
import grpc
import pytest

from otel_evals.records.signal import Signal
from otel_evals.testing.builders import chat_attributes, logs_body, make_span, traces_body
from otel_evals.testing.sinks import GrpcSink
from tests.integration.process.rig import (
    Sender,
    all_arrive,
    arrived,
    check,
    destination,
    free_ports,
    until,
    verdicts,
)

SCOPE = "opentelemetry.instrumentation.openai_v2"
BARE = {
    "gen_ai.system": "openai",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.finish_reasons": ["stop"],
}
ASKED = ("gen_ai.user.message", {"content": "How do I reach support?"}, {})
ANSWERED = (
    "gen_ai.choice",
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Mail jane.roe@corp-mail.com."}},
    {},
)


async def test_the_sums_of_two_workers_are_exactly_what_was_sent(make_processor) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)], workers=2)
        await processor.start()
        assert len(processor.workers()) == 2
        sender = Sender(processor, lanes=16)
        async with sender.sending() as ledger:
            await sender.some(400)
        found = await all_arrive(ledger, sink)
        check(ledger, found)
        counts = await processor.spans()
        assert counts["received"] == counts["forwarded"] + counts["refused"] == sum(ledger.tries.values())
        calls = sum(name.endswith("-0") for name in ledger.acknowledged)
        assert sum((await processor.sums("otel_evals_risk_total")).values()) == calls


async def test_a_worker_that_is_killed_comes_back_with_what_it_had(make_processor) -> None:
    (port,) = free_ports(1)
    processor = make_processor([destination(GrpcSink(port=port), queue="disk")], workers=2)
    await processor.start()
    sender = Sender(processor, lanes=16)
    async with sender.sending() as ledger:
        await sender.some(100)
        before = await processor.spans()
        os.kill(processor.workers()[0], signal.SIGKILL)
        await until(lambda: _restarts(processor), "the death is counted")
        await until(processor.is_ready, "ready again")
        assert len(processor.workers()) == 2
        after = await processor.spans()
        assert all(after[key] >= before[key] for key in ("received", "forwarded", "refused", "failed"))
        await sender.some(50)
        async with GrpcSink(port=port) as sink:
            await sender.some(50)
            await sender.finish()
            check(ledger, await all_arrive(ledger, sink))


async def _restarts(processor) -> float:
    return sum((await processor.sums("otel_evals_worker_restarts_total")).values())


async def test_when_the_host_is_killed_its_workers_end_and_the_next_run_starts(make_processor) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink, queue="disk")], workers=2)
        await processor.start()
        sender = Sender(processor, lanes=8)
        async with sender.sending() as ledger:
            await sender.some(50)
            await processor.kill()
            await processor.start()
            await sender.some(50)
        check(ledger, await all_arrive(ledger, sink), resent=2 * 8 * 64)
        assert await processor.stop() == 0


@pytest.mark.takes_long
async def test_fewer_workers_take_over_what_the_others_left(make_processor) -> None:
    (port,) = free_ports(1)
    processor = make_processor(
        [destination(GrpcSink(port=port), queue="disk")], workers=2, join={"wait": "1h"}, shutdown={"grace": "1s"}
    )
    await processor.start()
    sender = Sender(processor, lanes=16)
    chat = sender.chat_body
    sender.body = lambda names, number: (
        chat(names, number)
        if number % 2
        else traces_body(
            *(make_span(BARE, trace=number, span=i, name=name) for i, name in enumerate(names, 1)), scope=SCOPE
        )
    )
    async with sender.sending() as ledger:
        await sender.some(200)
    spool = processor.folder / "data" / "spool"
    for kind in ("held", "queues/next"):
        assert len([f for f in spool.glob(f"*/*/{kind}/*.journal") if f.stat().st_size > 100]) == 2, "both have some"
    await processor.kill()
    processor.config |= {"workers": 1, "join": {"wait": "0s"}}
    await processor.start()
    async with GrpcSink(port=port) as sink:
        check(ledger, await all_arrive(ledger, sink))
        await until(processor.balanced, "counts that add up")
        assert (await processor.spans())["received"] == len(ledger.acknowledged)


async def test_content_that_reaches_another_worker_than_its_span_is_joined(make_processor) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)], workers=2, join={"wait": "20s"})
        await processor.start()
        for number in range(1, 41):
            span = traces_body(make_span(BARE, trace=number, span=1, name=f"call-{number}"), scope=SCOPE)
            logs = logs_body(ASKED, ANSWERED, trace=number, span=1, scope=SCOPE)
            first, second = ((Signal.TRACES, span), (Signal.LOGS, logs))[:: 1 if number % 2 else -1]
            # A new connection each: the system deals them out to the workers.
            await export(processor, *first)
            await export(processor, *second)
        await until(lambda: len(arrived(sink)) == 40, "every span leaves", timeout=15)
        without = [name for name, (span,) in arrived(sink).items() if "pii" not in verdicts(span)]
        assert without == []
        joined = await processor.sums("otel_evals_join_total", otel_evals_outcome="joined")
        assert sum(joined.values()) >= 20


async def test_documents_that_reach_another_worker_than_their_call_are_known_to_it(make_processor) -> None:
    retrieval = {
        "gen_ai.operation.name": "retrieval",
        "openinference.span.kind": "RETRIEVER",
        "retrieval.documents.0.document.content": "Refunds are possible within thirty days.",
        "retrieval.documents.0.document.id": "doc-1",
    }
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)], workers=2, join={"wait": "5s"})
        await processor.start()
        for number in range(1, 21):
            retriever = make_span(retrieval, trace=number, span=2, parent=1, name=f"retriever-{number}", seconds=0.5)
            chat = make_span(chat_attributes(), trace=number, span=3, parent=1, name=f"call-{number}", start=1)
            await export(processor, Signal.TRACES, traces_body(retriever))
            await export(processor, Signal.TRACES, traces_body(chat))
        calls = await until(
            lambda: len(found := {n: c for n, c in arrived(sink).items() if n.startswith("call")}) == 20 and found,
            "every call leaves",
        )
        lacking = [name for name, (span,) in calls.items() if "retrieval_support" not in verdicts(span)]
        assert lacking == []


async def export(processor, signal_: Signal, body: bytes) -> None:
    """Send over a connection of its own, by turns over one transport and the other."""
    if len(body) % 2:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"http://127.0.0.1:{processor.http}{signal_.http_path}",
                data=body,
                headers={"Content-Type": "application/x-protobuf"},
            ) as answer,
        ):
            assert answer.status == 200
        return
    options = (("grpc.use_local_subchannel_pool", 1),)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{processor.grpc}", options=options) as channel:
        await channel.unary_unary(signal_.grpc_method)(body, timeout=15)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_the_pages_answer(make_processor, path) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)])
        await processor.start()
        assert (await processor.page(path))[0] == 200
