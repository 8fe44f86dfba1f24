"""The pages of settings that are for everybody: one's own, tokens of programs, what is kept."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Request, Response
from pydantic import ValidationError

from otel_evals_backend.access import sessions, tokens, users
from otel_evals_backend.access.door import access_of, is_secure
from otel_evals_backend.access.identity import SESSION, SINGLE_KEYS
from otel_evals_backend.access.passwords import SHORTEST
from otel_evals_backend.access.people import Viewer, may
from otel_evals_backend.context import Context, Here
from otel_evals_backend.people import changes, cookies, queries
from otel_evals_backend.people.api import no_token
from otel_evals_backend.people.models import TokenOrder
from otel_evals_backend.people.settings_frame import back, settings_page
from otel_evals_backend.records import LOCAL, Person, Role

ROUTER: Final = APIRouter(prefix="/settings", include_in_schema=False)
_YEAR: Final = 365 * 86400


@ROUTER.get("")
async def own(request: Request, person: Viewer, context: Here) -> Response:
    """One's own: theme, keys, password, sessions."""
    return await _own(request, person, context)


async def _own(
    request: Request, person: Person, context: Context, *, status: int = 200, error: str = "", done: str = ""
) -> Response:
    async with context.database.read() as connection:
        user = await users.one(connection, id=person.id)
        count = await sessions.count(connection, person.id, context.clock.time_ns())
    chosen = person.theme or request.cookies.get("theme", "")
    return settings_page(
        request, person, "own", status=status, user=user, sessions=count, chosen=chosen, error=error, done=done,
        shortest=SHORTEST,
    )  # fmt: skip


@ROUTER.post("/preferences")
async def prefer(
    request: Request,
    person: Viewer,
    context: Here,
    theme: Annotated[str, Form()] = "",
    keys: Annotated[str, Form()] = "",
) -> Response:
    """Keep theme and keys: for the person, and in this browser, which knows them before anybody has logged in."""
    no_token(person)
    theme = theme if theme in ("light", "dark") else ""
    if person.id != LOCAL.id:
        await changes.prefer(context, person, sessions.Preferences(theme=theme, single_keys=bool(keys)))
    answer = back("/settings")
    secure = is_secure(request)
    for name, value in (("theme", theme), (SINGLE_KEYS, "" if keys else "off")):
        if value:
            # the page's own script reads and sets the theme
            answer.set_cookie(
                name, value, max_age=_YEAR, path="/", secure=secure, samesite="lax", httponly=name != "theme"
            )
        else:
            answer.delete_cookie(name, path="/", secure=secure, samesite="lax")
    return answer


@ROUTER.post("/password")
async def set_password(
    request: Request,
    person: Viewer,
    context: Here,
    old: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
) -> Response:
    """Another password, for those who know the present one."""
    no_token(person)
    access = access_of(request)
    async with context.database.read() as connection:
        user = await users.one(connection, id=person.id)
    if user is None:
        return await _own(request, person, context, status=400, error="nobody logs in here")
    if not access.rates.allow(f"password {person.id}", request.client.host if request.client else ""):
        return await _own(request, person, context, status=429, error="Too many attempts. Wait five minutes.")
    if not await access.passwords.verify(user.password_hash, old):
        return await _own(request, person, context, status=400, error="The present password is wrong.")
    try:
        hashed = await access.passwords.hash(new)
    except ValueError as error:
        return await _own(request, person, context, status=400, error=str(error))
    await changes.set_password(context, person, hashed, keep=cookies.shown(request, SESSION))
    return await _own(request, person, context, done="The password is changed. All your other sessions have ended.")


@ROUTER.post("/sessions/end")
async def end_sessions(request: Request, person: Viewer, context: Here) -> Response:
    """Log out everywhere, here too."""
    no_token(person)
    await changes.end_sessions(context, person)
    answer = back("/login")
    cookies.take(request, answer, SESSION)
    return answer


@ROUTER.get("/tokens")
async def token_list(request: Request, person: Viewer, context: Here) -> Response:
    """Tokens of programs."""
    return await _tokens(request, person, context)


async def _tokens(
    request: Request, person: Person, context: Context, *, status: int = 200, secret: str = "", error: str = ""
) -> Response:
    async with context.database.read() as connection:
        rows = await queries.token_list(connection, of=None if may(person, Role.ADMIN) else person.id)
    scopes = [(name, says) for name, says in tokens.SCOPES.items() if name in tokens.scopes_of(person.role)]
    now = queries.moment(context.clock.time_ns())
    return settings_page(
        request, person, "tokens", status=status, rows=rows, scopes=scopes, secret=secret, error=error, now=now
    )


@ROUTER.post("/tokens")
async def make_token(
    *,
    request: Request,
    person: Viewer,
    context: Here,
    name: Annotated[str, Form()] = "",
    scopes: Annotated[tuple[str, ...], Form()] = (),
    days: Annotated[str, Form()] = "",
) -> Response:
    """Make a token and show it, this once."""
    no_token(person)
    try:
        order = TokenOrder.model_validate({"name": name, "scopes": list(scopes), "days": days or None})
        _, secret = await changes.make_token(context, person, order)
    except ValidationError:
        text = (
            "A token needs a name of at most 100 characters, at least one scope, and an end in 1 to 3650 days or none."
        )
        return await _tokens(request, person, context, status=400, error=text)
    except ValueError as error:
        return await _tokens(request, person, context, status=403, error=str(error))
    return await _tokens(request, person, context, secret=secret)


@ROUTER.post("/tokens/{identity}/revoke")
async def revoke_token(person: Viewer, context: Here, identity: str) -> Response:
    """It opens nothing from now on."""
    no_token(person)
    try:
        await changes.revoke_token(context, person, identity)
    except changes.Unknown as error:
        raise HTTPException(404, "there is none, or it is not yours") from error
    return back("/settings/tokens")


@ROUTER.get("/kept")
async def kept(request: Request, person: Viewer, context: Here) -> Response:
    """What is kept, for how long, and where traces are shown."""
    return settings_page(request, person, "kept", kept=queries.kept(context.settings))
