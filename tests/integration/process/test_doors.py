"""The doors of a real process: TLS on both sides, credentials, browsers, and a connection that outlives errors."""

import asyncio
import ssl

import aiohttp
import grpc
import pytest

from otel_evals.records.signal import Signal
from otel_evals.testing.sinks import HttpSink, traces_body
from tests.integration.process.rig import arrived, destination
from tests.integration.test_forward_tls import issue, pem

PROTOBUF = {"Content-Type": "application/x-protobuf"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    authority = issue("authority")
    for name, pair in {"ca": authority, "server": issue("server", authority), "us": issue("us", authority)}.items():
        key, certificate = pem(*pair)
        (folder / f"{name}.key").write_bytes(key)
        (folder / f"{name}.pem").write_bytes(certificate)
    return folder


async def test_mutual_tls_and_credentials_on_both_sides(make_processor, certificates) -> None:
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "ca.pem"))
    server_side.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server_side.verify_mode = ssl.CERT_REQUIRED
    files = {key: str(certificates / name) for key, name in (("cert_file", "server.pem"), ("key_file", "server.key"))}
    door = {**files, "client_ca_file": str(certificates / "ca.pem")}
    ours = {"cert_file": "us.pem", "key_file": "us.key", "ca_file": "ca.pem"}
    async with HttpSink(tls=server_side) as sink:
        processor = make_processor(
            [
                destination(
                    sink,
                    tls={key: str(certificates / name) for key, name in ours.items()},
                    headers={"authorization": "Bearer outward"},
                )
            ],
            receive={"grpc": {"tls": door}, "http": {"tls": door}, "auth": {"bearer_tokens": ["inward"]}},
        )
        await processor.start()
        client = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        url = f"https://127.0.0.1:{processor.http}/v1/traces"
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await session.post(url, data=traces_body("no certificate"), headers=PROTOBUF, ssl=client)
            client.load_cert_chain(certificates / "us.pem", certificates / "us.key")
            async with session.post(url, data=traces_body("no token"), headers=PROTOBUF, ssl=client) as answer:
                assert answer.status == 401
            good = {**PROTOBUF, "Authorization": "Bearer inward"}
            async with session.post(url, data=traces_body("over http"), headers=good, ssl=client) as answer:
                assert answer.status == 200
        credentials = grpc.ssl_channel_credentials(
            (certificates / "ca.pem").read_bytes(),
            (certificates / "us.key").read_bytes(),
            (certificates / "us.pem").read_bytes(),
        )
        async with grpc.aio.secure_channel(f"127.0.0.1:{processor.grpc}", credentials) as channel:
            export = channel.unary_unary(Signal.TRACES.grpc_method)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await export(traces_body("no token"), timeout=15)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
            await export(traces_body("over grpc"), timeout=15, metadata=(("authorization", "Bearer inward"),))
        assert sorted(arrived(sink)) == ["over grpc", "over http"]
        shown = {key.lower(): value for request in sink.received for key, value in request.headers.items()}
        assert shown["authorization"] == "Bearer outward"
        said = processor.said()
        assert "inward" not in said
        assert "outward" not in said


async def test_a_browser_may_send_from_a_named_origin_only(make_processor) -> None:
    async with HttpSink() as sink:
        processor = make_processor(
            [destination(sink)], receive={"http": {"cors": {"allowed_origins": ["https://app.example.com"]}}}
        )
        await processor.start()
        url = f"http://127.0.0.1:{processor.http}/v1/traces"
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        async with aiohttp.ClientSession() as session:
            for origin, allowed in (("https://app.example.com", True), ("https://evil.example.com", False)):
                async with session.options(url, headers={**asks, "Origin": origin}) as answer:
                    assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed
            headers = {**PROTOBUF, "Origin": "https://app.example.com"}
            async with session.post(url, data=traces_body("from a browser"), headers=headers) as answer:
                assert answer.status == 200
                assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
        assert sorted(arrived(sink)) == ["from a browser"]


async def test_one_connection_outlives_bad_requests(make_processor) -> None:
    async with HttpSink() as sink:
        processor = make_processor([destination(sink)])
        await processor.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", processor.http)
        good = traces_body("good")
        requests = [
            (b"POST /v1/traces", PROTOBUF["Content-Type"], b"\x0a\xff\xff", b"400"),
            (b"POST /v1/nothing", PROTOBUF["Content-Type"], b"", b"404"),
            (b"GET /v1/traces", PROTOBUF["Content-Type"], b"", b"405"),
            (b"POST /v1/traces", "text/plain", b"hello", b"415"),
            (b"POST /v1/traces", PROTOBUF["Content-Type"], good, b"200"),
        ]
        for line, kind, body, status in requests:
            head = f" HTTP/1.1\r\nhost: here\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
            writer.write(line + head.encode() + body)
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 15)
            assert answer.split()[1] == status, answer
            fields = dict(f.lower().split(b": ", 1) for f in answer.split(b"\r\n")[1:-2])
            await reader.readexactly(int(fields[b"content-length"]))
        writer.close()
        assert sorted(arrived(sink)) == ["good"]
