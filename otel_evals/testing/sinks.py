"""Next hops to test against: real sockets, every answer, every misbehaviour.

`GrpcSink` and `HttpSink` speak OTLP and answer by a script; `RawSink` accepts connections and speaks no OTLP at all.
All are asynchronous context managers that listen on a free port of the loopback address.

The module is a little above the usual length because the sinks share one script of answers.
"""

import asyncio
import contextlib
import gzip
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Self

import grpc
import msgspec
import zstandard
from aiohttp import web
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from otel_evals.records.signal import Signal


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a sink does with a request."""

    code: str = "OK"
    """gRPC status name, or an HTTP status in digits."""
    message: str = ""
    rejected: int = 0
    """Items that a partial success rejects; needs a good code."""
    retry_after: float | str | None = None
    """RetryInfo seconds over gRPC; over HTTP the value of Retry-After."""
    delay: float = 0.0
    """Seconds before the answer."""
    hang: bool = False
    """Never answer."""
    reset: bool = False
    """HTTP only: cut the connection instead of answering."""
    headers: Mapping[str, str] = {}
    """HTTP only: further headers of the answer."""


OK = Reply()
HANG = Reply(hang=True)


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it came, decompressed."""

    signal: Signal
    body: bytes
    headers: Mapping[str, str]
    reply: Reply


_HANDLER: Any = grpc.unary_unary_rpc_method_handler
Decide = Callable[[Signal, bytes], Reply | None]
"""Chooses a reply by what was received; None leaves it to the script."""


class Script:
    """What a sink answers: first what was queued by `then`, afterwards `default`; `decide` overrides both."""

    def __init__(self) -> None:
        self.default = OK
        self.decide: Decide | None = None
        self.received: list[Received] = []
        self._queue: deque[Reply] = deque()
        self._arrival = asyncio.Condition()

    def then(self, *replies: Reply) -> Self:
        """Answer the next requests with `replies`."""
        self._queue.extend(replies)
        return self

    @property
    def accepted(self) -> list[Received]:
        """The requests that were answered with success."""
        return [r for r in self.received if r.reply.code in {"OK", "200"} and not (r.reply.hang or r.reply.reset)]

    def span_names(self) -> list[str]:
        """Names of all spans in accepted requests, in order of arrival."""
        return [name for request in self.accepted for name in span_names(request.body)]

    async def wait_for(self, condition: Callable[[], bool], timeout: float = 20.0) -> None:  # noqa: ASYNC109 - a test's patience
        """Return when `condition` holds after some request, TimeoutError after `timeout` seconds."""
        async with asyncio.timeout(timeout), self._arrival:
            await self._arrival.wait_for(condition)

    async def take(self, signal: Signal, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Note a request and say how to answer it."""
        reply = self.decide(signal, body) if self.decide else None
        if reply is None:
            reply = self._queue.popleft() if self._queue else self.default
        if reply.delay:
            await asyncio.sleep(reply.delay)
        async with self._arrival:
            self.received.append(Received(signal=signal, body=body, headers=headers, reply=reply))
            self._arrival.notify_all()
        if reply.hang:
            await asyncio.Event().wait()
        return reply


class GrpcSink(Script):
    """An OTLP/gRPC next hop. `credentials`: gRPC server credentials for TLS; `max_bytes`: its message limit."""

    def __init__(self, *, port: int = 0, credentials: Any = None, max_bytes: int = -1) -> None:
        super().__init__()
        self.port = port
        self._credentials = credentials
        self._max_bytes = max_bytes
        self._server: Any = None

    @property
    def url(self) -> str:
        """Its address, as a destination's setting."""
        return f"{'http' if self._credentials is None else 'https'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = grpc.aio.server(
            options=(("grpc.max_receive_message_length", self._max_bytes), ("grpc.so_reuseport", 0))
        )
        self._server.add_generic_rpc_handlers((_Handlers(self),))
        address = f"127.0.0.1:{self.port}"
        if self._credentials is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, self._credentials)
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(None)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, script: Script) -> None:
        self._script = script

    def service(self, handler_call_details: Any) -> Any:
        for signal in Signal:
            if handler_call_details.method == signal.grpc_method:
                return _HANDLER(self._handler(signal))
        return None

    def _handler(self, signal: Signal) -> Any:
        async def export(body: bytes, context: Any) -> bytes:
            headers = {key: str(value) for key, value in context.invocation_metadata() or ()}
            reply = await self._script.take(signal, body, headers)
            if reply.code == "OK":
                return _response(reply)
            code = grpc.StatusCode[reply.code]
            await context.abort(code, reply.message, _retry_details(code, reply))
            raise AssertionError("abort raises")

        return export


def _retry_details(code: Any, reply: Reply) -> tuple[tuple[str, bytes], ...]:
    if not isinstance(reply.retry_after, float | int):
        return ()
    info = RetryInfo(retry_delay=Duration(nanos=0, seconds=0))
    info.retry_delay.FromNanoseconds(int(reply.retry_after * 1e9))
    detail = AnyMessage()
    detail.Pack(info)
    status = Status(code=code.value[0], message=reply.message, details=[detail])
    return (("grpc-status-details-bin", status.SerializeToString()),)


class HttpSink(Script):
    """An OTLP/HTTP next hop. `tls`: a server-side `ssl.SSLContext`."""

    def __init__(self, *, port: int = 0, tls: Any = None) -> None:
        super().__init__()
        self.port = port
        self._tls = tls
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Its address, as a destination's setting."""
        return f"{'http' if self._tls is None else 'https'}+proto://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", self._serve)
        # A request whose client went away ends at once, so that a hanging one does not hold up the end of a test.
        self._runner = web.AppRunner(
            app, handler_cancellation=True, shutdown_timeout=0.0, access_log=None, auto_decompress=False
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        signal = next((s for s in Signal if request.path.endswith(s.http_path)), None)
        if signal is None:
            return web.Response(status=404)
        body = await request.read()
        if request.headers.get("Content-Encoding") == "zstd" and body.startswith(b"\x28\xb5\x2f\xfd"):
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        elif body.startswith(b"\x1f\x8b"):
            body = gzip.decompress(body)
        reply = await self.take(signal, body, {**request.headers, ":path": request.path})
        if reply.reset and request.transport is not None:
            request.transport.abort()
        status = 200 if reply.code == "OK" else int(reply.code)
        headers = dict(reply.headers)
        if reply.retry_after is not None:
            headers["Retry-After"] = str(reply.retry_after)
        content = _response(reply) if status == 200 else Status(message=reply.message).SerializeToString()
        return web.Response(status=status, body=content, headers=headers, content_type="application/x-protobuf")


class RawSink:
    """Accepts connections and does with them what `serve` says; without one it never answers."""

    def __init__(self, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any] | None = None) -> None:
        self.port = 0
        self.connections = 0
        self._serve = serve
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                if self._serve is None:
                    await reader.read(-1)
                else:
                    await self._serve(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A behaviour of RawSink: cut the connection as soon as something was said."""
    await reader.read(1)
    writer.transport.abort()


async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A behaviour of RawSink: answer in another protocol."""
    await reader.read(1)
    writer.write(b"220 mail.example ESMTP ready\r\n")
    await writer.drain()


@contextlib.asynccontextmanager
async def both_sinks() -> AsyncGenerator[tuple[GrpcSink, HttpSink]]:
    """One next hop of each transport."""
    async with GrpcSink() as over_grpc, HttpSink() as over_http:
        yield over_grpc, over_http


def traces_body(*names: str, filler: int = 0) -> bytes:
    """An encoded trace request with one span a name; `filler` bytes make each of them larger."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number, name in enumerate(names, 1):
        span = scope.spans.add(name=name, trace_id=number.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"))
        if filler:
            span.attributes.add(key="filler").value.string_value = "x" * filler
    return request.SerializeToString()


def span_names(body: bytes) -> list[str]:
    """Names of the spans of an encoded trace request."""
    request = ExportTraceServiceRequest.FromString(body)
    return [span.name for r in request.resource_spans for s in r.scope_spans for span in s.spans]


def _response(reply: Reply) -> bytes:
    response = ExportTraceServiceResponse()
    if reply.rejected or reply.message:
        response.partial_success.rejected_spans = reply.rejected
        response.partial_success.error_message = reply.message
    return response.SerializeToString()
