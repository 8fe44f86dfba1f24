"""Who asks: the one place where a cookie, a token or this machine becomes a person. Called by the door."""

import hmac
from typing import Final

import msgspec
from starlette.requests import Request

from otel_evals_backend.access import app_keys, sessions, tokens
from otel_evals_backend.access.public import PROGRAMS
from otel_evals_backend.context import Context
from otel_evals_backend.records import LOCAL, Person

SESSION: Final = "session"
VISITOR: Final = "visitor"
"""Cookie of those who have not logged in: what the token of the log-in form is derived from."""

SINGLE_KEYS: Final = "single_keys"
"""Cookie of a browser on this machine: `off` when keys without a modifier do nothing."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and by what."""

    person: Person | None = None
    by_credential: bool = False
    """By something that no browser adds of itself."""
    refused: bool = False
    """A credential was shown and does not hold."""
    binding: str = ""
    """The cookie that tokens of forms are derived from."""


def cookie_name(name: str, *, secure: bool) -> str:
    """The name of a cookie; under TLS one that no other host of the domain can set."""
    return f"__Host-{name}" if secure else name


def looks_like_a_browser(request: Request) -> bool:
    """Whether a browser made the request: programs send none of these of themselves."""
    return any(name in request.headers for name in ("origin", "sec-fetch-site", "sec-fetch-mode", "referer", "cookie"))


async def identify(request: Request, context: Context, *, secure: bool) -> Asking:
    """Who asks. Notes the use of sessions and tokens beside the request, at most once a minute."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return await _by_token(secret.strip(), context)
    if request.url.path.startswith(PROGRAMS):
        local = not context.settings.access.login and not _foreign(request)
        return Asking(person=LOCAL if local else None, by_credential=not looks_like_a_browser(request))
    if not context.settings.access.login:
        return Asking(person=_local(request))
    cookie = request.cookies.get(cookie_name(SESSION, secure=secure), "")
    if cookie:
        now_ns = context.clock.time_ns()
        async with context.database.read() as connection:
            found = await sessions.find(connection, cookie, now_ns, context.settings.access)
        if found is not None:
            if found.note_use:
                context.tasks.spawn(_note_session(context, found.digest, now_ns), "note the use of a session")
            return Asking(person=found.person, binding=cookie)
    return Asking(binding=request.cookies.get(cookie_name(VISITOR, secure=secure), ""))


def _local(request: Request) -> Person:
    """Whoever sits at this machine; what they chose is kept in the browser."""
    return msgspec.structs.replace(LOCAL, single_keys=request.cookies.get(SINGLE_KEYS) != "off")


def _foreign(request: Request) -> bool:
    """Whether a page of somebody else may have made the request."""
    site = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin")
    return site not in ("none", "same-origin") or (
        origin is not None and origin.partition("://")[2].lower() != request.headers.get("host", "").lower()
    )


async def _by_token(secret: str, context: Context) -> Asking:
    if secret.startswith(app_keys.PREFIX):
        return Asking(by_credential=True)
    given = secret.encode("utf-8", "surrogatepass")
    configured = [token.reveal().encode() for token in context.settings.ingest.bearer_tokens]
    if any([hmac.compare_digest(given, one) for one in configured]):  # noqa: C419 - a list: all are compared
        return Asking(person=tokens.holder("configured", "a configured sender", {"send"}), by_credential=True)
    if not secret.startswith(tokens.PREFIX):
        return Asking(refused=True)
    now_ns = context.clock.time_ns()
    async with context.database.read() as connection:
        found = await tokens.find(connection, secret, now_ns)
    if found is None:
        return Asking(refused=True)
    if found.note_use:
        context.tasks.spawn(_note_token(context, found.token, now_ns), "note the use of a token")
    return Asking(person=found.person, by_credential=True)


async def _note_session(context: Context, digest: bytes, now_ns: int) -> None:
    async with context.database.write() as connection:
        await sessions.note_use(connection, digest, now_ns)


async def _note_token(context: Context, token: str, now_ns: int) -> None:
    async with context.database.write() as connection:
        await tokens.note_use(connection, token, now_ns)
