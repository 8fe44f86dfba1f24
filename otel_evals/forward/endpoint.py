"""Where a destination is: the address forms of the configuration, read once."""

from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from otel_evals.records.errors import ConfigurationError
from otel_evals.records.signal import Signal


class Protocol(StrEnum):
    """How OTLP is spoken to a destination."""

    GRPC = "grpc"
    HTTP = "http/protobuf"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed address."""

    protocol: Protocol
    secure: bool
    host: str
    port: int
    path: str = ""
    """OTLP/HTTP only: what stands before `/v1/<signal>`, without a slash at its end."""

    @property
    def authority(self) -> str:
        """`host:port`, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def url(self, signal: Signal) -> str:
        """The OTLP/HTTP address of a signal."""
        return f"{'https' if self.secure else 'http'}://{self.authority}{self.path}{signal.http_path}"


_SCHEMES = {
    "http": (Protocol.GRPC, False),
    "grpc": (Protocol.GRPC, False),
    "https": (Protocol.GRPC, True),
    "grpcs": (Protocol.GRPC, True),
    "http+proto": (Protocol.HTTP, False),
    "https+proto": (Protocol.HTTP, True),
}
_PORTS = {Protocol.GRPC: 4317, Protocol.HTTP: 4318}


def parse_endpoint(url: str) -> Endpoint:
    """The endpoint that a configured address stands for.

    `http://h:p` and `https://h:p` speak OTLP/gRPC; `http+proto://h:p/path` and any address that ends in
    `/v1/<signal>` speak OTLP/HTTP. Raises ConfigurationError that says which forms there are; it never repeats
    credentials that stand in the address.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"not an address: {error}") from error
    if parts.username or parts.password:
        raise ConfigurationError("an address holds no user and password; put them into `headers`")
    if parts.scheme not in _SCHEMES or not host:
        raise ConfigurationError(
            "a destination's address is http://HOST:PORT (OTLP/gRPC), http+proto://HOST:PORT or "
            "http://HOST:PORT/v1/traces (OTLP/HTTP); with https for TLS"
        )
    if parts.query or parts.fragment:
        raise ConfigurationError("an address holds no query and no fragment")
    protocol, secure = _SCHEMES[parts.scheme]
    path = parts.path.rstrip("/")
    for signal in Signal:
        if path.endswith(signal.http_path):
            protocol, path = Protocol.HTTP, path.removesuffix(signal.http_path)
            break
    if protocol is Protocol.GRPC and path:
        raise ConfigurationError(f"OTLP/gRPC has no path: write http+proto:// for OTLP/HTTP, or leave out {path!r}")
    return Endpoint(protocol=protocol, secure=secure, host=host, port=port or _PORTS[protocol], path=path)
