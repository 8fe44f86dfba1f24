"""Who really asked, when a proxy stands between: only proxies that the configuration names are believed.

The door calls it first. From anybody else the `X-Forwarded-…` headers are taken off, so that no room below can be led
astray by them.
"""

from ipaddress import IPv4Network, IPv6Network
from typing import Final

from starlette.types import Scope

from otel_evals_backend.access.names import address_of

_HEADERS: Final = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"forwarded")
Networks = tuple[IPv4Network | IPv6Network, ...]


def resolve(scope: Scope, trusted: Networks) -> Scope:
    """The scope as the first proxy that we trust saw it, without the headers that said so."""
    headers: list[tuple[bytes, bytes]] = list(scope["headers"])
    given: dict[bytes, str] = {}
    for name, value in headers:
        if name in _HEADERS:
            given[name] = ",".join(filter(None, (given.get(name), value.decode("latin-1"))))
    if not given:
        return scope
    kept = [(name, value) for name, value in headers if name not in _HEADERS]
    changed: Scope = {**scope, "headers": kept}
    peer = scope["client"][0] if scope.get("client") else ""
    if not _trusted(peer, trusted):
        return changed
    hops = [hop.strip() for hop in given.get(b"x-forwarded-for", "").split(",") if hop.strip()]
    client = next((hop for hop in reversed(hops) if not _trusted(hop, trusted)), peer)
    changed["client"] = (client if address_of(client) else peer, 0)
    scheme = given.get(b"x-forwarded-proto", "").rsplit(",", 1)[-1].strip().lower()
    if scheme in ("http", "https"):
        changed["scheme"] = scheme
    if host := given.get(b"x-forwarded-host", "").rsplit(",", 1)[-1].strip():
        changed["headers"] = [(name, value) for name, value in kept if name != b"host"]
        changed["headers"].append((b"host", host.encode("latin-1")))
    return changed


def _trusted(host: str, trusted: Networks) -> bool:
    address = address_of(host)
    return address is not None and any(address in network for network in trusted)
