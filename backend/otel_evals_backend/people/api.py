"""The API of people: who asks, people, invitations, tokens, publishable keys, the log of changes, what is kept."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from otel_evals_backend.access import sessions, users
from otel_evals_backend.access.door import access_of
from otel_evals_backend.access.identity import SESSION
from otel_evals_backend.access.people import Admin, Viewer, may
from otel_evals_backend.context import Here
from otel_evals_backend.people import changes, cookies, queries
from otel_evals_backend.people.models import (
    AppKeyMade,
    AppKeyOrder,
    AppKeyOut,
    AuditPage,
    Done,
    InvitationMade,
    InvitationOrder,
    InvitationOut,
    KeptOut,
    MeOut,
    PersonChange,
    PersonOut,
    Preferences,
    Problem,
    TokenMade,
    TokenOrder,
    TokenOut,
)
from otel_evals_backend.records import LOCAL, Person, Role
from otel_evals_backend.web.tables import csv_answer

_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Problem, "description": "The request makes no sense here."},
    401: {"model": Problem, "description": "Nobody is logged in, and no token was shown."},
    403: {"model": Problem, "description": "The role or the scope is too small."},
    404: {"model": Problem, "description": "There is no such thing, or it is not yours."},
    409: {"model": Problem, "description": "It would leave no administrator."},
}
ROUTER: Final = APIRouter(prefix="/api/v1/people", tags=["people"], responses=_ANSWERS)
Identity = Annotated[str, Path(min_length=1, max_length=100, description="Opaque.")]


def no_token(person: Person) -> None:
    """Refuse what only a person decides for themselves.

    Raises:
        HTTPException: a token asks.
    """
    if person.scopes:
        raise HTTPException(403, "people do this in the pages, not tokens")


def _unknown() -> HTTPException:
    return HTTPException(404, "there is none, or it is not yours")


@ROUTER.get("/me", summary="Who asks")
async def me(person: Viewer) -> MeOut:
    """Who the session or the token stands for."""
    return MeOut.model_validate(
        {
            "id": person.id,
            "name": person.name,
            "role": person.role,
            "scopes": sorted(person.scopes),
            "theme": person.theme,
            "single_keys": person.single_keys,
        }
    )


@ROUTER.put("/me/preferences", summary="Choose theme and keys")
async def prefer(person: Viewer, context: Here, chosen: Preferences) -> Done:
    """Keep what a person chose. Without log-in it is kept in the browser: by the page of settings."""
    no_token(person)
    if person.id == LOCAL.id:
        raise HTTPException(400, "nobody logs in here, so this is kept in the browser: use the page of settings")
    preferences = sessions.Preferences(theme=chosen.theme, single_keys=chosen.single_keys)
    await changes.prefer(context, person, preferences)
    return Done()


@ROUTER.post("/me/sessions/end", summary="Log out everywhere else")
async def end_sessions(request: Request, person: Viewer, context: Here) -> Done:
    """End all sessions of the person but the one that asks."""
    no_token(person)
    await changes.end_sessions(context, person, keep=cookies.shown(request, SESSION))
    return Done()


@ROUTER.get("", summary="Who may log in")
async def people(_person: Admin, context: Here) -> list[PersonOut]:
    """Everybody, by name."""
    async with context.database.read() as connection:
        return await queries.people(connection)


@ROUTER.get("/invitations", summary="Invitations that wait")
async def invitations(_person: Admin, context: Here) -> list[InvitationOut]:
    """Those that nobody has taken up yet."""
    async with context.database.read() as connection:
        return await queries.invitations(connection, context.clock.time_ns())


@ROUTER.post("/invitations", summary="Invite somebody", status_code=201)
async def invite(request: Request, person: Admin, context: Here, order: InvitationOrder) -> InvitationMade:
    """Make a link that works once, for three days."""
    identity, secret = await changes.invite(context, person, order.role)
    return InvitationMade(id=identity, link=f"{access_of(request).names.base}/invite/{secret}")


@ROUTER.delete("/invitations/{identity}", summary="Take an invitation back")
async def withdraw(person: Admin, context: Here, identity: Identity) -> Done:
    """The link does nothing any more."""
    try:
        await changes.withdraw(context, person, identity)
    except changes.Unknown as error:
        raise _unknown() from error
    return Done()


@ROUTER.get("/tokens", summary="Tokens of programs")
async def token_list(person: Viewer, context: Here) -> list[TokenOut]:
    """One's own; all of them for administrators."""
    async with context.database.read() as connection:
        return await queries.token_list(connection, of=None if may(person, Role.ADMIN) else person.id)


@ROUTER.post("/tokens", summary="Make a token", status_code=201)
async def make_token(person: Viewer, context: Here, order: TokenOrder) -> TokenMade:
    """Make a token with scopes that the person's role covers. The secret is in this answer and nowhere else."""
    no_token(person)
    try:
        identity, secret = await changes.make_token(context, person, order)
    except ValueError as error:
        raise HTTPException(403, str(error)) from error
    return TokenMade(id=identity, secret=secret)


@ROUTER.delete("/tokens/{identity}", summary="Revoke a token")
async def revoke_token(person: Viewer, context: Here, identity: Identity) -> Done:
    """It opens nothing from now on."""
    no_token(person)
    try:
        await changes.revoke_token(context, person, identity)
    except changes.Unknown as error:
        raise _unknown() from error
    return Done()


@ROUTER.get("/app-keys", summary="Publishable keys of applications")
async def app_key_list(_person: Admin, context: Here) -> list[AppKeyOut]:
    """All, newest first."""
    async with context.database.read() as connection:
        return await queries.app_key_list(connection)


@ROUTER.post("/app-keys", summary="Make a publishable key", status_code=201)
async def make_app_key(person: Admin, context: Here, order: AppKeyOrder) -> AppKeyMade:
    """It may stand in a web page: it sends feedback, and nothing else."""
    try:
        return AppKeyMade(id=await changes.make_app_key(context, person, order))
    except ValueError as error:
        raise HTTPException(400, str(error)) from error


@ROUTER.delete("/app-keys/{key}", summary="Revoke a publishable key")
async def revoke_app_key(person: Admin, context: Here, key: Identity) -> Done:
    """Feedback with it is refused from now on."""
    try:
        await changes.revoke_app_key(context, person, key)
    except changes.Unknown as error:
        raise _unknown() from error
    return Done()


@ROUTER.get("/audit", summary="The log of changes")
async def audit(
    _person: Admin,
    context: Here,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="rows before this one")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    who: Annotated[str, Query(max_length=100, description="id of a person or token")] = "",
    action: Annotated[str, Query(max_length=100)] = "",
) -> AuditPage:
    """What was changed, by whom, newest first."""
    async with context.database.read() as connection:
        return await queries.audit_page(connection, before=before, limit=limit, who=who, action=action)


@ROUTER.get(
    "/audit.csv",
    summary="The log of changes as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "At most 1,000 rows, newest first."}},
)
async def audit_csv(
    _person: Admin,
    context: Here,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="rows before this one")] = None,
) -> Response:
    """The same for a spreadsheet."""
    async with context.database.read() as connection:
        found = await queries.audit_page(connection, before=before, limit=1000)
    return csv_answer(
        "log-of-changes",
        ("at", "who", "name", "action", "object", "detail"),
        ((row.at.isoformat(), row.who, row.name, row.action, row.object, row.detail) for row in found.rows),
    )


@ROUTER.get(
    "/people.csv",
    summary="Who may log in, as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "Everybody, by name."}},
)
async def people_csv(_person: Admin, context: Here) -> Response:
    """The same for a spreadsheet."""
    async with context.database.read() as connection:
        rows = await queries.people(connection)
    return csv_answer(
        "people",
        ("id", "name", "email", "role", "disabled", "created"),
        ((row.id, row.name, row.email, row.role.value, row.disabled, row.created.isoformat()) for row in rows),
    )


@ROUTER.get(
    "/tokens.csv",
    summary="Tokens of programs, as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "One's own; all of them for administrators."}},
)
async def tokens_csv(person: Viewer, context: Here) -> Response:
    """The same for a spreadsheet."""
    async with context.database.read() as connection:
        rows = await queries.token_list(connection, of=None if may(person, Role.ADMIN) else person.id)
    return csv_answer(
        "tokens",
        ("id", "name", "scopes", "made_by", "created", "ends", "revoked", "last_used"),
        (
            (row.id, row.name, " ".join(row.scopes), row.made_by, row.created, row.ends, row.revoked, row.last_used)
            for row in rows
        ),
    )


@ROUTER.get(
    "/app-keys.csv",
    summary="Publishable keys, as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "All, newest first."}},
)
async def app_keys_csv(_person: Admin, context: Here) -> Response:
    """The same for a spreadsheet."""
    async with context.database.read() as connection:
        rows = await queries.app_key_list(connection)
    return csv_answer(
        "app-keys",
        ("id", "app", "origins", "per_minute", "made_by", "created", "revoked"),
        (
            (row.id, row.app, " ".join(row.origins), row.per_minute, row.made_by, row.created, row.revoked)
            for row in rows
        ),
    )


@ROUTER.get("/kept", summary="What is kept, and for how long")
async def kept(_person: Viewer, context: Here) -> KeptOut:
    """As the configuration says."""
    return queries.kept(context.settings)


@ROUTER.patch("/{identity}", summary="Change a person")
async def change(person: Admin, context: Here, identity: Identity, order: PersonChange) -> Done:
    """Another role, or no more log-in."""
    try:
        await changes.change_person(context, person, identity, order)
    except changes.Unknown as error:
        raise _unknown() from error
    except users.LastAdmin as error:
        raise HTTPException(409, "nobody would be left who may administer") from error
    return Done()


@ROUTER.post("/{identity}/password-link", summary="Let a person set a new password", status_code=201)
async def renew_password(request: Request, person: Admin, context: Here, identity: Identity) -> InvitationMade:
    """Make a link that works once, for three days."""
    try:
        made, secret = await changes.renew_password(context, person, identity)
    except changes.Unknown as error:
        raise _unknown() from error
    return InvitationMade(id=made, link=f"{access_of(request).names.base}/invite/{secret}")
