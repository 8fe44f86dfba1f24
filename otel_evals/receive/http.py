"""An HTTP/1.1 server of our own: small, strict, bounded.

A general web server costs three times the CPU of this one for small requests, which is what apps with small batches
send, and takes bodies whole before anyone is asked. Used for the OTLP port, for `/metrics` and health, and for
`POST /v1/decide`: everything that answers is a `Route`.

Life cycle: `start`, then `stop` once. The server's timer is a loop callback, its requests are tasks of its own `Tasks`.
"""

import asyncio
import ssl
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

import grpc

from otel_evals.lifecycle.tasks import Tasks
from otel_evals.lifecycle.waiting import happens
from otel_evals.receive.address import parse_listen
from otel_evals.receive.admission import Admission
from otel_evals.receive.cors import Cors
from otel_evals.receive.http_connection import HttpConnection
from otel_evals.receive.http_message import Head, Response, Route, Routes
from otel_evals.receive.settings import CorsSettings, HttpSettings
from otel_evals.receive.status import HttpRefusal, Refusal
from otel_evals.records.clock import Clock
from otel_evals.records.errors import OtelEvalsError, Unavailable
from otel_evals.records.signal import Signal

_BUFFER: Final = 256 << 10
_MAX_TICK: Final = 0.5
_FLOOD: Final = 2

OnRefused = Callable[[Signal | None, str, int], None]
"""Told of every refused request: signal (None when it was none of OTLP), reason, bytes read or announced."""

OnFault = Callable[[BaseException], None]
"""Told of errors that nobody foresaw."""

Refuse = Callable[[Refusal, Head | None], Response]
"""Makes the answer of a refusal; the head is None when it could not be read."""


class HttpServer:
    """Listens on one address and answers by its routes."""

    def __init__(
        self,
        routes: Routes,
        *,
        settings: HttpSettings,
        admission: Admission,
        clock: Clock,
        refuse: Refuse,
        on_refused: OnRefused,
        on_fault: OnFault,
        tls: ssl.SSLContext | None = None,
        cors: CorsSettings | None = None,
        handler_timeout: float = 9.0,
        reuse_port: bool = False,
    ) -> None:
        self.settings = settings
        self.admission = admission
        self.refuse = refuse
        self.on_refused = on_refused
        self.handler_timeout = handler_timeout
        self.cors = Cors(cors or CorsSettings())
        self.tasks = Tasks(lambda _name, error: on_fault(error))
        self.buffer = memoryview(bytearray(_BUFFER))
        self.draining = False
        self.date = ""
        self._on_fault = on_fault
        self._routes = routes
        self._methods: dict[str, list[str]] = {}
        for method, path in routes:
            self._methods.setdefault(path, []).append(method)
        self._clock = clock
        self._tls = tls
        self._reuse_port = reuse_port
        self._connections: set[HttpConnection] = set()
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._time: Callable[[], float] = lambda: 0.0
        self._empty: asyncio.Event = asyncio.Event()
        self.port = 0
        """The port that is listened on, known after `start`."""

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had, ConfigurationError when it is none."""
        if self.settings.listen is None:
            return
        host, port = parse_listen(self.settings.listen)
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._server = await self._loop.create_server(
            lambda: HttpConnection(self),
            host,
            port,
            ssl=self._tls,
            ssl_handshake_timeout=float(self.settings.header_timeout) if self._tls else None,
            reuse_port=self._reuse_port or None,
            backlog=1024,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._tick()

    async def stop(self, grace: float) -> None:
        """Stop accepting, answer 503 to what still comes, finish what is in flight, at most `grace` seconds."""
        self.draining = True
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.drain()
        if self._connections:
            self._empty.clear()
            if not await happens(self._empty, grace):
                for connection in list(self._connections):
                    connection.abort()
        await self.tasks.close()
        if self._timer is not None:
            self._timer.cancel()

    # For connections

    def now(self) -> float:
        """Loop time, seconds."""
        return self._time()

    def is_flooded(self) -> bool:
        """Whether there are so many connections that one more cannot even be told so."""
        return len(self._connections) >= _FLOOD * self.settings.max_connections

    def enter(self, connection: HttpConnection) -> bool:
        """Register a connection; False when there are too many, and it must end after saying so."""
        self._connections.add(connection)
        return len(self._connections) <= self.settings.max_connections

    def leave(self, connection: HttpConnection) -> None:
        """The connection has ended."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def answer_by_head(self, head: Head) -> Response | None:
        """An answer that needs no route: a browser's preflight."""
        return self.cors.preflight(head) if head.method == "OPTIONS" else None

    def check_open(self) -> None:
        """Raises Unavailable when the server is stopping."""
        if self.draining:
            raise Unavailable("shutting down", retry_after=1.0)

    def route(self, head: Head) -> Route:
        """The route of a request. Raises HttpRefusal: 404, or 405 with Allow."""
        method = "GET" if head.method == "HEAD" else head.method
        if (route := self._routes.get((method, head.path))) is not None:
            return route
        allowed = self._methods.get(head.path)
        raise HttpRefusal(
            Refusal(
                reason="no_such_path" if allowed is None else "no_such_method",
                grpc_code=grpc.StatusCode.UNIMPLEMENTED,
                http_status=HTTPStatus.NOT_FOUND if allowed is None else HTTPStatus.METHOD_NOT_ALLOWED,
                message="nothing is served at this path" if allowed is None else f"allowed here: {', '.join(allowed)}",
                headers=(("allow", ", ".join(allowed)),) if allowed else (),
            )
        )

    def report(self, error: Exception) -> None:
        """Say of an error whether anyone foresaw it."""
        if not isinstance(error, OtelEvalsError | HttpRefusal | TimeoutError):
            self._on_fault(error)

    def _tick(self) -> None:
        assert self._loop is not None  # noqa: S101 - called by start and by itself
        now = self._loop.time()
        self.date = formatdate(self._clock.time_ns() // 10**9, usegmt=True)
        for connection in [c for c in self._connections if c.deadline <= now]:
            connection.expire()
        settings = self.settings
        shortest = min(
            settings.header_timeout,
            settings.body_timeout,
            settings.idle_timeout,
            settings.discard_timeout,
            self.handler_timeout,
        )
        self._timer = self._loop.call_later(min(_MAX_TICK, shortest / 4), self._tick)
