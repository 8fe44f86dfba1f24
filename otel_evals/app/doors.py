"""Where the doors of a running host really are, and which of them another program holds."""

import socket
from collections.abc import Iterator

from otel_evals.app.crew import Alone
from otel_evals.app.host import Host
from otel_evals.config.schema import Config
from otel_evals.receive.address import parse_listen
from otel_evals.view.board import Addresses

_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - recognised, not listened on


def addresses(host: Host, pages: str | None = None) -> Addresses:
    """The addresses of a host that has started, with the ports that the system chose where 0 was asked for."""
    config, crew = host.config, host.crew
    grpc = crew.processor.grpc_port if isinstance(crew, Alone) else 0
    http = crew.processor.http_port if isinstance(crew, Alone) else 0
    receive = config.receive
    return Addresses(
        grpc=_reachable(receive.grpc.listen, grpc),
        http=_url(_reachable(receive.http.listen, http), tls=receive.http.tls is not None),
        metrics=_url(_reachable(config.metrics.listen, host.metrics_port), "/metrics"),
        pages=pages,
    )


def _reachable(listen: str | None, port: int) -> str | None:
    if listen is None:
        return None
    host, configured = parse_listen(listen)
    host = "127.0.0.1" if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    return f"{host}:{port or configured}"


def _url(address: str | None, path: str = "", *, tls: bool = False) -> str | None:
    return None if address is None else f"http{'s' if tls else ''}://{address}{path}"


def taken(config: Config) -> Iterator[tuple[str, str]]:
    """(flag, address) of each configured door that another program listens on."""
    doors = (
        ("--grpc", config.receive.grpc.listen),
        ("--http", config.receive.http.listen),
        ("--metrics", config.metrics.listen),
    )
    for flag, listen in doors:
        if listen is not None and is_taken(*parse_listen(listen)):
            yield flag, listen


def other_ports(doors: list[tuple[str, str]]) -> str:
    """What to say of doors that are taken."""
    flags = " ".join(f"{flag} {listen.rpartition(':')[0]}:0" for flag, listen in doors)
    listed = " and ".join(listen for _, listen in doors)
    verb = "are" if len(doors) > 1 else "is"
    return f"{listed} {verb} taken by another program; stop it, or let the system choose a free port: {flags}"


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens there, or the address is not ours to listen on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
