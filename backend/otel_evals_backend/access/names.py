"""Which names and addresses the pages answer to. Used at the door, against DNS rebinding and foreign origins.

A page of a stranger can make a browser send requests to this machine under the stranger's name; it cannot choose the
name in `Host`, nor the `Origin` that the browser writes. So both are compared with what we are called.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.settings import BackendSettings

_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def host_and_port(written: str) -> tuple[str, int | None]:
    """Host (lower case, without brackets) and port of `HOST`, `HOST:PORT` or `[V6]:PORT`; ("", None) if it is none."""
    try:
        found = urlsplit(f"//{written}")
        host, port = found.hostname, found.port
    except ValueError:
        return "", None
    if host is None or found.username is not None or found.path or found.query or found.fragment:
        return "", None
    return host.removesuffix("."), port


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` is, None when it is a name."""
    try:
        return ip_address(host.split("%", 1)[0])
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    address = address_of(host)
    return host == "localhost" or (address is not None and address.is_loopback)


class Names:
    """What the backend is called."""

    def __init__(self, settings: BackendSettings) -> None:
        listening, _ = host_and_port(settings.listen)
        address = address_of(listening)
        self._any_address = address is not None and address.is_unspecified
        names = {host_and_port(name)[0] for name in settings.access.hosts} | {listening}
        self.public_url = (settings.access.public_url or "").rstrip("/")
        if self.public_url:
            names.add(urlsplit(self.public_url).hostname or "")
        if self._any_address or is_loopback(listening):
            names |= _LOOPBACK_NAMES
        self._names = frozenset(names - {""})
        port = settings.listen.rpartition(":")[2]
        self._listening = f"localhost:{port}" if self._any_address else settings.listen

    def ours(self, host: str) -> bool:
        """Whether the value of a `Host` header names us. A bare address is no rebinding: no name led to it."""
        name, _ = host_and_port(host)
        return name in self._names or (self._any_address and address_of(name) is not None)

    def same_origin(self, origin: str, host: str, *, secure: bool) -> bool:
        """Whether a request to `host` was made by a page of `origin` that is our own."""
        if self.public_url and origin == _origin(self.public_url):
            return True
        scheme, _, rest = origin.partition("://")
        return rest.lower() == host.lower() and (scheme == "https" or (scheme == "http" and not secure))

    @property
    def base(self) -> str:
        """The address that links to ourselves begin with."""
        return self.public_url or f"http://{self._listening}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def networks(written: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of `backend.access.trusted_proxies`.

    Raises:
        ConfigurationError: one is no address and no network.
    """
    try:
        return tuple(ip_network(one, strict=False) for one in written)
    except ValueError as error:
        raise ConfigurationError(
            f"backend.access.trusted_proxies: {error}; write addresses or networks such as 10.0.0.0/8"
        ) from error
