"""OTLP/HTTP to a next hop: one kept session, ready bytes."""

import asyncio
import ssl
from typing import Final

import aiohttp
import zstandard
from google.protobuf.message import DecodeError as ProtobufDecodeError
from google.rpc.status_pb2 import Status
from isal import igzip

from otel_evals.forward.answer import Answer, Verdict
from otel_evals.forward.retry import http_verdict, retry_after
from otel_evals.forward.settings import Compression, DestinationSettings
from otel_evals.forward.transport import delivered, plain
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.signal import Signal

_RESPONSE_BYTES: Final = 64 << 10
"""Of a response body more is never read: what a good server says is short."""
_IN_THREAD: Final = 1 << 20
"""Bodies from this size are compressed beside the loop, in a thread; the libraries release the interpreter."""


class HttpTransport:
    """A session with one next hop. Raises ConfigurationError when its certificates cannot be used."""

    def __init__(self, settings: DestinationSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._tls = _tls_context(settings) if settings.endpoint.secure else None
        self._session: aiohttp.ClientSession | None = None
        self._urls = {signal: settings.endpoint.url(signal) for signal in Signal}
        self._headers = {"Content-Type": "application/x-protobuf"}
        if settings.compression is not Compression.NONE:
            self._headers["Content-Encoding"] = settings.compression.value
        self._headers |= {key: value.reveal() for key, value in settings.headers.items()}

    async def call(self, signal: Signal, body: bytes, timeout: float) -> Answer:  # noqa: ASYNC109 - see Transport
        """Send one request; see `Transport`."""
        if self._session is None:
            self._session = self._open()
        try:
            async with (
                asyncio.timeout(timeout),
                self._session.post(
                    self._urls[signal],
                    data=await self._compressed(body),
                    headers=self._headers,
                    # A redirect could carry credentials to another host.
                    allow_redirects=False,
                ) as response,
            ):
                content = await response.content.read(_RESPONSE_BYTES)
                return self._read(response, content)
        except TimeoutError:
            return Answer(verdict=Verdict.RETRY, code="timeout", message="no answer in time")
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            return Answer(verdict=Verdict.RETRY, code="tls", message=plain(str(error)))
        except (aiohttp.ClientError, OSError) as error:
            return Answer(verdict=Verdict.RETRY, code="connection", message=type(error).__name__)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        # Names are resolved again after ten seconds, so that a next hop may move.
        connector = aiohttp.TCPConnector(
            limit=self._settings.concurrency + 1, ssl=self._tls if self._tls is not None else True, ttl_dns_cache=10
        )
        return aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar()
        )

    async def _compressed(self, body: bytes) -> bytes:
        compression = self._settings.compression
        if compression is Compression.NONE:
            return body
        compress = _gzip if compression is Compression.GZIP else _zstd
        return await asyncio.to_thread(compress, body) if len(body) >= _IN_THREAD else compress(body)

    def _read(self, response: aiohttp.ClientResponse, content: bytes) -> Answer:
        verdict, code = http_verdict(response.status), str(response.status)
        if verdict is Verdict.DELIVERED:
            is_protobuf = response.content_type in {"application/x-protobuf", "application/octet-stream"}
            return delivered(content if is_protobuf else b"", code)
        header = response.headers.get("Retry-After")
        return Answer(
            verdict=verdict,
            code=code,
            message=_status_message(content) if response.content_type == "application/x-protobuf" else "",
            retry_after=retry_after(header, self._clock.time_ns()) if header else None,
        )


def _gzip(body: bytes) -> bytes:
    return igzip.compress(body, 1)  # pyright: ignore[reportUnknownMemberType] - the stub leaves a parameter untyped


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(body)


def _status_message(content: bytes) -> str:
    try:
        return plain(Status.FromString(content).message)
    except ProtobufDecodeError:
        return ""


def _tls_context(settings: DestinationSettings) -> ssl.SSLContext:
    tls = settings.tls
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"destination {settings.label!r}: cannot use its certificates: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
