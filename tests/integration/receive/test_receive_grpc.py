"""OTLP/gRPC from outside: status codes, compression, limits, stopping."""

import asyncio
import gzip
import socket
import struct
import zlib

import grpc
import pytest
from google.rpc import status_pb2  # pyright: ignore[reportMissingModuleSource]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel_evals.records.errors import DecodeError, Refused, TooLarge, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.records.units import ByteSize, Duration, Secret

Code = grpc.StatusCode
RESPONSES = {
    Signal.TRACES: ExportTraceServiceResponse,
    Signal.LOGS: ExportLogsServiceResponse,
    Signal.METRICS: ExportMetricsServiceResponse,
}


@pytest.fixture
async def export():
    """`await export(house, body, signal)`: the response's bytes, or raises AioRpcError."""
    channels = []

    async def call(house, body, signal=Signal.TRACES, *, method=None, metadata=None, deadline=10, compression=None):
        channel = grpc.aio.insecure_channel(
            f"127.0.0.1:{house.entrance.grpc_port}",
            compression=compression,
            options=[("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)],
        )
        channels.append(channel)
        return await channel.unary_unary(method or signal.grpc_method)(body, metadata=metadata, timeout=deadline)

    yield call
    for channel in channels:
        await channel.close()


async def code_of(call) -> grpc.StatusCode:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return Code.OK


@pytest.mark.parametrize("signal", list(Signal))
async def test_each_signal_is_taken_and_partial_success_is_told(open_house, make, export, signal):
    house = await open_house()
    assert await export(house, make.trace(), signal) == b""
    house.intake.answer = Accepted(rejected=2, message="two were bad")
    told = RESPONSES[signal].FromString(await export(house, make.trace(), signal)).partial_success
    (rejected,) = (value for field, value in told.ListFields() if field.name.startswith("rejected"))
    assert (rejected, told.error_message) == (2, "two were bad")
    assert house.intake.bodies == [(signal, make.trace())] * 2


@pytest.mark.parametrize(
    "case",
    [
        (DecodeError("bad"), Code.INVALID_ARGUMENT, "undecodable"),
        (TooLarge("big"), Code.RESOURCE_EXHAUSTED, "too_large"),
        (Unavailable("later", retry_after=7), Code.UNAVAILABLE, "unavailable"),
        (Refused("no", code="x"), Code.INVALID_ARGUMENT, "refused_downstream"),
        (RuntimeError("a bug"), Code.UNAVAILABLE, "failed"),
    ],
)
async def test_each_error_of_the_intake_has_its_code(open_house, make, export, case):
    error, code, reason = case
    house = await open_house()
    house.intake.answer = error
    with pytest.raises(grpc.aio.AioRpcError) as told:
        await export(house, make.trace())
    assert told.value.code() is code
    assert "a bug" not in (told.value.details() or "")
    assert house.refused == [(Signal.TRACES, reason, len(make.trace()))]
    details = dict(told.value.trailing_metadata() or ())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(details)
    assert status.code == code.value[0]
    assert bool(status.details) == (code is Code.UNAVAILABLE)


@pytest.mark.parametrize("body", [b"\x0a\xff", b"\x0a\x05abc", b"\xff" * 20, b"\x0b", b"\x78\x9c123", b"\x1f\x8b123"])
async def test_an_undecodable_message_is_an_invalid_argument(open_house, make, export, body):
    house = await open_house()
    assert await code_of(export(house, body)) is Code.INVALID_ARGUMENT
    assert await code_of(export(house, make.trace())) is Code.OK


@pytest.mark.parametrize("method", ["/x/y", "/opentelemetry.proto.collector.trace.v1.TraceService/Other", "/"])
async def test_an_unknown_method_is_unimplemented(open_house, export, method):
    house = await open_house()
    assert await code_of(export(house, b"", method=method)) is Code.UNIMPLEMENTED


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate, None])
@pytest.mark.parametrize("spans", [0, 1, 30_000])
async def test_compressed_messages_are_inflated(open_house, make, export, compression, spans):
    house = await open_house()
    body = make.trace(spans, name="a name that is worth compressing")
    await export(house, body, compression=compression)
    assert house.intake.bodies == [(Signal.TRACES, body)]


async def test_broken_compression_is_an_invalid_argument(open_house, make, export):
    house = await open_house()
    for body in (gzip.compress(make.trace())[:-3], gzip.compress(make.trace()) + b"x", zlib.compress(b"abc")[:-1]):
        assert await code_of(export(house, body)) is Code.INVALID_ARGUMENT
    assert house.intake.bodies == []


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_a_message_over_the_limit_is_resource_exhausted(open_house, make, export, compression):
    house = await open_house(grpc={"max_body": ByteSize(1 << 20)})
    for size in ((1 << 20) + 1, 32 << 20):
        assert await code_of(export(house, b"\0" * size, compression=compression)) is Code.RESOURCE_EXHAUSTED
    assert house.entrance.admission.in_flight_bytes == 0
    assert await code_of(export(house, make.trace())) is Code.OK


async def test_credentials_are_asked_for(open_house, make, export):
    house = await open_house(auth={"bearer_tokens": (Secret("right"),), "headers": {"X-Key": Secret("k")}})
    for metadata in (None, (("authorization", "Bearer wrong"),), (("authorization", "right"),), (("x-key", "j"),)):
        assert await code_of(export(house, b"\xff", metadata=metadata)) is Code.UNAUTHENTICATED
    for metadata in ((("authorization", "Bearer right"),), (("x-key", "k"),)):
        assert await code_of(export(house, make.trace(), metadata=metadata)) is Code.OK
    assert {reason for _, reason, _ in house.refused} == {"unauthenticated"}


async def test_over_the_marks_senders_are_told_to_retry(open_house, make, export):
    house = await open_house(limits={"max_requests": 1})
    house.intake.gate = asyncio.Event()
    first = asyncio.ensure_future(export(house, make.trace()))
    await house.intake.entered.wait()
    assert await code_of(export(house, make.trace())) is Code.UNAVAILABLE
    assert (await house.post(make.trace())).status == 503, "both doors share the room"
    house.intake.gate.set()
    assert await first == b""
    assert await code_of(export(house, make.trace())) is Code.OK


async def test_a_slow_intake_is_answered_before_the_sender_gives_up(open_house, make, export):
    house = await open_house(limits={"handler_timeout": Duration(0.2)})
    house.intake.gate = asyncio.Event()
    assert await code_of(export(house, make.trace())) is Code.UNAVAILABLE
    assert house.intake.cancelled.is_set()


async def test_work_for_a_cancelled_call_ends(open_house, make, export):
    house = await open_house()
    house.intake.gate = asyncio.Event()
    call = asyncio.ensure_future(export(house, make.trace()))
    await house.intake.entered.wait()
    call.cancel()
    await house.intake.cancelled.wait()
    house.intake.gate = None
    assert await code_of(export(house, make.trace())) is Code.OK
    assert house.entrance.admission.requests == 0


async def test_stopping_finishes_what_is_in_flight(open_house, make, export):
    house = await open_house()
    house.intake.gate = asyncio.Event()
    call = asyncio.ensure_future(export(house, make.trace()))
    await house.intake.entered.wait()
    stopping = asyncio.ensure_future(house.entrance.stop(10))
    # A call that meets the closing connection is cancelled by gRPC itself; senders retry after both.
    assert await code_of(export(house, make.trace(), deadline=3)) in {Code.UNAVAILABLE, Code.CANCELLED}
    house.intake.gate.set()
    assert await call == b""
    await stopping


async def test_stopping_ends_after_its_grace(open_house, make, export):
    house = await open_house()
    house.intake.gate = asyncio.Event()
    call = asyncio.ensure_future(export(house, make.trace()))
    await house.intake.entered.wait()
    await house.entrance.stop(0.1)
    assert await code_of(call) in {Code.UNAVAILABLE, Code.CANCELLED}


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        bytes(range(256)) * 16,
        _PREFACE + _frame(4, 0, 0, b"") + _frame(0, 1, 1, b"data without headers"),
        _PREFACE + _frame(4, 0, 0, b"odd"),
        _PREFACE + _frame(4, 0, 0, b"") + _frame(1, 4, 2, b"\xff" * 40),
        _PREFACE + _frame(4, 0, 0, b"") + b"\xff" * 9,
    ],
)
async def test_bytes_that_are_no_grpc_harm_nobody(open_house, make, export, noise):
    house = await open_house()
    with socket.create_connection(("127.0.0.1", house.entrance.grpc_port)) as connection:
        connection.sendall(noise)
        assert await code_of(export(house, make.trace())) is Code.OK


async def test_an_address_in_use_is_an_error_that_names_it(open_house):
    house = await open_house()
    with pytest.raises(OSError, match=str(house.entrance.grpc_port)):
        await open_house(grpc={"listen": f"127.0.0.1:{house.entrance.grpc_port}"})
    with pytest.raises(OSError, match=str(house.entrance.http_port)):
        await open_house(http={"listen": f"127.0.0.1:{house.entrance.http_port}"})
