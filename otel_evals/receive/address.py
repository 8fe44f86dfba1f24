"""Listening addresses as they are written in the configuration."""

import ipaddress

from otel_evals.records.errors import ConfigurationError


def parse_listen(listen: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (all addresses). Raises ConfigurationError."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigurationError(f"not a listening address: {listen!r} (write HOST:PORT, such as 127.0.0.1:4318)")
    return host.removeprefix("[").removesuffix("]") or "0.0.0.0", int(port)  # noqa: S104 - asked for by `:PORT`


def is_loopback(host: str) -> bool:
    """Whether only processes on this machine reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def exposure_warning(listen: str, *, encrypted: bool, authenticated: bool) -> str | None:
    """A sentence for the operator when `listen` is open to the network without protection, else None."""
    host, _ = parse_listen(listen)
    if is_loopback(host) or (encrypted and authenticated):
        return None
    lacks = [word for word, there in (("TLS", encrypted), ("authentication", authenticated)) if not there]
    return f"{listen} can be reached from other machines without {' and '.join(lacks)}"
