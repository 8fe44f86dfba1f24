"""kill -9 under load: what was acknowledged arrives, what doubles was sent twice, and no start needs a hand."""

import pytest

from otel_evals.testing.builders import make_span, traces_body
from otel_evals.testing.sinks import GrpcSink, span_names
from tests.integration.process.rig import LONG, Sender, all_arrive, arrived, check, destination, until

KILLS = 20 if LONG else 3
SCOPE = "opentelemetry.instrumentation.openai_v2"
BARE = {
    "gen_ai.system": "openai",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.finish_reasons": ["stop"],
}


def under_way(sink: GrpcSink, kills: int) -> int:
    """Spans that may have been on their way to the next hop at the kills, for which its answer was not heard."""
    largest = max(len(span_names(request.body)) for request in sink.accepted)
    return kills * 8 * largest


@pytest.mark.parametrize("queue", ["disk", "none"])
@pytest.mark.timeout(120 + 60 * KILLS)
async def test_every_acknowledged_span_arrives_though_the_process_is_killed(make_processor, queue) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink, queue=queue)])
        await processor.start()
        sender = Sender(processor)
        async with sender.sending() as ledger:
            for _ in range(KILLS):
                await sender.some(60)
                await processor.kill()
                await processor.start()
            await sender.some(60)
        found = await all_arrive(ledger, sink)
        check(ledger, found, resent=0 if queue == "none" else under_way(sink, KILLS))
        await until(processor.balanced, "counts that add up")
        assert await processor.stop() == 0


async def test_spans_that_wait_for_their_content_outlive_a_kill(make_processor) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)], join={"wait": "1h"})
        await processor.start()
        sender = Sender(processor)
        sender.body = lambda names, number: traces_body(
            *(make_span(BARE, trace=number, span=i, name=name) for i, name in enumerate(names, 1)), scope=SCOPE
        )
        async with sender.sending() as ledger:
            await sender.some(40)
            await processor.kill()
            assert not arrived(sink), "they wait"
            processor.config["join"]["wait"] = "200ms"
            await processor.start()
            await sender.some(10)
        found = await all_arrive(ledger, sink)
        check(ledger, found)
        assert await processor.stop() == 0
