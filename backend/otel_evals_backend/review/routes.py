"""The pages of review. Nothing is changed by looking: an item is reserved by a form, as everything else is done by one.

Every form works without scripts; `static/review.js` sends the same forms and keeps the next item ready.
"""

import secrets
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError
from starlette.datastructures import FormData

from otel_evals_backend.access.audit import note
from otel_evals_backend.access.people import Admin, Reviewer, Viewer
from otel_evals_backend.context import Context, Here
from otel_evals_backend.records import Person, Role
from otel_evals_backend.review import flags
from otel_evals_backend.review import me as own
from otel_evals_backend.review.actions import flag_item, give_back, skip_item, take_item
from otel_evals_backend.review.answers import BEHAVIOURS, Answer, Expected
from otel_evals_backend.review.batch_page import batch_of
from otel_evals_backend.review.items import Shown, shown
from otel_evals_backend.review.labelling import Refused, give
from otel_evals_backend.review.picking import pick
from otel_evals_backend.review.questions import question_of, reason_keys
from otel_evals_backend.review.queue import waiting
from otel_evals_backend.review.reservations import forget_skips, take_next
from otel_evals_backend.storage.keys import ids_of
from otel_evals_backend.web.conversation import conversation
from otel_evals_backend.web.pages import page

ROUTER: Final = APIRouter(prefix="/review", include_in_schema=False)
_SEE_OTHER: Final = 303
_REASON: Final = 500


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=_SEE_OTHER)


@ROUTER.get("")
async def start(request: Request, context: Here, person: Viewer) -> HTMLResponse:
    """What waits, and the way to it."""
    async with context.database.read() as connection:
        found = await waiting(connection, person.id, context.clock.time_ns())
    return page(request, "review/start.html", waiting=found)


@ROUTER.get("/me")
async def me(request: Request, context: Here, person: Reviewer) -> HTMLResponse:
    """The reviewer's own figures."""
    now = context.clock.time_ns()
    async with context.database.read() as connection:
        figures = await own.own_figures(connection, person.id, now)
        found = await waiting(connection, person.id, now)
        batch = await batch_of(context, connection, person)
    return page(request, "review/me.html", own=figures, waiting=found, batch=batch)


@ROUTER.get("/flagged")
async def flagged(request: Request, context: Here, person: Reviewer) -> HTMLResponse:
    """What reviewers flagged, and what can be done about it."""
    async with context.database.read() as connection:
        rows = await flags.flagged(connection)
    shown_rows = [(row, *ids_of(row.span), question_of(row.metric, context.wordings).ask) for row in rows]
    return page(request, "review/flagged.html", rows=shown_rows, may_drop=person.role is Role.ADMIN, most=flags.MOST)


@ROUTER.post("/next")
async def to_next(context: Here, person: Reviewer) -> Response:
    """Reserve the next item and go there."""
    found = await take_next(context, person.id)
    return _to("/review" if found is None else f"/review/{found}")


@ROUTER.post("/unskip")
async def unskip(context: Here, person: Reviewer) -> Response:
    """Let what was skipped come back."""
    async with context.database.write() as connection:
        await forget_skips(connection, person.id)
        await note(connection, context.clock, person, "review.unskip", person.id)
    return _to("/review")


@ROUTER.post("/pick")
async def picked(request: Request, context: Here, person: Reviewer) -> Response:
    """Review this span: trace_id, span_id, metric."""
    form = await request.form()
    try:
        span = bytes.fromhex(f"{form.get('trace_id', '')}{form.get('span_id', '')}")
        found = await pick(context, person, span, str(form.get("metric", "")))
    except ValueError:
        raise HTTPException(422, "trace_id and span_id are hexadecimal") from None
    except Refused as refused:
        raise HTTPException(refused.status, refused.why) from refused
    return _to(f"/review/{found}")


@ROUTER.get("/{item_id}")
async def item(
    request: Request, context: Here, person: Reviewer, item_id: str, *, second: bool = False
) -> HTMLResponse:
    """One item: blind before the label, with what others said of it after."""
    return await _item(request, context, person, item_id, second=second)


@ROUTER.post("/{item_id}/label")
async def label(
    request: Request,
    context: Here,
    person: Reviewer,
    item_id: str,
    x_fragment: Annotated[str, Header()] = "",
) -> Response:
    """Keep a label; a fragment brings the reveal at once, a form leads to it."""
    form = await request.form()
    try:
        answer = _answer(form)
    except ValidationError as error:
        raise HTTPException(422, "; ".join(problem["msg"] for problem in error.errors())) from error
    try:
        await give(context, person, item_id, answer, str(form.get("key", ""))[:100])
    except Refused as refused:
        raise HTTPException(refused.status, refused.why) from refused
    if x_fragment:
        return await _item(request, context, person, item_id, second=False)
    return _to(f"/review/{item_id}")


@ROUTER.post("/{item_id}/skip")
async def skip(context: Here, person: Reviewer, item_id: str) -> Response:
    """Another one, please."""
    await skip_item(context, person, item_id)
    return await to_next(context, person)


@ROUTER.post("/{item_id}/flag")
async def flag(request: Request, context: Here, person: Reviewer, item_id: str) -> Response:
    """Something is wrong with the item itself."""
    reason = " ".join(str((await request.form()).get("flag_reason", "")).replace("\0", "").split())[:_REASON]
    await flag_item(context, person, item_id, reason)
    return _to(f"/review/{item_id}")


@ROUTER.post("/{item_id}/drop")
async def drop(context: Here, person: Admin, item_id: str) -> Response:
    """Ask nobody any more."""
    if not await flags.drop(context, person, item_id):
        raise HTTPException(404, "there is no such flagged item")
    return _to("/review/flagged")


@ROUTER.post("/{item_id}/reopen")
async def reopen(context: Here, person: Reviewer, item_id: str) -> Response:
    """Take the flag away."""
    if not await flags.reopen(context, person, item_id):
        raise HTTPException(404, "there is no such flagged item")
    return _to("/review/flagged")


@ROUTER.post("/{item_id}/take")
async def take_again(context: Here, person: Reviewer, item_id: str) -> Response:
    """Reserve it again, after its time has run out."""
    await take_item(context, person, item_id)
    return _to(f"/review/{item_id}")


@ROUTER.post("/{item_id}/release")
async def release(context: Here, person: Reviewer, item_id: str) -> Response:
    """Leave it to others for now."""
    await give_back(context, person, item_id)
    return _to("/review")


async def _item(request: Request, context: Context, person: Person, item_id: str, *, second: bool) -> HTMLResponse:
    found = await shown(context, person, item_id)
    if found is None:
        return page(request, "review/gone.html", status=404)
    return page(request, "review/item.html", **_values(context, found, second=second))


def _values(context: Context, found: Shown, *, second: bool) -> dict[str, Any]:
    return {
        "item": found,
        "said": conversation(found.exchange),
        "reasons": reason_keys(context.settings.review),
        "behaviours": BEHAVIOURS,
        "second": second and found.mine is not None,
        "key": secrets.token_hex(16),
    }


def _answer(form: FormData) -> Answer:
    """What a form says. Raises ValidationError."""

    def text(name: str) -> str:
        value = form.get(name, "")
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""

    def lines(name: str) -> tuple[str, ...]:
        return tuple(line.strip() for line in text(name).split("\n") if line.strip())

    return Answer.model_validate(
        {
            "verdict": text("verdict"),
            "reasons": tuple(value for value in form.getlist("reason") if isinstance(value, str)),
            "note": text("note").strip(),
            "corrected": text("corrected").strip(),
            "expected": Expected.model_validate(
                {
                    "behaviour": tuple(form.getlist("behaviour")),
                    "must_contain": lines("must_contain"),
                    "must_not_contain": lines("must_not_contain"),
                    "sources": lines("sources"),
                }
            ),
            "seconds": text("seconds") or None,
            "second_thought": text("second_thought") == "1",
        }
    )
