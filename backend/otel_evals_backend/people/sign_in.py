"""Log in, log out, take up an invitation: the pages that are open to everybody.

The answer to a wrong password is the same, and takes as long, as that for somebody who does not exist.
"""

import logging
import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access import csrf, invites, sessions, users
from otel_evals_backend.access.audit import note
from otel_evals_backend.access.door import access_of
from otel_evals_backend.access.identity import SESSION, VISITOR
from otel_evals_backend.access.oidc import COOKIE, MAX_AGE, Flow, Identity, OidcRefused, seal, unseal
from otel_evals_backend.access.passwords import LONGEST, SHORTEST
from otel_evals_backend.access.people import person_of
from otel_evals_backend.access.rates import WINDOW
from otel_evals_backend.context import Context, Here
from otel_evals_backend.people import changes, cookies
from otel_evals_backend.records import Person, Role
from otel_evals_backend.web.pages import page

_LOG: Final = logging.getLogger(__name__)
ROUTER: Final = APIRouter(include_in_schema=False)
WRONG: Final = "E-mail address or password is wrong."


def inside(target: str) -> str:
    """`target` if it is an address of ours, else the first page: nobody is led elsewhere after log-in."""
    odd = any(not sign.isprintable() or sign in "\\ " for sign in target)
    return target if target.startswith("/") and not target.startswith("//") and not odd else "/"


@ROUTER.get("/login")
async def login_page(request: Request, context: Here, next: str = "/") -> Response:  # noqa: A002 - name in addresses
    """The form."""
    if not context.settings.access.login or person_of(request) is not None:
        return RedirectResponse(inside(next), status_code=303)
    return _visited(request, "people/login.html", next=inside(next), email="", error="")


@ROUTER.post("/login")
async def login(
    request: Request,
    context: Here,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - name in addresses
) -> Response:
    """Log in by password."""
    if not context.settings.access.login:
        return RedirectResponse("/", status_code=303)
    email = email.strip().lower()[:LONGEST]
    access = access_of(request)
    if not access.rates.allow(email, _address(request)):
        error = "Too many attempts. Wait five minutes and try again."
        answer = _visited(request, "people/login.html", status=429, next=inside(next), email=email, error=error)
        answer.headers["retry-after"] = str(WINDOW)
        return answer
    user = await _by_email(context, email)
    usable = user is not None and not user.disabled
    right = await access.passwords.verify(user.password_hash if user is not None and usable else None, password)
    if user is None or not right:
        return _visited(request, "people/login.html", status=401, next=inside(next), email=email, error=WRONG)
    renewed = None
    if user.password_hash and access.passwords.outdated(user.password_hash):
        renewed = await access.passwords.hash(password)
    return await _enter(request, context, user, inside(next), password_hash=renewed)


@ROUTER.post("/logout")
async def logout(request: Request, context: Here) -> Response:
    """End this session."""
    person = person_of(request)
    async with context.database.write() as connection:
        await sessions.end(connection, cookies.shown(request, SESSION))
        if person is not None and context.settings.access.login:
            await note(connection, context.clock, person, "log out", f"user:{person.id}")
    answer = RedirectResponse("/login", status_code=303)
    cookies.take(request, answer, SESSION)
    return answer


@ROUTER.get("/invite/{secret}")
async def invitation(request: Request, context: Here, secret: str) -> Response:
    """Say what the link is for."""
    return await _invitation(request, context, secret)


@ROUTER.post("/invite/{secret}")
async def accept(
    *,
    request: Request,
    context: Here,
    secret: str,
    name: Annotated[str, Form()] = "",
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Become a person, or set a new password."""
    access = access_of(request)
    if not access.rates.allow("invitation", _address(request)):
        return await _invitation(request, context, secret, status=429, error="Too many attempts. Wait five minutes.")
    now_ns = context.clock.time_ns()
    async with context.database.read() as connection:
        found = await invites.find(connection, secret, now_ns)
    if found is None:
        return await _invitation(request, context, secret)
    try:
        if found.user is None:
            email, name = users.normal_email(email), users.normal_name(name)
        hashed = await access.passwords.hash(password)
        async with context.database.write() as connection:
            taken = await invites.take_up(connection, secret, now_ns)
            if taken is None:
                return await _invitation(request, context, secret)
            if taken.user is None:
                user = await users.create(
                    connection, name=name, email=email, role=taken.role, now_ns=now_ns, password_hash=hashed
                )
            else:
                user = taken.user
                await users.change(connection, user, password_hash=hashed)
                await sessions.end_all(connection, user)
            return await _session(request, context, connection, user, target="/", by=f"invitation:{taken.id[:12]}")
    except ValueError as error:
        return await _invitation(request, context, secret, status=400, error=str(error), name=name, email=email)
    except IntegrityError:
        error = "this e-mail address is taken: log in, or ask an administrator for a new password"
        return await _invitation(request, context, secret, status=400, error=error, name=name, email=email)


@ROUTER.get("/login/oidc")
async def to_provider(request: Request, context: Here, next: str = "/", invite: str = "") -> Response:  # noqa: A002
    """Send the browser to the OpenID provider."""
    access = access_of(request)
    if access.oidc is None:
        return _refused(request, 404, "Log-in by a provider is not configured.")
    if not access.rates.allow("provider", _address(request)):
        return _refused(request, 429, "Too many attempts. Wait five minutes and try again.")
    try:
        address, kept = await access.oidc.start(f"{access.names.base}/login/callback")
    except OidcRefused as error:
        _LOG.warning("log-in by the provider: %s", error)
        return _refused(request, 502, "The log-in provider does not answer. Try again later.")
    flow = Flow(session=kept, next=inside(next), invitation=invite[:100], started_ns=context.clock.time_ns())
    answer = RedirectResponse(address, status_code=303)
    cookies.give(request, answer, COOKIE, seal(access.key, flow), seconds=MAX_AGE)
    return answer


@ROUTER.get("/login/callback")
async def from_provider(request: Request, context: Here) -> Response:
    """Where the provider sends the browser back to."""
    access = access_of(request)
    flow = unseal(access.key, cookies.shown(request, COOKIE), context.clock.time_ns())
    if access.oidc is None or flow is None:
        return _refused(request, 400, "This log-in was not begun here, or took too long. Begin again.")
    try:
        identity = await access.oidc.finish(request, flow.session)
        answer = await _known(request, context, identity, flow)
    except OidcRefused as error:
        _LOG.warning("log-in by the provider: %s", error)
        answer = _refused(request, 400, "The log-in did not work. Begin again.")
    cookies.take(request, answer, COOKIE)
    return answer


async def _by_email(context: Context, written: str) -> users.User | None:
    try:
        email = users.normal_email(written)
    except ValueError:
        return None
    async with context.database.read() as connection:
        return await users.one(connection, email=email)


async def _known(request: Request, context: Context, identity: Identity, flow: Flow) -> Response:
    """The session of who came by the provider: known, given a role by it, or invited."""
    now_ns = context.clock.time_ns()
    async with context.database.write() as connection:
        user = await users.one(connection, subject=identity.subject)
        if user is None and identity.email is not None:
            user = await users.one(connection, email=identity.email)
            if user is not None and user.subject is not None:
                return _refused(request, 403, "This e-mail address belongs to somebody else here.")
            if user is not None:
                await users.change(connection, user.id, subject=identity.subject)
        if user is not None:
            if user.disabled:
                return _refused(request, 403, "You may no longer log in here. Ask an administrator.")
            if identity.role is not None and identity.role is not user.role:
                try:
                    await users.change(connection, user.id, role=identity.role.value)
                except users.LastAdmin:
                    _LOG.warning("the provider takes the role from the last administrator: left as it is")
            return await _session(request, context, connection, user.id, target=flow.next, by="provider")
        role = identity.role or _default_role(context)
        if flow.invitation and (taken := await invites.take_up(connection, flow.invitation, now_ns)) is not None:
            role = taken.role if taken.user is None else role
        if role is None:
            return _refused(request, 403, "Nobody has invited you here. Ask an administrator for an invitation.")
        made = await users.create(
            connection, name=identity.name, email=identity.email, role=role, now_ns=now_ns, subject=identity.subject
        )
        return await _session(request, context, connection, made, target=flow.next, by="provider")


def _default_role(context: Context) -> Role | None:
    provider = context.settings.access.oidc
    return Role(provider.default_role) if provider is not None and provider.default_role else None


async def _enter(
    request: Request, context: Context, user: users.User, target: str, *, password_hash: str | None
) -> Response:
    async with context.database.write() as connection:
        if password_hash is not None:
            await users.change(connection, user.id, password_hash=password_hash)
        return await _session(request, context, connection, user.id, target=target, by="password")


async def _session(
    request: Request, context: Context, connection: AsyncConnection, user: str, *, target: str, by: str
) -> Response:
    found = await users.one(connection, id=user)
    if found is None:
        raise OidcRefused("the person is gone")
    who = Person(id=found.id, name=found.name, role=found.role)
    secret = await changes.logged_in(connection, context, who, cookies.shown(request, SESSION), by=by)
    answer = RedirectResponse(target, status_code=303)
    cookies.give(request, answer, SESSION, secret, seconds=int(context.settings.access.session))
    cookies.take(request, answer, VISITOR)
    return answer


async def _invitation(
    request: Request,
    context: Context,
    secret: str,
    *,
    status: int = 200,
    error: str = "",
    name: str = "",
    email: str = "",
) -> HTMLResponse:
    user = None
    async with context.database.read() as connection:
        found = await invites.find(connection, secret, context.clock.time_ns())
        if found is not None and found.user is not None:
            user = await users.one(connection, id=found.user)
    if found is None or not context.settings.access.login:
        return _refused(request, 404, "This invitation was used, has ended, or never was. Ask for another.")
    return _visited(
        request,
        "people/invitation.html",
        status=status,
        secret=secret,
        role=found.role,
        user=user,
        error=error,
        name=name[:100],
        email=email[:254],
        shortest=SHORTEST,
        longest=LONGEST,
    )


def _visited(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page with a form, for somebody who has not logged in: its token needs a cookie to be derived from."""
    visitor = cookies.shown(request, VISITOR)
    made = "" if visitor else secrets.token_urlsafe(24)
    if person_of(request) is None:
        request.state.csrf = csrf.masked(csrf.token_for(access_of(request).key, visitor or made))
    answer = page(request, template, status=status, oidc=access_of(request).oidc is not None, **values)
    if made:
        cookies.give(request, answer, VISITOR, made)
    return answer


def _refused(request: Request, status: int, text: str) -> HTMLResponse:
    return page(request, "people/refused.html", status=status, text=text)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
