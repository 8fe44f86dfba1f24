"""OTLP/gRPC.

`grpc.aio` with generic handlers and no deserialiser: a library that decodes by itself answers UNKNOWN or INTERNAL to
what it cannot decode, where OTLP wants INVALID_ARGUMENT. Its own decompression is off for the same reason; messages
are inflated here, bounded and charged like HTTP bodies. Who has no credential, and everyone while there is no room, is
refused before the message is taken off the wire.

Life cycle: `start`, then `stop` once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import grpc
import grpc.aio

from otel_evals.receive.address import parse_listen
from otel_evals.receive.admission import Admission, Ticket
from otel_evals.receive.auth import Authenticator
from otel_evals.receive.compression import inflate
from otel_evals.receive.http import OnFault, OnRefused
from otel_evals.receive.settings import GrpcSettings, LimitSettings
from otel_evals.receive.status import encode_accepted, encode_status, refusal_of
from otel_evals.records.errors import DecodeError, OtelEvalsError, Unavailable
from otel_evals.records.intake import Intake
from otel_evals.records.signal import Signal

_GZIP_MAGIC: Final = b"\x1f\x8b"
_SIGNALS: Final = {signal.grpc_method: signal for signal in Signal}
_STATUS_DETAILS: Final = "grpc-status-details-bin"

if TYPE_CHECKING:  # generic in the stubs only
    _CallHandler = grpc.RpcMethodHandler[Any, Any]
    _Context = grpc.aio.ServicerContext[Any, Any]
_Behaviour = Callable[[Any, Any], Awaitable[bytes]]


class GrpcServer(grpc.GenericRpcHandler):
    """Listens on one address and hands Export requests to the intake."""

    def __init__(
        self,
        intake: Intake,
        *,
        settings: GrpcSettings,
        limits: LimitSettings,
        admission: Admission,
        authenticator: Authenticator,
        on_refused: OnRefused,
        on_fault: OnFault,
        credentials: grpc.ServerCredentials | None = None,
        reuse_port: bool = False,
    ) -> None:
        self._intake = intake
        self._settings = settings
        self._timeout = limits.handler_timeout
        self._admission = admission
        self._authenticator = authenticator
        self._on_refused = on_refused
        self._on_fault = on_fault
        self._credentials = credentials
        self._reuse_port = reuse_port
        self._draining = False
        self._server: grpc.aio.Server | None = None
        self._handlers: dict[str, _CallHandler] = {
            method: grpc.unary_unary_rpc_method_handler(self._behaviour(signal)) for method, signal in _SIGNALS.items()
        }
        self.port = 0
        """The port that is listened on, known after `start`."""

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had, ConfigurationError when it is none."""
        if self._settings.listen is None:
            return
        host, port = parse_listen(self._settings.listen)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._server = grpc.aio.server(options=self._options())
        self._server.add_generic_rpc_handlers((self,))
        try:
            if self._credentials is None:
                self.port = self._server.add_insecure_port(address)
            else:
                self.port = self._server.add_secure_port(address, self._credentials)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address} for OTLP/gRPC: {error}") from error
        await self._server.start()

    async def stop(self, grace: float) -> None:
        """Stop accepting, answer UNAVAILABLE to what still comes, finish what is in flight within `grace` seconds."""
        self._draining = True
        if self._server is not None:
            await self._server.stop(grace)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "_CallHandler | None":
        """The handler of one call, chosen by its head alone. None makes the library answer UNIMPLEMENTED."""
        handler = self._handlers.get(handler_call_details.method)
        if handler is None:
            return None
        signal = _SIGNALS[handler_call_details.method]
        try:
            if self._draining:
                raise Unavailable("shutting down", retry_after=1.0)
            if self._authenticator.required:
                self._authenticator.check(_header_of(handler_call_details.invocation_metadata))
            self._admission.check()
        except OtelEvalsError as error:
            return _refusing(self._refuse, signal, error)
        return handler

    def _behaviour(self, signal: Signal) -> _Behaviour:
        async def accept(message: bytes) -> bytes:
            ticket = self._admission.open(len(message))
            try:
                async with asyncio.timeout(self._timeout):
                    accepted = await self._intake(signal, await self._inflated(message, ticket))
                return encode_accepted(accepted)
            finally:
                ticket.close()

        async def export(message: bytes, context: "_Context") -> bytes:
            try:
                return await accept(message)
            except Exception as error:  # noqa: BLE001 - stage boundary: the library would answer UNKNOWN
                if not isinstance(error, OtelEvalsError | TimeoutError):
                    self._on_fault(error)
                return await self._refuse(signal, error, len(message), context)

        return export

    async def _inflated(self, message: bytes, ticket: Ticket) -> bytes:
        """The message as the sender meant it.

        The library hides whether a message is compressed. The magic of gzip is no protobuf (its first byte has a wire
        type that does not exist), so it tells for sure. A zlib header could begin a strange message, hence the second
        reading when it does not inflate.
        """
        if message.startswith(_GZIP_MAGIC):
            return await inflate("gzip", message, limit=self._settings.max_body, ticket=ticket)
        if message[:1] == b"\x78" and int.from_bytes(message[:2], "big") % 31 == 0:
            try:
                return await inflate("deflate", message, limit=self._settings.max_body, ticket=ticket)
            except DecodeError:
                return message
        return message

    async def _refuse(self, signal: Signal, error: Exception, size: int, context: "_Context") -> bytes:
        refusal = refusal_of(error)
        self._on_refused(signal, refusal.reason, size)
        details = ((_STATUS_DETAILS, encode_status(refusal)),)
        await context.abort(refusal.grpc_code, refusal.message, details)
        raise AssertionError("abort always raises")

    def _options(self) -> Sequence[tuple[str, int]]:
        settings = self._settings
        options = [
            ("grpc.max_receive_message_length", int(settings.max_body)),
            ("grpc.per_message_decompression", 0),
            ("grpc.so_reuseport", int(self._reuse_port)),
            ("grpc.max_concurrent_streams", settings.max_concurrent_streams),
        ]
        if settings.max_connection_age is not None:
            options += [
                ("grpc.max_connection_age_ms", int(settings.max_connection_age * 1000)),
                ("grpc.max_connection_age_grace_ms", int(settings.max_connection_age_grace * 1000)),
            ]
        return options


def _refusing(refuse: Callable[..., Awaitable[bytes]], signal: Signal, error: Exception) -> "_CallHandler":
    async def end(_messages: Any, context: Any) -> bytes:
        return await refuse(signal, error, 0, context)

    # Declared as taking a stream, which is how the library starts a handler without reading a message.
    return grpc.stream_unary_rpc_method_handler(end)


def _header_of(metadata: Any) -> Callable[[str], str | None]:
    headers = {key: value for key, value in metadata or () if isinstance(value, str)}
    return headers.get
