"""A sender that goes away before it is told that its request is safe will send it again: the queue keeps no copy."""

import asyncio

import pytest

from otel_evals.forward.settings import QueueKind
from otel_evals.records.signal import Signal
from otel_evals.testing.ledger import quick_destination
from otel_evals.testing.sinks import GrpcSink, traces_body


async def test_a_request_that_was_given_up_while_it_was_written_is_not_forwarded(forwarding) -> None:
    async with GrpcSink() as sink:
        forwarder = await forwarding(quick_destination(sink.url, queue=QueueKind.DISK))
        leaving = asyncio.create_task(forwarder.send(Signal.TRACES, traces_body("left"), 1))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await forwarder.send(Signal.TRACES, traces_body("stayed"), 1)
        await sink.wait_for(lambda: "stayed" in sink.span_names())
        await forwarder.stop(5)
        assert sink.span_names() == ["stayed"]
        assert not len(forwarder.disk_queue("next").journal)
