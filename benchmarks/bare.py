"""The limit: servers in Python that read a request and acknowledge it, and do nothing else, not even forward.

`bare.py grpc|http` is a process of its own; its first line of output is its port. The HTTP one is the least that an
asyncio protocol can do: POST with Content-Length, no limits, no timers.
"""

import asyncio
import signal
import sys
from typing import Any, Final

import grpc
from load import EXPORT
from sink import serve

_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"


class BareGrpc(grpc.GenericRpcHandler):
    """Acknowledges OTLP/gRPC."""

    def __init__(self) -> None:
        self._handler: Any = grpc.unary_unary_rpc_method_handler(self._export)

    def service(self, handler_call_details: Any) -> Any:
        """The handler of a method."""
        return self._handler if handler_call_details.method == EXPORT else None

    async def _export(self, _body: bytes, _context: Any) -> bytes:
        return b""


class BareHttp(asyncio.Protocol):
    """Acknowledges OTLP/HTTP, one request after the other on each connection."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - what create_server gives
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Count off the body and acknowledge at its end."""
        if not self._left:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            start = self._head.lower().index(b"content-length:") + 15
            size = int(self._head[start : self._head.index(b"\r\n", start)])
            self._left = size - (len(self._head) - end - 4)
            self._head = b""
        else:
            self._left -= len(data)
        if not self._left and self._transport is not None:
            self._transport.write(_ANSWER)


async def serve_http() -> None:
    """Serve over HTTP on a free loopback port until SIGTERM; prints the port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(BareHttp, "127.0.0.1", 0)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve_http() if sys.argv[1:] == ["http"] else serve(BareGrpc()))
