"""What `up` starts beside the processor: the backend on the same data folder, as a destination of it.

Called by `run` around the whole of `up`: it still takes results while the processor drains. The doors of the processor
do not wait for it: its address is listened on from the beginning, and who connects waits until it answers.
"""

import secrets
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from otel_evals.app.companion import Companion, is_installed
from otel_evals.app.doors import is_taken, other_ports, taken
from otel_evals.config.backend import NAME, backend_destination
from otel_evals.config.credentials import environment_with
from otel_evals.config.environment import variable_name
from otel_evals.config.schema import Config
from otel_evals.plugins.extras import INSTALL
from otel_evals.receive.address import parse_listen
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import Secret

_FLAG: Final = "--backend-listen"
_BACKLOG: Final = 2048
_DEMO_FOLDER: Final = "demo"
_REPEATED: Final = "otel-evals: warning: "
"""How a line begins that says again what this process has said: both read the same configuration."""


class BackendWish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says about the backend."""

    none: bool = False
    listen: str | None = None
    file: Path | None = None
    """The configuration file, when one is named."""


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What runs beside the processor."""

    apply: Callable[[Config], Config] = lambda config: config
    """The configuration with the backend as a destination; the same for one that is read anew."""
    pages: str | None = None
    """URL for people; None when there is no backend here."""
    feedback: str | None = None
    """Where feedback is taken without a credential, as from programs of this machine; None = nowhere here."""
    companion: Companion | None = None
    """The backend itself, as it may turn out that it cannot start."""
    notice: str = ""
    """What is worth saying about that."""


@asynccontextmanager
async def beside(config: Config, wish: BackendWish, *, demo_data: str | None) -> AsyncGenerator[Beside]:
    """The backend, as long as the block lasts.

    Args:
        config: the configuration as it was read.
        wish: what the command line says.
        demo_data: data folder of made-up traffic; None = the traffic is real.

    Raises:
        ConfigurationError: an address is taken; the text says what to do.
    """
    own: Any = getattr(config, NAME, None)
    reason = _not_here(config, wish)
    listen: str = "" if reason is not None or own is None else wish.listen or own.listen
    doors = list(taken(config))
    if listen and is_taken(*parse_listen(listen)):
        doors.append((_FLAG, listen))
    if doors:
        raise ConfigurationError(other_ports(doors))
    if not listen or own is None:
        yield Beside(notice=reason or "")
        return
    http = _fixed_http(config)
    flags = _flags(config, wish, demo_data)
    if own.send_to is None and (target := _own_address(config, http)):
        flags += ["--send-to", target]
    token, environ = _credential(own)
    with _listening(listen) as listening:
        listen = f"{listen.rpartition(':')[0]}:{listening.getsockname()[1]}"
        companion = Companion(
            [*flags, "--listen", listen],
            listening=listening,
            environ=environ,
            grace=float(config.shutdown.grace),
            clock=SystemClock(),
            tell=_tell,
        )
        companion.begin()
        address = _url(listen)
        try:
            yield Beside(
                apply=_Apply(address, token, http),
                pages=address,
                feedback=address if token is None else None,
                companion=companion,
            )
        finally:
            await companion.stop()


class _Apply:
    """Adds the backend to a configuration."""

    def __init__(self, url: str, token: Secret | None, http: str | None) -> None:
        self._destination = backend_destination(url, token)
        self._http = http

    def __call__(self, config: Config) -> Config:
        receive = config.receive
        if self._http is not None:
            receive = msgspec.structs.replace(receive, http=msgspec.structs.replace(receive.http, listen=self._http))
        return msgspec.structs.replace(config, receive=receive, forward=(*config.forward, self._destination))


def _not_here(config: Config, wish: BackendWish) -> str | None:
    """Why no backend is started, None when one is. Empty: because it was said so."""
    if wish.none:
        return ""
    if any(destination.label == NAME for destination in config.forward):
        return ""  # there is one elsewhere
    if not is_installed():
        return f"no pages, no review: the backend is not installed ({INSTALL[NAME]})"
    return None


def _flags(config: Config, wish: BackendWish, demo_data: str | None) -> list[str]:
    flags = ["--config", str(wish.file)] if wish.file is not None else []
    if demo_data is None:
        return [*flags, "--data", config.data]
    # Made-up results have a database of their own, wherever the judges keep theirs.
    data = demo_data if demo_data != config.data else str(Path(demo_data) / _DEMO_FOLDER)
    return [*flags, "--data", data, "--demo"]


def _credential(own: Any) -> tuple[Secret | None, dict[str, str] | None]:
    """What the processor shows to the backend, and the backend's environment where it has to be told of it."""
    if own.ingest.bearer_tokens:
        return own.ingest.bearer_tokens[0], None
    if not own.access.login:
        return None, None
    token = Secret(secrets.token_urlsafe(32))  # of this run alone: what waits on disk holds none
    return token, environment_with(variable_name((NAME, "ingest", "bearer_tokens")), token)


def _fixed_http(config: Config) -> str | None:
    """The OTLP/HTTP address with a port that the backend can be told, where the system is to choose one."""
    listen = config.receive.http.listen
    if listen is None:
        return None
    return _fixed(listen)


def _fixed(listen: str) -> str:
    """HOST:PORT with a port that is free now, where the system is to choose one."""
    host, port = parse_listen(listen)
    if port:
        return listen
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        return f"{listen.rpartition(':')[0]}:{probe.getsockname()[1]}"


def _listening(listen: str) -> socket.socket:
    host, port = parse_listen(listen)
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=_BACKLOG
        )
    except OSError as error:
        raise ConfigurationError(other_ports([(_FLAG, listen)])) from error


def _url(listen: str) -> str:
    """Where programs of this machine reach what listens there."""
    host, port = parse_listen(listen)
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104 - recognised
    return f"http://{host}:{port}"


def _own_address(config: Config, http: str | None) -> str | None:
    """Where people's labels come back to; None where nothing without a credential or certificate comes in."""
    receive = config.receive
    if http is None or receive.http.tls is not None or receive.auth.bearer_tokens or receive.auth.headers:
        return None
    return _url(http)


def _tell(line: str) -> None:
    """Its lines beside our own, where the view holds them back from the terminal."""
    if not line.startswith(_REPEATED):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
