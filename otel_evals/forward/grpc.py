"""OTLP/gRPC to a next hop: one kept channel, ready bytes in and out."""

import asyncio
from pathlib import Path
from typing import Any, Final

import grpc

from otel_evals.forward.answer import Answer, Verdict
from otel_evals.forward.retry import grpc_verdict, retry_info
from otel_evals.forward.settings import Compression, DestinationSettings
from otel_evals.forward.transport import delivered, plain
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.signal import Signal

_OPTIONS: Final = (
    # Each destination has connections of its own, so that replacing a channel replaces its connection.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_send_message_length", -1),
    # The library's own pause between connection attempts grows to two minutes by default.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 5000),
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
)
_STATUS_DETAILS: Final = "grpc-status-details-bin"


class GrpcTransport:
    """A channel to one next hop. Raises ConfigurationError when its certificates cannot be read."""

    def __init__(self, settings: DestinationSettings, tasks: Tasks) -> None:
        self._tasks = tasks
        self._authority = settings.endpoint.authority
        self._credentials = _credentials(settings) if settings.endpoint.secure else None
        self._gzip = settings.compression is Compression.GZIP
        self._metadata = tuple((key.lower(), value.reveal()) for key, value in settings.headers.items())
        self._channel: Any = None
        self._exports: dict[Signal, Any] = {}

    async def call(self, signal: Signal, body: bytes, timeout: float) -> Answer:  # noqa: ASYNC109 - see Transport
        """Send one request; see `Transport`."""
        if self._channel is None:
            self._connect()
        channel = self._channel
        try:
            # The library's deadline covers connecting; the outer one covers the library.
            async with asyncio.timeout(timeout + 0.5):
                response: bytes = await self._exports[signal](body, timeout=timeout, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            answer = _failed(error, len(body))
        except TimeoutError:
            answer = Answer(verdict=Verdict.RETRY, code="DEADLINE_EXCEEDED", message="no answer in time")
        except (grpc.RpcError, grpc.aio.UsageError) as error:
            # The channel was replaced under the call.
            answer = Answer(verdict=Verdict.RETRY, code="CANCELLED", message=type(error).__name__)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Not the caller was cancelled but the call, as its channel was closed: the library tells both alike.
            answer = Answer(verdict=Verdict.RETRY, code="CANCELLED", message="the channel was closed")
        else:
            return delivered(response, "OK")
        if answer.code == "DEADLINE_EXCEEDED" and channel is self._channel:
            # Whoever accepts and never answers may be a dead peer behind a living connection.
            self._retire(timeout)
        return answer

    async def close(self) -> None:
        """Close the channel and cancel its calls."""
        if self._channel is not None:
            channel, self._channel = self._channel, None
            await channel.close()

    def _connect(self) -> None:
        options: dict[str, Any] = {"options": _OPTIONS}
        if self._gzip:
            options["compression"] = grpc.Compression.Gzip
        if self._credentials is not None:
            self._channel = grpc.aio.secure_channel(self._authority, self._credentials, **options)
        else:
            self._channel = grpc.aio.insecure_channel(self._authority, **options)
        self._exports = {signal: self._channel.unary_unary(signal.grpc_method) for signal in Signal}

    def _retire(self, grace: float) -> None:
        """Open a new channel for what follows; calls that run on the old one may end."""
        self._tasks.spawn(self._channel.close(grace), "close an unresponsive channel")
        self._channel = None


def _failed(error: Any, body_bytes: int) -> Answer:
    code: str = error.code().name
    details: str = error.details() or ""
    asked: float | None = None
    for key, value in error.trailing_metadata() or ():
        if key == _STATUS_DETAILS and isinstance(value, bytes):
            asked = retry_info(value)
    return Answer(
        verdict=grpc_verdict(code, details, body_bytes=body_bytes, has_retry_info=asked is not None),
        code=code,
        message=plain(details),
        retry_after=asked,
    )


def _credentials(settings: DestinationSettings) -> Any:
    tls = settings.tls
    try:
        ca, key, cert = (Path(f).read_bytes() if f else None for f in (tls.ca_file, tls.key_file, tls.cert_file))
    except OSError as error:
        raise ConfigurationError(f"destination {settings.label!r}: cannot read {error.filename}: {error}") from error
    return grpc.ssl_channel_credentials(root_certificates=ca, private_key=key, certificate_chain=cert)
