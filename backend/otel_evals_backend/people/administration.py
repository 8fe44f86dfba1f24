"""The pages of settings for administrators: people, publishable keys, the log of changes."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from pydantic import ValidationError

from otel_evals_backend.access import users
from otel_evals_backend.access.door import access_of
from otel_evals_backend.access.people import Admin
from otel_evals_backend.context import Context, Here
from otel_evals_backend.people import changes, queries
from otel_evals_backend.people.models import AppKeyOrder, PersonChange
from otel_evals_backend.people.settings_frame import back, settings_page
from otel_evals_backend.records import LOCAL, Person, Role

ROUTER: Final = APIRouter(prefix="/settings", include_in_schema=False)
_ROWS: Final = 100


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
    return settings_page(
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
    return back("/settings/people")


@ROUTER.post("/invitations/{identity}/withdraw")
async def withdraw(person: Admin, context: Here, identity: str) -> Response:
    """Take an invitation back."""
    try:
        await changes.withdraw(context, person, identity)
    except changes.Unknown as error:
        raise HTTPException(404, "it no longer waits") from error
    return back("/settings/people")


@ROUTER.get("/app-keys")
async def app_keys(request: Request, person: Admin, context: Here) -> Response:
    """Publishable keys of applications."""
    return await _app_keys(request, person, context)


async def _app_keys(
    request: Request, person: Person, context: Context, *, status: int = 200, made: str = "", error: str = ""
) -> Response:
    async with context.database.read() as connection:
        rows = await queries.app_key_list(connection)
    return settings_page(
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
    return back("/settings/app-keys")


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
    return settings_page(request, person, "audit", found=found, before=before, who=who, action=action)
