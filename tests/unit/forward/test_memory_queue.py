"""Destinations without a disk queue, over real sockets: what the sender gets for what the next hop says."""

import asyncio

import pytest

from otel_evals.forward.settings import Compression
from otel_evals.records.errors import Refused, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.records.units import ByteSize, Duration, Secret
from otel_evals.testing.ledger import quick_destination
from otel_evals.testing.sinks import HANG, GrpcSink, HttpSink, RawSink, Reply, noise, reset, span_names, traces_body

RETRYABLE = [
    *[("grpc", c) for c in ("CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS")],
    *[("http", c) for c in ("429", "502", "503", "504")],
]
FINAL = [
    *[("grpc", c) for c in ("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "INTERNAL", "UNKNOWN")],
    *[("grpc", c) for c in ("UNIMPLEMENTED", "RESOURCE_EXHAUSTED", "ALREADY_EXISTS")],
    *[("http", c) for c in ("400", "404", "405", "408", "409", "415", "422", "500", "501")],
]
DENIED = [("grpc", "UNAUTHENTICATED"), ("grpc", "PERMISSION_DENIED"), ("http", "401"), ("http", "403")]
BODY = traces_body("a span")


@pytest.fixture
async def sinks():
    async with GrpcSink() as over_grpc, HttpSink() as over_http:
        yield {"grpc": over_grpc, "http": over_http}


both = pytest.mark.parametrize("kind", ["grpc", "http"])


@both
@pytest.mark.parametrize("signal", list(Signal))
async def test_a_body_arrives_as_it_was_with_its_headers(sinks, forwarding, book, kind, signal):
    forwarder = await forwarding(quick_destination(sinks[kind].url, headers={"X-Api-Key": Secret("k1")}))
    assert await forwarder.send(signal, BODY, 1) == Accepted()
    (request,) = sinks[kind].received
    assert (request.signal, request.body) == (signal, BODY)
    assert {k.lower(): v for k, v in request.headers.items()}["x-api-key"] == "k1"
    assert book.sent["next"] == 1


@pytest.mark.parametrize(("kind", "compression"), [("grpc", "gzip"), ("http", "gzip"), ("http", "zstd")])
async def test_a_compressed_body_arrives_as_it_was(sinks, forwarding, kind, compression):
    forwarder = await forwarding(quick_destination(sinks[kind].url, compression=Compression(compression)))
    large = traces_body("large", filler=2 << 20)
    await forwarder.send(Signal.TRACES, BODY, 1)
    await forwarder.send(Signal.TRACES, large, 1)
    assert [r.body for r in sinks[kind].received] == [BODY, large]


@pytest.mark.parametrize(("kind", "code"), RETRYABLE)
async def test_what_may_succeed_later_is_sent_again(sinks, forwarding, book, kind, code):
    sinks[kind].then(Reply(code=code), Reply(code=code))
    forwarder = await forwarding(quick_destination(sinks[kind].url))
    assert await forwarder.send(Signal.TRACES, BODY, 1) == Accepted()
    assert [r.body for r in sinks[kind].received] == [BODY] * 3
    assert book.retries == {code: 2}


@pytest.mark.parametrize(("kind", "code"), RETRYABLE)
async def test_what_never_succeeds_becomes_a_retryable_answer_in_time(sinks, forwarding, book, kind, code):
    sinks[kind].default = Reply(code=code)
    forwarder = await forwarding(quick_destination(sinks[kind].url, timeout=Duration(0.5)))
    with pytest.raises(Unavailable):
        await forwarder.send(Signal.TRACES, BODY, 1)
    assert len(sinks[kind].received) > 1
    assert not book.lost


@pytest.mark.parametrize(("kind", "code"), FINAL)
async def test_what_is_refused_for_good_is_never_sent_again(sinks, forwarding, book, kind, code):
    sinks[kind].default = Reply(code=code, message="no")
    forwarder = await forwarding(quick_destination(sinks[kind].url))
    with pytest.raises(Refused) as refusal:
        await forwarder.send(Signal.TRACES, BODY, 1)
    assert refusal.value.code == code
    assert len(sinks[kind].received) == 1
    assert book.lost == {("next", "refused"): 1}


@pytest.mark.parametrize(("kind", "code"), DENIED)
async def test_bad_credentials_are_retryable_for_the_sender_but_not_tried_again(sinks, forwarding, book, kind, code):
    sinks[kind].default = Reply(code=code)
    forwarder = await forwarding(quick_destination(sinks[kind].url))
    with pytest.raises(Unavailable, match=code):
        await forwarder.send(Signal.TRACES, BODY, 1)
    assert len(sinks[kind].received) == 1
    assert not book.lost


async def test_exhausted_resources_with_retry_info_are_tried_again(sinks, forwarding):
    sinks["grpc"].then(Reply(code="RESOURCE_EXHAUSTED", retry_after=0.01))
    forwarder = await forwarding(quick_destination(sinks["grpc"].url))
    assert await forwarder.send(Signal.TRACES, BODY, 1) == Accepted()


@pytest.mark.parametrize(("kind", "code"), [("grpc", "UNAVAILABLE"), ("http", "503")])
async def test_a_wish_to_wait_longer_than_the_sender_does_is_passed_on_at_once(sinks, forwarding, kind, code):
    sinks[kind].default = Reply(code=code, retry_after=60)
    forwarder = await forwarding(quick_destination(sinks[kind].url))
    with pytest.raises(Unavailable) as refusal:
        await forwarder.send(Signal.TRACES, BODY, 1)
    assert refusal.value.retry_after == 60
    assert len(sinks[kind].received) == 1


@both
async def test_a_partial_success_is_counted_told_and_not_sent_again(sinks, forwarding, book, kind):
    sinks[kind].default = Reply(rejected=2, message="two are bad")
    forwarder = await forwarding(quick_destination(sinks[kind].url))
    accepted = await forwarder.send(Signal.TRACES, traces_body(*"abcde"), 5)
    assert accepted.rejected == 2
    assert "two are bad" in accepted.message
    assert len(sinks[kind].received) == 1
    assert book.sent == {"next": 3}
    assert book.lost == {("next", "partial_success"): 2}


@both
async def test_a_partial_success_of_a_merged_request_is_counted_once_and_only_mentioned(sinks, forwarding, book, kind):
    sinks[kind].then(Reply(delay=0.01)).default = Reply(rejected=3, message="bad ones")
    forwarder = await forwarding(quick_destination(sinks[kind].url))
    first, *others = await asyncio.gather(*(forwarder.send(Signal.TRACES, traces_body("a", "b"), 2) for _ in range(4)))
    assert first == Accepted()
    assert len(sinks[kind].received) == 2
    assert all(o.rejected == 0 and "bad ones" in o.message for o in others)
    assert book.lost == {("next", "partial_success"): 3}
    assert book.sent == {"next": 5}


@both
async def test_what_waits_while_a_request_is_under_way_goes_as_one(sinks, forwarding, book, kind):
    forwarder = await forwarding(quick_destination(sinks[kind].url))
    names = [f"span {n}" for n in range(100)]
    await asyncio.gather(*(forwarder.send(Signal.TRACES, traces_body(name), 1) for name in names))
    assert sinks[kind].span_names() == names
    assert len(sinks[kind].received) < 20
    assert book.sent["next"] == 100


@both
async def test_one_poisoned_body_takes_no_innocent_one_with_it(sinks, forwarding, book, kind):
    bad = {"grpc": "INVALID_ARGUMENT", "http": "400"}[kind]
    sinks[kind].decide = lambda _, body: Reply(code=bad) if b"poison" in body else None
    forwarder = await forwarding(quick_destination(sinks[kind].url))
    names = [f"span {n}" for n in range(40)]
    names[17] = "poison"
    answers = await asyncio.gather(
        *(forwarder.send(Signal.TRACES, traces_body(n), 1) for n in names), return_exceptions=True
    )
    assert isinstance(answers.pop(17), Refused)
    assert answers == [Accepted()] * 39
    assert sorted(sinks[kind].span_names()) == sorted(n for n in names if n != "poison")


async def test_a_body_that_fails_the_next_hop_again_and_again_soon_travels_alone(sinks, forwarding):
    sinks["grpc"].decide = lambda _, body: Reply(code="UNAVAILABLE") if b"poison" in body else None
    forwarder = await forwarding(quick_destination(sinks["grpc"].url, timeout=Duration(3)))
    names = ["poison", *(f"span {n}" for n in range(20))]
    sends = [asyncio.ensure_future(forwarder.send(Signal.TRACES, traces_body(n), 1)) for n in names]
    await asyncio.gather(*sends[1:])
    assert not sends[0].done()
    sends[0].cancel()


@both
async def test_a_body_beyond_the_next_hops_limit_is_cut_and_one_item_too_large_is_dropped(
    sinks, forwarding, book, kind
):
    reply = {"grpc": Reply(code="RESOURCE_EXHAUSTED", message="message larger than max"), "http": Reply(code="413")}
    sinks[kind].decide = lambda _, body: reply[kind] if len(body) > 2000 else None
    forwarder = await forwarding(quick_destination(sinks[kind].url))
    names = [f"s{n}" for n in range(16)]
    assert await forwarder.send(Signal.TRACES, traces_body(*names, filler=500), 16) == Accepted()
    assert sinks[kind].span_names() == names
    accepted = await forwarder.send(Signal.TRACES, traces_body("huge", filler=5000), 1)
    assert accepted.rejected == 1
    assert book.sent == {"next": 16}
    assert book.lost == {("next", "too_large"): 1}


@both
async def test_our_own_limit_is_kept_before_anything_is_sent(sinks, forwarding, kind):
    forwarder = await forwarding(quick_destination(sinks[kind].url, max_request=ByteSize(3000)))
    names = [f"s{n}" for n in range(10)]
    await forwarder.send(Signal.TRACES, traces_body(*names, filler=1000), 10)
    assert sinks[kind].span_names() == names
    assert max(len(r.body) for r in sinks[kind].received) <= 3000


async def test_a_real_grpc_servers_size_limit_is_met_by_cutting(forwarding, book):
    async with GrpcSink(max_bytes=10_000) as sink:
        forwarder = await forwarding(quick_destination(sink.url))
        names = [f"s{n}" for n in range(8)]
        assert await forwarder.send(Signal.TRACES, traces_body(*names, filler=3000), 8) == Accepted()
        assert sink.span_names() == names


@both
async def test_a_hanging_next_hop_becomes_a_retryable_answer_and_good_requests_pass_again(sinks, forwarding, kind):
    sinks[kind].then(HANG)
    forwarder = await forwarding(quick_destination(sinks[kind].url, timeout=Duration(0.3)))
    with pytest.raises(Unavailable, match="in time"):
        await forwarder.send(Signal.TRACES, BODY, 1)
    assert await forwarder.send(Signal.TRACES, BODY, 1) == Accepted()


@both
async def test_a_hanging_request_does_not_hold_up_later_ones(sinks, forwarding, kind):
    sinks[kind].decide = lambda _, body: HANG if b"stuck" in body else None
    forwarder = await forwarding(quick_destination(sinks[kind].url, timeout=Duration(30)))
    stuck = asyncio.ensure_future(forwarder.send(Signal.TRACES, traces_body("stuck"), 1))
    for _ in range(5):
        assert await forwarder.send(Signal.TRACES, BODY, 1) == Accepted()
    assert not stuck.done()
    stuck.cancel()


async def test_a_connection_cut_under_a_request_is_made_anew(sinks, forwarding):
    sinks["http"].then(Reply(reset=True), Reply(reset=True))
    forwarder = await forwarding(quick_destination(sinks["http"].url))
    assert await forwarder.send(Signal.TRACES, BODY, 1) == Accepted()


@both
async def test_a_next_hop_that_is_down_is_reached_once_it_is_up(forwarding, kind):
    make = {"grpc": GrpcSink, "http": HttpSink}[kind]
    async with make() as first:
        port = first.port
    forwarder = await forwarding(quick_destination(first.url, timeout=Duration(0.2)))
    with pytest.raises(Unavailable):
        await forwarder.send(Signal.TRACES, BODY, 1)
    async with make(port=port) as sink, asyncio.timeout(20):
        while not sink.received:
            try:
                await forwarder.send(Signal.TRACES, BODY, 1)
            except Unavailable:
                continue
        assert sink.received[0].body == BODY


@pytest.mark.parametrize("behaviour", [None, reset, noise])
@pytest.mark.parametrize("scheme", ["http", "http+proto", "https", "https+proto"])
async def test_whatever_does_not_speak_our_protocol_is_a_retryable_answer(forwarding, scheme, behaviour):
    async with RawSink(behaviour) as sink:
        forwarder = await forwarding(quick_destination(f"{scheme}://127.0.0.1:{sink.port}", timeout=Duration(0.3)))
        with pytest.raises(Unavailable):
            await forwarder.send(Signal.TRACES, BODY, 1)
        assert sink.connections


async def test_a_redirect_is_not_followed_and_credentials_stay_home(sinks, forwarding):
    async with HttpSink() as elsewhere:
        sinks["http"].default = Reply(code="307", headers={"Location": f"http://127.0.0.1:{elsewhere.port}/v1/traces"})
        forwarder = await forwarding(quick_destination(sinks["http"].url, headers={"authorization": Secret("b")}))
        with pytest.raises(Refused) as refusal:
            await forwarder.send(Signal.TRACES, BODY, 1)
        assert refusal.value.code == "307"
        assert elsewhere.received == []


@both
async def test_stopping_lets_what_is_under_way_end_and_refuses_what_comes_later(sinks, forwarding, kind):
    sinks[kind].default = Reply(delay=0.1)
    forwarder = await forwarding(quick_destination(sinks[kind].url))
    sends = [asyncio.ensure_future(forwarder.send(Signal.TRACES, BODY, 1)) for _ in range(5)]
    await asyncio.sleep(0)
    await forwarder.stop(10)
    assert [s.result() for s in sends] == [Accepted()] * 5
    with pytest.raises(Unavailable, match="shutting down"):
        await forwarder.send(Signal.TRACES, BODY, 1)


async def test_stopping_does_not_wait_beyond_its_grace(sinks, forwarding):
    sinks["grpc"].default = HANG
    forwarder = await forwarding(quick_destination(sinks["grpc"].url, timeout=Duration(60)))
    send = asyncio.ensure_future(forwarder.send(Signal.TRACES, BODY, 1))
    await sinks["grpc"].wait_for(lambda: bool(sinks["grpc"].received))
    await forwarder.stop(0.05)
    with pytest.raises(Unavailable, match="shutting down"):
        await send


@both
async def test_a_destination_that_is_not_required_never_fails_a_send_and_counts_its_losses(
    sinks, forwarding, book, kind
):
    sinks[kind].default = Reply(code={"grpc": "INVALID_ARGUMENT", "http": "400"}[kind])
    options = {"required": False, "queue_bytes": ByteSize(20_000)}
    forwarder = await forwarding(quick_destination(sinks[kind].url, **options))
    assert await forwarder.send(Signal.TRACES, BODY, 1) == Accepted()
    assert await forwarder.send(Signal.TRACES, traces_body("large", filler=3000), 1) == Accepted()
    await sinks[kind].wait_for(lambda: bool(sinks[kind].received))
    await forwarder.stop(5)
    assert book.lost == {("next", "refused"): 1, ("next", "queue_full"): 1}


async def test_several_destinations_work_side_by_side(sinks, forwarding, book):
    sinks["grpc"].default = HANG
    forwarder = await forwarding(
        quick_destination(sinks["grpc"].url, name="slow", required=False),
        quick_destination(sinks["http"].url, name="good"),
    )
    assert await forwarder.send(Signal.TRACES, BODY, 1) == Accepted()
    assert sinks["http"].span_names() == ["a span"]


@pytest.mark.parametrize(
    ("grpc_code", "http_code", "error"),
    [("UNAVAILABLE", "400", Unavailable), ("OK", "503", Unavailable), ("OK", "400", Refused)],
)
async def test_the_answer_of_several_destinations_is_the_gravest(sinks, forwarding, grpc_code, http_code, error):
    sinks["grpc"].default, sinks["http"].default = Reply(code=grpc_code), Reply(code=http_code)
    forwarder = await forwarding(
        quick_destination(sinks["grpc"].url, name="one", timeout=Duration(0.2)),
        quick_destination(sinks["http"].url, name="two", timeout=Duration(0.2)),
    )
    with pytest.raises(error):
        await forwarder.send(Signal.TRACES, BODY, 1)


async def test_a_destination_gets_the_signals_that_it_asked_for(sinks, forwarding, book):
    forwarder = await forwarding(quick_destination(sinks["grpc"].url, signals=(Signal.TRACES,)))
    await forwarder.send(Signal.TRACES, BODY, 1)
    assert await forwarder.send(Signal.LOGS, BODY, 3) == Accepted()
    assert [r.signal for r in sinks["grpc"].received] == [Signal.TRACES]
    assert book.lost == {("", "no_destination"): 3}


async def test_merged_bodies_are_what_was_sent_and_no_more(sinks, forwarding):
    forwarder = await forwarding(quick_destination(sinks["grpc"].url, coalesce=ByteSize(0)))
    await asyncio.gather(*(forwarder.send(Signal.TRACES, traces_body(f"s{n}"), 1) for n in range(10)))
    assert sorted(n for r in sinks["grpc"].received for n in span_names(r.body)) == sorted(f"s{n}" for n in range(10))
    assert len(sinks["grpc"].received) == 10
