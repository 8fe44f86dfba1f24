"""Runs the application under uvicorn until a signal comes: address, signals, the end within its time.

Called by `cli` alone. The database is opened and migrated before anything is answered, and what stops that is an error
in words instead of a server that is half there. Requests are not logged: addresses may hold what people searched for.
"""

import asyncio
import logging
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import uvicorn

from otel_evals.receive.address import parse_listen
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.app import create_app
from otel_evals_backend.records import Wording
from otel_evals_backend.settings import BackendSettings

_BACKLOG: Final = 2048
_ENDED_AT_ONCE: Final = 130
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - recognised, not listened on

Say = Callable[[str], None]
"""Writes a line for whoever started the program."""


async def serve(
    settings: BackendSettings,
    *,
    folder: Path,
    grace: float,
    demo: bool,
    attached: bool,
    listen_on: int | None,
    say: Say,
    wordings: Mapping[str, Wording],
) -> int:
    """Answer requests until SIGTERM or SIGINT; the exit code. A second signal ends at once.

    Args:
        settings: the section `backend`.
        folder: the data folder.
        grace: seconds that requests under way get at the end.
        demo: whether the traffic is made up.
        attached: whether to end when standard input closes, so as not to outlive the program that holds it.
        listen_on: a listening socket of the program that started this one, instead of one of our own.
        say: gets the address as soon as requests are answered.
        wordings: how people are asked about the configuration's own metrics.

    Raises:
        ConfigurationError: the address is taken, or the database cannot be used.
    """
    with _listen(settings.listen) if listen_on is None else socket.socket(fileno=listen_on) as listening:
        host = settings.listen.rpartition(":")[0]
        settings = msgspec.structs.replace(settings, listen=f"{host}:{listening.getsockname()[1]}")
        clock = SystemClock()
        rng = random.Random()  # noqa: S311 - jitter and shuffles, no secret
        app = create_app(settings, folder=folder, clock=clock, rng=rng, demo=demo, wordings=wordings)
        async with app.router.lifespan_context(app):
            server = _Server(
                uvicorn.Config(
                    app,
                    lifespan="off",  # entered above, where its errors can be told
                    log_config=None,
                    access_log=False,
                    proxy_headers=False,  # believed by the room of access, from named proxies only
                    server_header=False,
                    ws="none",
                    timeout_graceful_shutdown=max(1, int(grace)),
                )
            )
            _end_with(server, attached=attached)
            say(_address(settings.listen))
            if invitation := app.state.access.invitation:
                say(f"nobody can log in yet; the first administrator comes by {invitation}")
            await server.serve(sockets=[listening])
    return 0


class _Server(uvicorn.Server):
    """Signals are ours: uvicorn raises them again at its end, and the program would end by the signal."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the handlers as they are."""
        yield


def _end_with(server: uvicorn.Server, *, attached: bool) -> None:
    """Let signals end `server`, and the end of standard input too when it is held by another program."""
    loop = asyncio.get_running_loop()

    def told() -> None:
        if server.should_exit:
            os._exit(_ENDED_AT_ONCE)
        server.should_exit = True

    def heard() -> None:
        if not os.read(sys.stdin.fileno(), 1 << 10):
            loop.remove_reader(sys.stdin)
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    if attached:
        loop.add_reader(sys.stdin, heard)


def _listen(listen: str) -> socket.socket:
    host, port = parse_listen(listen)
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=_BACKLOG
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(
            f"cannot listen on {listen}: {reason}; stop who has it, or name another address: --listen HOST:PORT "
            "(backend.listen), port 0 for any free one"
        ) from error


def _address(listen: str) -> str:
    """The address of the pages for a browser on this machine."""
    host, port = parse_listen(listen)
    host = "127.0.0.1" if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}"


def quiet_libraries() -> None:
    """Keep what libraries say of every start and end out of our own lines; their warnings stay."""
    for name in ("uvicorn", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
