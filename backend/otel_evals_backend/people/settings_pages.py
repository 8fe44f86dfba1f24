"""The pages of settings: one's own, people, tokens, publishable keys, what is kept, the log of changes."""

from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from otel_evals_backend.access import sessions, tokens, users
from otel_evals_backend.access.door import access_of, is_secure
from otel_evals_backend.access.identity import SESSION, SINGLE_KEYS
from otel_evals_backend.access.passwords import SHORTEST
from otel_evals_backend.access.people import Admin, Viewer, may
from otel_evals_backend.context import Context, Here
from otel_evals_backend.people import changes, cookies, queries
from otel_evals_backend.people.api import no_token
from otel_evals_backend.people.models import AppKeyOrder, PersonChange, TokenOrder
from otel_evals_backend.records import LOCAL, Person, Role
from otel_evals_backend.web.pages import page

ROUTER: Final = APIRouter(prefix="/settings", include_in_schema=False)
_YEAR: Final = 365 * 86400
_ROWS: Final = 100
_TABS: Final = (
    ("You", "/settings", Role.VIEWER),
    ("People", "/settings/people", Role.ADMIN),
    ("Tokens", "/settings/tokens", Role.VIEWER),
    ("App keys", "/settings/app-keys", Role.ADMIN),
    ("What is kept", "/settings/kept", Role.VIEWER),
    ("Log of changes", "/settings/audit", Role.ADMIN),
)


def _page(request: Request, person: Person, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    path = request.url.path
    here = next((address for _, address, _ in _TABS[1:] if path.startswith(address)), "/settings")
    tabs = [(word, address, address == here) for word, address, role in _TABS if may(person, role)]
    login = access_login(request)
    return page(request, f"people/{template}.html", status=status, tabs=tabs, login=login, **values)


def access_login(request: Request) -> bool:
    """Whether people log in here."""
    return bool(cast("Context", request.app.state.context).settings.access.login)


def _back(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)


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
    return _page(
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
    answer = _back("/settings")
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
    answer = _back("/login")
    cookies.take(request, answer, SESSION)
    return answer


@ROUTER.get("/people")
async def people(request: Request, person: Admin, context: Here) -> Response:
    """Who may log in, and who is invited."""
    return await _people(request, person, context)


async def _people(
    request: Request, person: Person, context: Context, *, status: int = 200, link: str = "", error: str = ""
) -> Response:
    async with context.database.read() as connection:
        rows = await queries.people(connection)
        waiting = await queries.invitations(connection, context.clock.time_ns())
    names = {row.id: row.name for row in rows} | {LOCAL.id: LOCAL.name, "start": "the start of the program"}
    return _page(
        request, person, "people", status=status, rows=rows, waiting=waiting, names=names, link=link, error=error,
        roles=[role.value for role in Role],
    )  # fmt: skip


@ROUTER.post("/people/invite")
async def invite(request: Request, person: Admin, context: Here, role: Annotated[Role, Form()]) -> Response:
    """Make a link and show it, this once."""
    _, secret = await changes.invite(context, person, role)
    return await _people(request, person, context, link=f"{access_of(request).names.base}/invite/{secret}")


@ROUTER.post("/people/{identity}")
async def change_person(
    *,
    request: Request,
    person: Admin,
    context: Here,
    identity: str,
    act: Annotated[str, Form()],
    role: Annotated[Role | None, Form()] = None,
) -> Response:
    """Another role, no more log-in, log-in again, or a link for a new password."""
    try:
        if act == "password":
            _, secret = await changes.renew_password(context, person, identity)
            return await _people(request, person, context, link=f"{access_of(request).names.base}/invite/{secret}")
        known = {
            "role": PersonChange(role=role),
            "disable": PersonChange(disabled=True),
            "enable": PersonChange(disabled=False),
        }
        await changes.change_person(context, person, identity, known.get(act, PersonChange()))
    except changes.Unknown as error:
        raise HTTPException(404, "there is no such person, or nothing to do") from error
    except users.LastAdmin:
        text = "Nobody would be left who may administer. Make somebody else administrator first."
        return await _people(request, person, context, status=409, error=text)
    return _back("/settings/people")


@ROUTER.post("/invitations/{identity}/withdraw")
async def withdraw(person: Admin, context: Here, identity: str) -> Response:
    """Take an invitation back."""
    try:
        await changes.withdraw(context, person, identity)
    except changes.Unknown as error:
        raise HTTPException(404, "it no longer waits") from error
    return _back("/settings/people")


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
    return _page(
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
    return _back("/settings/tokens")


@ROUTER.get("/app-keys")
async def app_keys(request: Request, person: Admin, context: Here) -> Response:
    """Publishable keys of applications."""
    return await _app_keys(request, person, context)


async def _app_keys(
    request: Request, person: Person, context: Context, *, status: int = 200, made: str = "", error: str = ""
) -> Response:
    async with context.database.read() as connection:
        rows = await queries.app_key_list(connection)
    return _page(
        request, person, "app_keys", status=status, rows=rows, made=made, error=error,
        per_minute=context.settings.feedback.per_minute,
    )  # fmt: skip


@ROUTER.post("/app-keys")
async def make_app_key(
    *,
    request: Request,
    person: Admin,
    context: Here,
    app: Annotated[str, Form()] = "",
    origins: Annotated[str, Form()] = "",
    per_minute: Annotated[str, Form()] = "60",
) -> Response:
    """Make a publishable key."""
    try:
        order = AppKeyOrder.model_validate({"app": app, "origins": origins.split(), "per_minute": per_minute})
        made = await changes.make_app_key(context, person, order)
    except ValidationError:
        text = "A key needs the name of its application, and a whole number of signals a minute."
        return await _app_keys(request, person, context, status=400, error=text)
    except ValueError as error:
        return await _app_keys(request, person, context, status=400, error=str(error))
    return await _app_keys(request, person, context, made=made)


@ROUTER.post("/app-keys/{key}/revoke")
async def revoke_app_key(person: Admin, context: Here, key: str) -> Response:
    """Feedback with it is refused from now on."""
    try:
        await changes.revoke_app_key(context, person, key)
    except changes.Unknown as error:
        raise HTTPException(404, "there is none") from error
    return _back("/settings/app-keys")


@ROUTER.get("/kept")
async def kept(request: Request, person: Viewer, context: Here) -> Response:
    """What is kept, for how long, and where traces are shown."""
    return _page(request, person, "kept", kept=queries.kept(context.settings))


@ROUTER.get("/audit")
async def audit(
    *,
    request: Request,
    person: Admin,
    context: Here,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    who: Annotated[str, Query(max_length=100)] = "",
    action: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The log of changes, newest first."""
    async with context.database.read() as connection:
        found = await queries.audit_page(connection, before=before, limit=_ROWS, who=who, action=action)
    return _page(request, person, "audit", found=found, before=before, who=who, action=action)
