"""What the sender hears when a destination's content policy cannot read a body."""

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.forward.content import ContentPolicy
from otel_evals.records.errors import Refused
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.testing.ledger import quick_destination
from otel_evals.testing.sinks import HttpSink

UNREADABLE = b"\x0a\xffgen_ai."


@pytest.fixture
async def sinks():
    async with HttpSink() as plain, HttpSink() as cleaned:
        yield plain, cleaned


def destinations(sinks, *, required):
    plain, cleaned = sinks
    return (
        quick_destination(plain.url, name="plain"),
        quick_destination(cleaned.url, name="cleaned", required=required, content=ContentPolicy.DROP_CONTENT),
    )


async def test_an_optional_destination_whose_policy_cannot_read_a_body_costs_the_sender_nothing(
    sinks, forwarding, book
):
    forwarder = await forwarding(*destinations(sinks, required=False))
    assert await forwarder.send(Signal.TRACES, UNREADABLE, 3) == Accepted()
    assert [request.body for request in sinks[0].received] == [UNREADABLE]
    assert sinks[1].received == []
    assert book.lost == {("cleaned", "refused"): 3}


async def test_a_required_destination_whose_policy_cannot_read_a_body_refuses_it(sinks, forwarding, book):
    forwarder = await forwarding(*destinations(sinks, required=True))
    with pytest.raises(Refused):
        await forwarder.send(Signal.TRACES, UNREADABLE, 3)
    assert sinks[1].received == []
    assert book.lost == {("cleaned", "refused"): 3}


async def test_the_markers_that_the_forwarder_is_given_reach_the_policy(sinks, forwarding):
    said = "Her name is Jane. " * 20
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="acme.agents run")
    span.attributes.add(key="note").value.string_value = said
    forwarder = await forwarding(*destinations(sinks, required=True), markers=[b"acme.agents"])
    await forwarder.send(Signal.TRACES, request.SerializeToString(), 1)
    assert said.encode() in sinks[0].received[0].body
    assert said.encode() not in sinks[1].received[0].body
