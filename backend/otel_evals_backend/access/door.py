"""The door: what every request passes before any room sees it.

In this order: proxies → headers of the answer → `Host` → who asks → how large the body is → where the request was made
(`Origin`, token of forms) → whether somebody must have logged in. A refusal here happens before the body is read, but
for the token in a form. `install` is called by `app` once; `begin` when the database is ready.
"""

import secrets
from typing import Any, Final, cast
from urllib.parse import quote

import msgspec
from fastapi import FastAPI
from sqlalchemy import select
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.access import csrf, invites
from otel_evals_backend.access.bodies import limited, too_large
from otel_evals_backend.access.forwarded import resolve
from otel_evals_backend.access.headers import security_headers, with_headers
from otel_evals_backend.access.identity import Asking, identify, looks_like_a_browser
from otel_evals_backend.access.names import Names, host_and_port, is_loopback, networks
from otel_evals_backend.access.oidc import Oidc
from otel_evals_backend.access.passwords import Passwords
from otel_evals_backend.access.problems import problem
from otel_evals_backend.access.public import CHECKED_INSIDE, PROGRAMS, is_public
from otel_evals_backend.access.rates import LoginRates
from otel_evals_backend.access.tokens import PREFIX
from otel_evals_backend.context import Context
from otel_evals_backend.settings import BackendSettings
from otel_evals_backend.storage.database import put
from otel_evals_backend.storage.tables import server_keys

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_KEY: Final = "forms"


class Access(msgspec.Struct, kw_only=True):
    """What the rooms of people need beside the context."""

    names: Names
    passwords: Passwords
    rates: LoginRates
    oidc: Oidc | None = None
    invitation: str | None = None
    """Link for the first administrator, to be printed at start; None when there is one, or nobody logs in."""
    key: bytes = b""
    """Derives the tokens of forms; shared by all replicas. Known when the database is open."""


def access_of(connection: HTTPConnection) -> Access:
    """The access of the application that answers."""
    return cast("Access", connection.app.state.access)


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser reached us by TLS."""
    return bool(connection.scope["state"]["secure"])


def check(settings: BackendSettings) -> None:
    """Refuse what would open the backend to a network without asking who comes.

    Raises:
        ConfigurationError: it does; the text names the key.
    """
    host, _ = host_and_port(settings.listen)
    if not settings.access.login and not is_loopback(host):
        raise ConfigurationError(
            f"backend.listen is {settings.listen}, which others can reach, and nobody has to log in: set "
            "backend.access.login: true, or listen on 127.0.0.1"
        )
    networks(settings.access.trusted_proxies)


def install(app: FastAPI, context: Context) -> None:
    """Put the door before all rooms. Call it last, after other middleware.

    Raises:
        ConfigurationError: see `check`.
    """
    check(context.settings)
    provider = context.settings.access.oidc
    app.state.access = Access(
        names=Names(context.settings),
        passwords=Passwords(),
        rates=LoginRates(),
        oidc=None if provider is None else Oidc(provider),
    )
    app.add_middleware(Door, context=context, access=app.state.access)
    app.add_exception_handler(Exception, _broken)


async def begin(app: FastAPI, context: Context) -> None:
    """Read the key of forms from the database (the first process makes it); invite the first administrator."""
    access: Access = app.state.access
    row = {"name": _KEY, "value": secrets.token_bytes(32), "created_ns": context.clock.time_ns()}
    async with context.database.write() as connection:
        await put(connection, context.database.insert_new(server_keys), [row])
        statement = select(server_keys.c.value).where(server_keys.c.name == _KEY)
        access.key = (await connection.execute(statement)).scalar_one()
        secret = await invites.first(connection, context.clock.time_ns()) if context.settings.access.login else None
    access.invitation = None if secret is None else f"{access.names.base}/invite/{secret}"


class Door:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, *, context: Context, access: Access) -> None:
        self._app = app
        self._context = context
        self._access = access
        self._trusted = networks(context.settings.access.trusted_proxies)
        self._public_tls = access.names.public_url.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it in."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": 1008})
            return
        scope = resolve(scope, self._trusted)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["secure"] = scope["scheme"] == "https" or self._public_tls
        send = with_headers(send, secure=state["secure"])
        request = Request(scope, receive)
        refusal, receive = await self._judge(request, state)
        await (self._app if refusal is None else refusal)(scope, receive, send)

    async def _judge(self, request: Request, state: dict[str, Any]) -> tuple[Response | None, Receive]:
        state["person"] = None
        state["csrf"] = ""
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or not self._access.names.ours(hosts[0]):
            return _refusal(400, "this is no name of ours: add it to backend.access.hosts"), request.receive
        if "\x00" in request.scope["path"] or "%00" in request.url.query:
            return _refusal(400, "no text of ours holds a zero byte"), request.receive
        if any(value.startswith(PREFIX) for value in request.query_params.values()):
            return _refusal(
                400, "a token never stands in an address: send it as Authorization: Bearer"
            ), request.receive
        asking = await identify(request, self._context, secure=state["secure"])
        if asking.refused and request.url.path not in CHECKED_INSIDE:
            refusal = _refusal(401, "the token does not hold")
            refusal.headers["www-authenticate"] = "Bearer"
            return refusal, request.receive
        state["person"] = asking.person
        token = csrf.token_for(self._access.key, asking.binding)
        state["csrf"] = csrf.masked(token)
        if too_large(request):
            return _refusal(413, "the body is too large"), request.receive
        request = Request(request.scope, limited(request))
        refusal, receive = await self._made_by_us(request, asking, state, token)
        if refusal is None and asking.person is None and not is_public(request.url.path):
            refusal = _log_in(request)
        return refusal, receive

    async def _made_by_us(
        self, request: Request, asking: Asking, state: dict[str, Any], token: bytes
    ) -> tuple[Response | None, Receive]:
        """Refuse a change that a page of somebody else asks for."""
        path = request.url.path
        if request.method in _SAFE or asking.by_credential or path.startswith(PROGRAMS):
            return None, request.receive
        if asking.person is not None and not looks_like_a_browser(request):
            return None, request.receive  # a program on this machine, without log-in
        origin = request.headers.get("origin")
        host = request.headers["host"]
        if origin is not None:
            foreign = not self._access.names.same_origin(origin, host, secure=state["secure"])
        else:
            foreign = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        if foreign:
            return _refusal(403, "this request was made by a page of another site"), request.receive
        try:
            shown, receive = await csrf.shown_token(request)
        except csrf.FormTooLarge:
            return _refusal(413, "the form is too large"), request.receive
        if not csrf.matches(token, shown):
            return _refusal(403, "this page is out of date: go back, reload it, and send it again"), receive
        return None, receive


def _log_in(request: Request) -> Response:
    wants_page = request.method in _SAFE and "text/html" in request.headers.get("accept", "")
    if wants_page and not request.url.path.startswith(("/api/", PROGRAMS)):
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(target, safe='/')}", status_code=303)
    refusal = _refusal(401, "log in first")
    refusal.headers["www-authenticate"] = "Bearer"
    return refusal


def _refusal(status: int, detail: str) -> Response:
    return problem(status, detail)


async def _broken(request: Request, _error: Exception) -> Response:
    """The answer when a room fails. It is sent outside the door, so it brings its headers along."""
    secure = bool(request.scope.get("state", {}).get("secure"))
    return problem(500, "something went wrong here; the log says what", headers=security_headers(secure=secure))
