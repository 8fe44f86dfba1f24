"""OTLP/HTTP from outside: what each kind of request is told, and that the server goes on."""

import asyncio
import gzip
import json
import socket
import struct
import zlib

import pytest
import zstandard
from google.rpc import status_pb2  # pyright: ignore[reportMissingModuleSource]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel_evals.receive.admission import Admission
from otel_evals.receive.http import HttpServer
from otel_evals.receive.http_message import Response, Route
from otel_evals.receive.http_otlp import refuse_text
from otel_evals.receive.settings import HttpSettings, LimitSettings
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import DecodeError, Refused, TooLarge, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.records.units import ByteSize, Duration, Secret


async def assert_alive(house, make) -> None:
    assert (await house.post(make.trace())).status == 200


@pytest.mark.parametrize("signal", list(Signal))
async def test_each_signal_is_taken_at_its_path(open_house, make, signal):
    house = await open_house()
    answer = await house.post(make.trace(), signal.http_path)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert house.intake.bodies == [(signal, make.trace())]


async def test_an_empty_request_is_a_success(open_house):
    house = await open_house()
    assert (await house.post(b"")).status == 200
    assert (await house.post(b"{}", content_type="application/json")).body == b"{}"


async def test_json_reaches_the_intake_as_protobuf(open_house, make):
    house = await open_house()
    spans = [{"traceId": "01" * 16, "spanId": "0000000000000001", "name": "op"}]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    answer = await house.post(body, content_type="Application/JSON; charset=utf-8")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"{}", "application/json")
    assert house.intake.bodies == [(Signal.TRACES, make.trace())]


async def test_a_text_cut_through_an_emoji_does_not_cost_the_batch(open_house, make):
    house = await open_house()
    body = rb'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"cut \ud83d"}]}]}]}'
    assert (await house.post(body, content_type="application/json")).status == 200
    ((_, taken),) = house.intake.bodies
    assert "cut \ufffd".encode() in taken


async def test_partial_success_is_told_in_the_format_of_the_request(open_house, make):
    house = await open_house()
    house.intake.answer = Accepted(rejected=3, message="three were bad")
    response = ExportTraceServiceResponse.FromString((await house.post(make.trace())).body)
    assert response.partial_success.rejected_spans == 3
    assert response.partial_success.error_message == "three were bad"
    answer = await house.post(b"{}", content_type="application/json")
    assert json.loads(answer.body) == {"partialSuccess": {"rejectedSpans": "3", "errorMessage": "three were bad"}}


@pytest.mark.parametrize(
    "case",
    [
        (DecodeError("bad"), 400, 3, "undecodable"),
        (TooLarge("big"), 413, 8, "too_large"),
        (Unavailable("later", retry_after=7), 503, 14, "unavailable"),
        (Refused("no", code="400"), 400, 3, "refused_downstream"),
        (RuntimeError("a bug"), 503, 14, "failed"),
    ],
)
async def test_each_error_of_the_intake_has_its_status_with_a_status_body(open_house, make, case):
    error, status, code, reason = case
    house = await open_house()
    house.intake.answer = error
    answer = await house.post(make.trace())
    assert answer.status == status
    assert status_pb2.Status.FromString(answer.body).code == code
    in_json = await house.post(b"{}", content_type="application/json")
    assert in_json.status == status
    assert json.loads(in_json.body)["code"] == code
    assert [told[:2] for told in house.refused] == [(Signal.TRACES, reason)] * 2
    assert ("a bug" in repr(house.faults)) == isinstance(error, RuntimeError)
    assert b"a bug" not in answer.body


async def test_a_retry_hint_travels_as_header_and_as_retry_info(open_house, make):
    house = await open_house()
    house.intake.answer = Unavailable("later", retry_after=7)
    answer = await house.post(make.trace())
    assert answer.headers["retry-after"] == "7"
    (detail,) = status_pb2.Status.FromString(answer.body).details
    assert detail.type_url.endswith("google.rpc.RetryInfo")
    assert detail.value == b"\x0a\x02\x08\x07"


@pytest.mark.parametrize("body", [b"\x0a\xff", b"\x0a\x05abc", b"\xff" * 20, b"\x0b", b"\x1f\x8b"])
async def test_broken_protobuf_is_a_bad_request(open_house, make, body):
    house = await open_house()
    assert (await house.post(body)).status == 400
    await assert_alive(house, make)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}\xef\xbb\xbf", b"{} {}", b'{"resourceSpans": 1}', b"1" * 9999])
async def test_broken_json_is_a_bad_request(open_house, make, body):
    house = await open_house()
    answer = await house.post(body, content_type="application/json")
    assert answer.status == 400
    assert json.loads(answer.body)["message"]
    await assert_alive(house, make)


@pytest.mark.parametrize("content_type", ["text/plain", "application/grpc", "application/jsonp", None, ""])
async def test_an_unknown_content_type_is_unsupported(open_house, make, content_type):
    house = await open_house()
    assert (await house.post(make.trace(), content_type=content_type)).status == 415
    await assert_alive(house, make)


def _zstd_stream(body: bytes) -> bytes:
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(body) + compressor.flush()


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:10]) + gzip.compress(body[10:])),
        ("deflate", zlib.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
        ("zstd", _zstd_stream),
        ("identity", bytes),
    ],
)
@pytest.mark.parametrize("spans", [1, 30_000])
async def test_compressed_bodies_are_inflated_whole(open_house, make, encoding, compress, spans):
    house = await open_house()
    body = make.trace(spans, name="a name that is worth compressing")
    assert (await house.post(compress(body), content_encoding=encoding)).status == 200
    assert house.intake.bodies == [(Signal.TRACES, body)]
    assert house.entrance.admission.in_flight_bytes == 0


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(b"x" * 1000)[:-4]),
        ("gzip", gzip.compress(b"x" * 1000) + b"trailing"),
        ("gzip", gzip.compress(b"x") + gzip.compress(b"y")[:12]),
        ("gzip", gzip.compress(b"x" * 1000)[:-8] + b"\0" * 8),
        ("gzip", b""),
        ("deflate", zlib.compress(b"x" * 1000)[:-2]),
        ("zstd", zstandard.ZstdCompressor().compress(b"x" * 1000)[:-1]),
        ("zstd", zstandard.ZstdCompressor().compress(b"x" * 1000) + b"trailing"),
        ("zstd", b"\x28\xb5"),
    ],
)
async def test_a_broken_compressed_body_is_a_bad_request(open_house, make, encoding, body):
    house = await open_house()
    assert (await house.post(body, content_encoding=encoding)).status == 400
    assert house.intake.bodies == []
    await assert_alive(house, make)


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "compress", "x"])
async def test_an_unknown_encoding_is_unsupported(open_house, make, encoding):
    house = await open_house()
    assert (await house.post(make.trace(), content_encoding=encoding)).status == 415
    await assert_alive(house, make)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
async def test_a_body_over_the_limit_after_decompression_is_too_large(open_house, make, encoding):
    compress = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.ZstdCompressor().compress}[encoding]
    house = await open_house(http={"max_body": ByteSize(3 << 20)})
    assert (await house.post(compress(b"\0" * (64 << 20)), content_encoding=encoding)).status == 413
    assert house.entrance.admission.in_flight_bytes == 0
    await assert_alive(house, make)


async def test_a_body_over_the_limit_is_refused_by_its_length_and_the_sender_reads_why(open_house, make):
    house = await open_house(http={"max_body": ByteSize(1000)})
    wire = await house.wire()
    await wire.send(make.request(b"x" * 200_000))
    assert (await wire.answer()).status == 413
    await wire.send(make.request(make.trace()))
    assert (await wire.answer()).status == 200, "what was left of the body is thrown away, the connection goes on"


async def test_a_chunked_body_over_the_limit_is_refused_at_the_limit(open_house, make):
    house = await open_house(http={"max_body": ByteSize(1000)})
    wire = await house.wire()
    await wire.send(make.request(b"", content_length=None, transfer_encoding="chunked"))
    for _ in range(5):
        await wire.send(b"190\r\n" + b"x" * 400 + b"\r\n")
    answer = await wire.answer()
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert await wire.ended()
    await assert_alive(house, make)


async def test_a_refused_body_without_end_is_cut_off(open_house, make):
    house = await open_house(http={"max_body": ByteSize(1000), "discard_bytes": ByteSize(100_000)})
    wire = await house.wire()
    await wire.send(make.request(b"", content_length=str(1 << 40)))
    assert (await wire.answer()).status == 413
    with pytest.raises(ConnectionError):  # noqa: PT012 - one of many sends is the one that fails
        while True:
            await wire.send(b"x" * 65536)
    await assert_alive(house, make)


async def test_a_chunked_body_is_taken(open_house, make):
    house = await open_house()
    wire = await house.wire()
    body = make.trace()
    chunks = b"".join(b"1;ext=1\r\n%c\r\n" % byte for byte in body) + b"0\r\ntrailer: x\r\n\r\n"
    await wire.send(make.request(chunks, content_length=None, transfer_encoding="chunked"))
    assert (await wire.answer()).status == 200
    assert house.intake.bodies == [(Signal.TRACES, body)]


async def test_a_sender_that_expects_100_continue_gets_it_or_the_refusal(open_house, make):
    house = await open_house(http={"max_body": ByteSize(1000)})
    body = make.trace()
    wire = await house.wire()
    await wire.send(make.request(b"", content_length=str(len(body)), expect="100-continue"))
    assert (await wire.answer()).status == 100
    await wire.send(body)
    assert (await wire.answer()).status == 200
    await wire.send(make.request(b"", content_length="9999", expect="100-continue"))
    assert (await wire.answer()).status == 413


async def test_pipelined_requests_are_answered_in_order(open_house, make):
    house = await open_house()
    wire = await house.wire()
    good, bad, lost = make.request(make.trace()), make.request(b"\xff"), make.request(b"", "/nowhere")
    await wire.send((good + bad + lost) * 20)
    assert [(await wire.answer()).status for _ in range(60)] == [200, 400, 404] * 20


async def test_http_1_0_is_answered_and_closed_unless_it_asks_to_be_kept(open_house, make):
    house = await open_house()
    wire = await house.wire()
    old = make.request(make.trace()).replace(b"HTTP/1.1", b"HTTP/1.0")
    await wire.send(old.replace(b"host: localhost", b"connection: keep-alive"))
    answer = await wire.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "keep-alive")
    await wire.send(old)
    answer = await wire.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await wire.ended()


async def test_other_paths_and_methods_are_told_apart(open_house, make):
    house = await open_house()
    assert (await house.post(b"", "/v1/other")).status == 404
    answer = await house.post(b"", method="GET")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert (await house.post(make.trace(), "http://somewhere/v1/traces?x=1")).status == 200


_HOST = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n"


@pytest.mark.parametrize(
    "text",
    [
        _HOST + "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        _HOST + "transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n0\r\n\r\n",
        _HOST + "content-length: 1\r\ncontent-length: 2\r\n\r\nab",
        _HOST + "content-length: 1\r\ncontent-length: 1\r\n\r\na",
        _HOST + "content-length: +1\r\n\r\na",
        _HOST + "content-length: 0x1\r\n\r\na",
        _HOST + "content-length : 1\r\n\r\na",
        _HOST + "content-length: -1\r\n\r\na",
        _HOST + "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        _HOST + "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        _HOST + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        _HOST + "transfer-encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        _HOST + "transfer-encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n",
        _HOST + "transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        _HOST + "transfer-encoding: chunked\r\n\r\n1\na\n0\n\n",
        _HOST + "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        _HOST + "x: a\r\n folded\r\ncontent-length: 0\r\n\r\n",
        _HOST + "x: a\0b\r\ncontent-length: 0\r\n\r\n",
        _HOST + "x: a\nb: c\r\ncontent-length: 0\r\n\r\n",
        _HOST + "content-type: application/json\r\ncontent-length: 0\r\n\r\n",
        _HOST + "host: y\r\ncontent-length: 0\r\n\r\n",
        "POST /v1/traces HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
        "POST /v1/traces HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/traces HTTP/2.0\r\nhost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /v1/traces\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00",
        "nonsense\r\n\r\n",
    ],
)
async def test_ambiguous_or_malformed_requests_are_refused_and_the_connection_ends(open_house, make, text):
    house = await open_house()
    wire = await house.wire()
    await wire.send(text.encode("latin-1"))
    answer = await wire.answer()
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert await wire.ended()
    assert house.intake.bodies == []
    await assert_alive(house, make)


async def test_nothing_after_a_malformed_request_is_read_as_a_request(open_house, make):
    house = await open_house()
    wire = await house.wire()
    await wire.send(make.request(b"", content_length="x") + make.request(make.trace()))
    assert (await wire.answer()).status == 400
    assert await wire.ended()
    assert house.intake.bodies == []


@pytest.mark.parametrize(
    "head",
    [
        b"".join(b"x-%d: y\r\n" % n for n in range(200)),
        b"x: " + b"y" * 70_000 + b"\r\n",
        b"x" * 70_000 + b": y\r\n",
    ],
)
async def test_too_many_or_too_long_header_fields_are_431(open_house, make, head):
    house = await open_house()
    wire = await house.wire()
    await wire.send(_HOST.encode() + head + b"\r\n")
    assert (await wire.answer()).status == 431
    assert await wire.ended()
    await assert_alive(house, make)


@pytest.mark.parametrize(
    "start", [b"POST /", _HOST.encode() + b"x: ", _HOST.encode() + b"transfer-encoding: chunked\r\n\r\n0\r\nt: "]
)
async def test_a_head_or_trailer_without_end_is_cut_off(open_house, make, start):
    house = await open_house()
    wire = await house.wire()
    await wire.send(start)
    async with asyncio.timeout(20):
        try:
            while not wire.reader.at_eof() and not wire.reader._buffer:
                await wire.send(b"y" * 8192)
        except ConnectionError:
            pass
        else:
            assert (await wire.answer()).status == 431
    await assert_alive(house, make)


async def test_a_trickled_head_and_a_trickled_body_have_a_total_deadline(open_house, make):
    house = await open_house(http={"header_timeout": Duration(0.2), "body_timeout": Duration(0.2)})
    for beginning in (b"POST /v1/tra", make.request(b"", content_length="100") + b"x"):
        wire = await house.wire()
        await wire.send(beginning)
        assert (await wire.answer()).status == 408
        assert await wire.ended()
    assert {reason for _, reason, _ in house.refused} == {"too_slow"}
    await assert_alive(house, make)


async def test_an_idle_connection_is_closed(open_house):
    house = await open_house(http={"idle_timeout": Duration(0.2)})
    wire = await house.wire()
    assert await wire.ended()


async def test_a_connection_too_many_is_told_so(open_house, make):
    house = await open_house(http={"max_connections": 2})
    wires = [await house.wire() for _ in range(2)]
    for wire in wires:
        await wire.send(make.request(make.trace()))
        assert (await wire.answer()).status == 200
    answer = await (await house.wire()).answer()
    assert (answer.status, answer.headers["connection"]) == (503, "close")


async def test_a_request_cut_off_by_its_sender_is_answered(open_house, make):
    house = await open_house()
    wire = await house.wire()
    await wire.send(make.request(b"", content_length="100") + b"half")
    wire.writer.write_eof()
    assert (await wire.answer()).status == 400
    assert await wire.ended()
    assert house.intake.bodies == []


async def test_a_sender_that_closes_its_half_still_gets_its_answer(open_house, make):
    house = await open_house()
    house.intake.gate = asyncio.Event()
    wire = await house.wire()
    await wire.send(make.request(make.trace()))
    wire.writer.write_eof()
    await house.intake.entered.wait()
    house.intake.gate.set()
    assert (await wire.answer()).status == 200
    assert await wire.ended()


async def test_work_for_a_sender_that_has_gone_ends(open_house, make):
    house = await open_house()
    house.intake.gate = asyncio.Event()
    wire = await house.wire()
    await wire.send(make.request(make.trace()))
    await house.intake.entered.wait()
    reset = struct.pack("ii", 1, 0)
    wire.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    wire.writer.transport.abort()
    await house.intake.cancelled.wait()
    assert house.entrance.admission.in_flight_bytes == 0
    assert house.entrance.admission.requests == 0


async def test_a_slow_intake_is_answered_before_the_sender_gives_up(open_house, make):
    house = await open_house(limits={"handler_timeout": Duration(0.2)})
    house.intake.gate = asyncio.Event()
    answer = await house.post(make.trace())
    assert answer.status == 503
    assert "retry-after" in answer.headers
    await house.intake.cancelled.wait()


async def test_over_the_marks_senders_are_told_to_retry(open_house, make):
    house = await open_house(limits={"in_flight_bytes": ByteSize(10_000), "max_requests": 2})
    assert (await house.post(b"x" * 20_000)).status == 503
    house.intake.gate = asyncio.Event()
    first, second = await house.wire(), await house.wire()
    for wire in (first, second):
        house.intake.entered.clear()
        await wire.send(make.request(make.trace()))
        await house.intake.entered.wait()
    assert (await house.post(make.trace())).status == 503
    house.intake.gate.set()
    assert [(await wire.answer()).status for wire in (first, second)] == [200, 200]
    await assert_alive(house, make)


async def test_credentials_are_asked_for_before_the_body_is_read(open_house, make):
    house = await open_house(
        auth={"bearer_tokens": (Secret("right"), Secret("next")), "headers": {"X-Key": Secret("k")}}
    )
    wire = await house.wire()
    await wire.send(make.request(b"", content_length="5000000"))
    answer = await wire.answer()
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    for shown in ("Bearer wrong", "right", "Basic right", "Bearer ", ""):
        assert (await house.post(make.trace(), authorization=shown)).status == 401
    assert (await house.post(make.trace(), x_key="other")).status == 401
    assert (await house.post(make.trace(), authorization="bearer right")).status == 200
    assert (await house.post(make.trace(), authorization="Bearer next")).status == 200
    assert (await house.post(make.trace(), x_key="k")).status == 200


async def test_a_browser_of_an_allowed_origin_may_send(open_house, make):
    cors = make.cors(allowed_origins=("https://*.example.com",), allowed_headers=("X-Tenant",))
    house = await open_house(http={"cors": cors}, auth={"bearer_tokens": (Secret("t"),)})
    asked = {"method": "OPTIONS", "origin": "https://app.example.com", "access_control_request_method": "POST"}
    answer = await house.post(b"", content_type=None, **asked)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "x-tenant" in answer.headers["access-control-allow-headers"]
    answer = await house.post(make.trace(), origin="https://app.example.com")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (401, "https://app.example.com")


@pytest.mark.parametrize(
    "origin", ["https://evil.com", "https://example.com.evil.com", "null", "https://a.example.com:1"]
)
async def test_a_browser_of_another_origin_may_not(open_house, make, origin):
    cors = make.cors(allowed_origins=("https://*.example.com", "https://example.com"))
    house = await open_house(http={"cors": cors})
    answer = await house.post(
        b"", content_type=None, method="OPTIONS", origin=origin, access_control_request_method="POST"
    )
    assert answer.status == 405
    assert "access-control-allow-origin" not in answer.headers


async def test_an_offer_to_upgrade_is_ignored(open_house, make):
    house = await open_house()
    wire = await house.wire()
    body = make.trace(3)
    offer = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2_settings": "AAMAAABkAAQAoAAAAAIAAAAA"}
    await wire.send(make.request(body, **offer))
    assert (await wire.answer()).status == 200
    chunked = b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    await wire.send(make.request(chunked, content_length=None, transfer_encoding="chunked", **offer))
    assert (await wire.answer()).status == 200
    await wire.send(make.request(body) + make.request(b"", "/none", **offer) + make.request(body))
    assert [(await wire.answer()).status for _ in range(3)] == [200, 404, 200]
    assert house.intake.bodies == [(Signal.TRACES, body)] * 4


async def test_other_routes_share_the_port_and_its_credentials(open_house, make):
    async def decide(request):
        return Response(body=request.body[::-1])

    house = await open_house(
        auth={"bearer_tokens": (Secret("t"),)}, routes={("POST", "/v1/decide"): Route(handler=decide)}
    )
    assert (await house.post(b"abc", "/v1/decide")).status == 401
    assert (await house.post(b"abc", "/v1/decide", authorization="Bearer t")).body == b"cba"


async def test_stopping_finishes_what_is_in_flight_and_refuses_what_is_new(open_house, make):
    house = await open_house()
    house.intake.gate = asyncio.Event()
    wire, idle = await house.wire(), await house.wire()
    await wire.send(make.request(make.trace()))
    await house.intake.entered.wait()
    stopping = asyncio.create_task(house.entrance.stop(10))
    assert await idle.ended()
    await wire.send(make.request(make.trace()))
    house.intake.gate.set()
    answer = await wire.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    await stopping
    assert len(house.intake.bodies) == 1
    with pytest.raises(ConnectionError):
        await house.wire()


async def test_stopping_ends_after_its_grace(open_house, make):
    house = await open_house()
    house.intake.gate = asyncio.Event()
    wire = await house.wire()
    await wire.send(make.request(make.trace()))
    await house.intake.entered.wait()
    await house.entrance.stop(0.1)
    assert house.intake.cancelled.is_set()
    assert await wire.ended()


async def test_a_flood_of_connections_is_cut_off_and_passes(open_house, make):
    house = await open_house(http={"max_connections": 3})
    wires = [await house.wire() for _ in range(12)]
    answers = [await wire.reader.read(12) for wire in wires[3:]]
    assert set(answers) <= {b"HTTP/1.1 503", b""}
    assert b"" in answers
    for wire in wires:
        wire.writer.close()
    await asyncio.gather(*(wire.writer.wait_closed() for wire in wires), return_exceptions=True)
    assert await wires[-1].ended()
    async with asyncio.timeout(10):
        while (await house.post(make.trace())).status != 200:
            pass


async def test_workers_share_a_port_when_told_to(open_house, make):
    first = await open_house(reuse_port=True)
    address = {"listen": f"127.0.0.1:{first.entrance.http_port}"}
    second = await open_house(http=address, reuse_port=True)
    for _ in range(20):
        assert (await first.post(make.trace())).status == 200
    assert len(first.intake.bodies) + len(second.intake.bodies) == 20


async def test_an_entrance_open_to_the_network_warns(open_house):
    assert (await open_house()).entrance.warnings() == []
    house = await open_house(http={"listen": "0.0.0.0:0"}, grpc={"listen": None})
    (warning,) = house.entrance.warnings()
    assert "0.0.0.0:0" in warning
    assert house.entrance.grpc_port == 0


async def test_the_server_serves_plain_pages_too():
    async def health(request):
        return Response(body=b"fine\n")

    server = HttpServer(
        {("GET", "/healthz"): Route(handler=health)},
        settings=HttpSettings(listen="127.0.0.1:0"),
        admission=Admission(LimitSettings(), SystemClock()),
        clock=SystemClock(),
        refuse=refuse_text,
        on_refused=lambda *_: None,
        on_fault=lambda _: None,
    )
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for line in (b"GET /healthz", b"HEAD /healthz", b"GET /other"):
        writer.write(line + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    for status, body in ((b"200", b"fine\n"), (b"200", b""), (b"404", b"nothing is served at this path\n")):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.split()[1] == status
        assert b"text/plain" in head
        assert b"date: " in head
        assert await reader.readexactly(len(body)) == body
    writer.close()
    await server.stop(1)
