"""The load generator: a process of its own that sends prepared bodies over OTLP/gRPC or OTLP/HTTP.

It obeys lines on standard input, each a JSON object: `{"requests": 40}` sends so many, `{"seconds": 1.5}` sends until
then; it answers each with one line once every request has been answered. Closed loop: a fixed number of requests is in
flight. With `--rate` it is an open loop: requests have due times and latency counts from those, so that a stall shows.
"""

import argparse
import asyncio
import gzip
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import bodies
import grpc
import grpc.aio
import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

EXPORT: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_TIMEOUT: Final = 30.0
_LATENCIES: Final = 200_000

Send = Callable[[bytes], Awaitable[str | None]]
"""Sends one body; an error's name, or None."""


class Order(msgspec.Struct):
    """How much to send."""

    requests: int | None = None
    seconds: float | None = None


class Sent(msgspec.Struct, kw_only=True):
    """What one order came to."""

    requests: int = 0
    """Answered well."""
    bytes: int = 0
    seconds: float = 0.0
    errors: dict[str, int] = {}
    latencies: list[float] = []
    """Seconds, of every request."""


def _judge(reply: bytes) -> str | None:
    if reply and (rejected := ExportTraceServiceResponse.FromString(reply).partial_success.rejected_spans):
        return f"rejected {rejected} spans"
    return None


class GrpcDoor:
    """Connections over gRPC, each a channel with a TCP connection of its own."""

    def __init__(self, target: str, connections: int, *, compress: bool) -> None:
        options = [
            ("grpc.max_send_message_length", -1),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        compression = grpc.Compression.Gzip if compress else None
        self._channels = [grpc.aio.insecure_channel(target, options, compression) for _ in range(connections)]
        self._calls: list[Any] = [channel.unary_unary(EXPORT) for channel in self._channels]

    async def connect(self, slot: int) -> Send:
        """The sender of one slot."""
        call = self._calls[slot % len(self._calls)]
        await self._channels[slot % len(self._calls)].channel_ready()

        async def send(body: bytes) -> str | None:
            try:
                return _judge(await call(body, timeout=_TIMEOUT))
            except grpc.aio.AioRpcError as error:
                return error.code().name

        return send

    async def close(self) -> None:
        """Close all connections."""
        for channel in self._channels:
            await channel.close()


class HttpDoor:
    """Keep-alive connections over HTTP/1.1, one for each slot."""

    def __init__(self, target: str, *, compress: bool) -> None:
        self._host, port = target.rsplit(":", 1)
        self._port = int(port)
        self._compress = compress
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self, _slot: int) -> Send:
        """The sender of one slot."""
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=1 << 20)
        self._writers.append(writer)
        encoding = "Content-Encoding: gzip\r\n" if self._compress else ""
        head = (
            f"POST /v1/traces HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Content-Type: application/x-protobuf\r\n{encoding}Content-Length: "
        ).encode()

        async def send(body: bytes) -> str | None:
            payload = gzip.compress(body, 1) if self._compress else body
            writer.writelines((head, b"%d\r\n\r\n" % len(payload), payload))
            try:
                async with asyncio.timeout(_TIMEOUT):
                    status, reply = await _answer(reader)
            except (OSError, EOFError, TimeoutError) as error:
                return type(error).__name__
            return _judge(reply) if status == 200 else f"HTTP {status}"

        return send

    async def close(self) -> None:
        """Close all connections."""
        for writer in self._writers:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    size = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
    return int(head[9:12]), await reader.readexactly(size)


class Generator:
    """Sends bodies by order, over slots that each have one request in flight."""

    def __init__(self, templates: list[bytes], senders: list[Send], rate: float) -> None:
        self._templates = templates
        self._senders = senders
        self._rate = rate
        self._run = os.getpid() & 0xFFFF
        self._number = 0

    async def obey(self, order: Order) -> Sent:
        """Send as ordered, and wait for every answer."""
        sent, errors, started = Sent(), Counter[str](), time.perf_counter()
        left = order.requests if order.requests is not None else 1 << 31
        deadline = started + (order.seconds if order.seconds is not None else 600.0)
        ordered = 0

        async def slot(send: Send) -> None:
            nonlocal ordered
            while ordered < left and time.perf_counter() < deadline:
                due = started + ordered / self._rate if self._rate else time.perf_counter()
                ordered += 1
                number, self._number = self._number, self._number + 1
                if (pause := due - time.perf_counter()) > 0:
                    await asyncio.sleep(pause)
                body = bodies.renumber(self._templates[number % len(self._templates)], self._run, number)
                begun = due if self._rate else time.perf_counter()
                error = await send(body)
                if len(sent.latencies) < _LATENCIES:
                    sent.latencies.append(time.perf_counter() - begun)
                if error is None:
                    sent.requests += 1
                    sent.bytes += len(body)
                else:
                    errors[error] += 1

        await asyncio.gather(*(slot(send) for send in self._senders))
        sent.errors, sent.seconds = dict(errors), time.perf_counter() - started
        return sent


async def _main(arguments: argparse.Namespace) -> None:
    door = (
        GrpcDoor(arguments.target, arguments.connections, compress=arguments.gzip)
        if arguments.protocol == "grpc"
        else HttpDoor(arguments.target, compress=arguments.gzip)
    )
    senders = [await door.connect(slot) for slot in range(arguments.in_flight)]
    generator = Generator(bodies.read(arguments.bodies), senders, arguments.rate)
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        sent = await generator.obey(msgspec.json.decode(line, type=Order))
        print(msgspec.json.encode(sent).decode(), flush=True)
    await door.close()


def main() -> None:
    """Run until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--protocol", choices=("grpc", "http"), required=True)
    parser.add_argument("--target", required=True, help="HOST:PORT")
    parser.add_argument("--bodies", type=Path, required=True, help="file that `bodies.write` wrote")
    parser.add_argument("--in-flight", type=int, default=4, help="requests at one time")
    parser.add_argument("--connections", type=int, default=1, help="gRPC connections; HTTP has one per slot")
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second, open loop (0: closed loop)")
    parser.add_argument("--gzip", action="store_true")
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
