"""Builds the `openai` client of an endpoint: no retries, redirects, proxies or environment of its own."""

import logging
import math
import ssl
from collections.abc import Mapping
from typing import Final

import httpx2
import openai

from otel_evals.judges.settings import EndpointSettings
from otel_evals.judges.transport import EndpointTransport
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import Secret

_KEEP_SECONDS: Final = 30.0
_POOL_CONNECTIONS: Final = 32
"""Of one pool: each request looks at all connections of its pool."""
_NO_KEY: Final = "set-by-the-transport"
_CHATTY: Final = ("openai", "httpx2", "httpcore2")


def open_client(settings: EndpointSettings, key: Secret | None, headers: Mapping[str, Secret]) -> openai.AsyncOpenAI:
    """The client of one endpoint, kept as long as the endpoint is.

    Args:
        settings: the endpoint.
        key: its key; None when it wants none.
        headers: values of `settings.headers_env`.

    Raises:
        ConfigurationError: an address that cannot be used, a key that cannot be a header, an unreadable `ca_file`.
    """
    for name in _CHATTY:
        # One line a call, and more when somebody turns debugging on for all: calls are counted, not logged.
        logging.getLogger(name).setLevel(logging.WARNING)
    timeout = httpx2.Timeout(None, connect=settings.connect_timeout)
    transport = EndpointTransport(
        _pools(settings), _origin(settings), _headers(settings, key, headers), max_bytes=settings.max_response
    )
    client = httpx2.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False)
    return openai.AsyncOpenAI(
        base_url=settings.url,
        api_key=_NO_KEY,
        max_retries=0,
        timeout=timeout,
        default_query=settings.query or None,
        http_client=client,
    )


def _origin(settings: EndpointSettings) -> httpx2.URL:
    try:
        return httpx2.URL(settings.url)
    except httpx2.InvalidURL as error:
        raise ConfigurationError(f"judge endpoint {settings.label}: its url cannot be used: {error}") from error


def _pools(settings: EndpointSettings) -> list[httpx2.AsyncHTTPTransport]:
    """Pools of connections, together as many as calls may be under way."""
    tls = _tls(settings)
    size = min(settings.concurrency, _POOL_CONNECTIONS)
    limits = httpx2.Limits(max_connections=size, max_keepalive_connections=size, keepalive_expiry=_KEEP_SECONDS)
    count = math.ceil(settings.concurrency / size)
    return [httpx2.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits) for _ in range(count)]


def _headers(settings: EndpointSettings, key: Secret | None, further: Mapping[str, Secret]) -> dict[str, str]:
    # No compression: answers are short, and what is not compressed cannot be a bomb.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "otel-evals"}
    for name, value in further.items():
        headers[name] = _legal(settings, value, f"header {name}")
    if key is not None:
        told = _legal(settings, key, "key")
        headers[settings.key_header] = f"Bearer {told}" if settings.key_header.lower() == "authorization" else told
    return headers


def _legal(settings: EndpointSettings, secret: Secret, what: str) -> str:
    value = secret.reveal().strip()
    if not value or not value.isascii() or not value.isprintable():
        raise ConfigurationError(f"judge endpoint {settings.label}: its {what} is empty or no text for a header")
    return value


def _tls(settings: EndpointSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"judge endpoint {settings.label}: cannot use its ca_file: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
