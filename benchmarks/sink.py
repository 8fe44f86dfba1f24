"""The next hop: acknowledges OTLP/gRPC traces and counts what arrived, spans and evaluation events.

A process of its own; its first line of output is its port. `STATS` answers with the counts so far.
"""

import asyncio
import signal
from typing import Any, Final

import grpc.aio
import msgspec
from load import EXPORT
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.semconv.otel_evals import SCOPE

STATS: Final = "/benchmark.Sink/Stats"
_EVENT: Final = b"\x12\x18gen_ai.evaluation.result"
"""The name field of an event, as it stands on the wire."""


class Counts(msgspec.Struct):
    """What has arrived."""

    requests: int = 0
    spans: int = 0
    """Of the application: late results and traces of judge calls are not among them."""
    events: int = 0
    """Evaluation events."""
    bytes: int = 0


class Sink(grpc.GenericRpcHandler):
    """Counts and acknowledges."""

    def __init__(self) -> None:
        self._counts = Counts()
        self._handlers: dict[str, Any] = {
            EXPORT: grpc.unary_unary_rpc_method_handler(self._export),
            STATS: grpc.unary_unary_rpc_method_handler(self._stats),
        }

    def service(self, handler_call_details: Any) -> Any:
        """The handler of a method."""
        return self._handlers.get(handler_call_details.method)

    async def _export(self, body: bytes, _context: Any) -> bytes:
        request, counts = ExportTraceServiceRequest.FromString(body), self._counts
        counts.requests += 1
        counts.bytes += len(body)
        scopes = [s for r in request.resource_spans for s in r.scope_spans]
        counts.spans += sum(len(s.spans) for s in scopes if s.scope.name != SCOPE)
        counts.events += body.count(_EVENT)
        return b""

    async def _stats(self, _body: bytes, _context: Any) -> bytes:
        return msgspec.json.encode(self._counts)


async def serve(handler: grpc.GenericRpcHandler) -> None:
    """Serve over gRPC on a free loopback port until SIGTERM; prints the port."""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(port, flush=True)
    await stop.wait()
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(serve(Sink()))
