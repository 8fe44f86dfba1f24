"""The list, one call, results, and saved views as JSON."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, BackgroundTasks, HTTPException, Path, Query, Response
from pydantic import Field

from otel_evals.records.exchange import Exchange
from otel_evals_backend.access.people import Reviewer, Viewer
from otel_evals_backend.context import Here
from otel_evals_backend.evaluations.conditions import Wanted
from otel_evals_backend.evaluations.cursor import After
from otel_evals_backend.evaluations.detail import day_of_span, detail
from otel_evals_backend.evaluations.filters import Asked, AskedFor
from otel_evals_backend.evaluations.lists import PAGE, Key, piece
from otel_evals_backend.evaluations.records import (
    Call,
    Calls,
    Problem,
    Result,
    Results,
    Span,
    SpanResult,
    View,
    ViewOrder,
    Views,
)
from otel_evals_backend.evaluations.rows import matches
from otel_evals_backend.evaluations.seeing import note_seen, show, telling
from otel_evals_backend.evaluations.views import drop_view, keep_view, views_of

_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    401: {"model": Problem, "description": "Nobody is logged in, and no token was shown."},
    403: {"model": Problem, "description": "The role or the scope is too small."},
}
_NONE: Final[dict[int | str, dict[str, Any]]] = {404: {"model": Problem, "description": "There is no such thing."}}
ROUTER: Final = APIRouter(prefix="/api/v1", responses=_ANSWERS)
Limit = Annotated[int, Query(ge=1, le=200, description="Calls of one answer.")]


class SpanWithContent(Span):
    """Everything about one call, and what was said."""

    content: dict[str, Any] | None = Field(
        description="Messages, answers, documents, tools, in normal form; null when they are not kept."
    )


@ROUTER.get("/spans", tags=["evaluations"], summary="Evaluated calls, newest first")
async def spans_json(  # noqa: PLR0917 - parameters of the address
    here: Here, person: Viewer, later: BackgroundTasks, asked: AskedFor, cursor: After = "", limit: Limit = PAGE
) -> Calls:  # fmt: skip
    """The list with its filters. A search that takes too long is cut and says how far it looked."""
    found = await piece(here, person, asked, cursor, limit)
    later.add_task(note_seen, here, person, found.shown)
    return found.calls


@ROUTER.get("/spans/{trace_id}/{span_id}", tags=["evaluations"], summary="One evaluated call", responses=_NONE)
async def span_json(here: Here, person: Viewer, later: BackgroundTasks, key: Key) -> SpanWithContent:
    """Results are kept back from a reviewer who may still be asked to label the call blind."""
    async with here.database.read() as connection:
        found = await detail(here, connection, person, key)
    if found is None:
        raise HTTPException(404, "this call is not known, or its time is over")
    if telling(found.span.results):
        later.add_task(note_seen, here, person, (key,))
    return SpanWithContent(**dict(found.span), content=_content(found.exchange))


@ROUTER.post(
    "/spans/{trace_id}/{span_id}/show", tags=["evaluations"], summary="See the results before labelling",
    status_code=204, responses=_NONE,
)  # fmt: skip
async def show_json(here: Here, person: Reviewer, key: Key) -> Response:
    """From now on this person is not asked to label the call blind."""
    async with here.database.read() as connection:
        if await day_of_span(connection, key) is None:
            raise HTTPException(404, "this call is not known, or its time is over")
    await show(here, person, key)
    return Response(status_code=204)


@ROUTER.get("/results", tags=["evaluations"], summary="Results, of the newest calls first")
async def results_json(  # noqa: PLR0917 - parameters of the address
    here: Here, person: Viewer, later: BackgroundTasks, asked: AskedFor, cursor: After = "", limit: Limit = PAGE
) -> Results:  # fmt: skip
    """Results of the calls that the filters find; with `metric`, `label` or `q` only those that match."""
    found = await piece(here, person, asked, cursor, limit, counting=False)
    later.add_task(note_seen, here, person, found.shown)
    items = (
        _of_call(call, one)
        for call, results in zip(found.calls.items, found.results, strict=True)
        for one in results
        if _asked_for(one, asked)
    )
    return Results(items=tuple(items), next=found.calls.next, looked_ns=found.calls.looked_ns)


@ROUTER.get("/views", tags=["views"], summary="Saved views")
async def views_json(here: Here, person: Viewer) -> Views:
    """One's own, and those that others share."""
    async with here.database.read() as connection:
        return Views(items=await views_of(connection, person))


@ROUTER.post(
    "/views", tags=["views"], summary="Save a view", status_code=201,
    responses={409: {"model": Problem, "description": "There are too many."}},
)  # fmt: skip
async def keep_json(here: Here, person: Viewer, order: ViewOrder) -> View:
    """A page's address with a name."""
    return await keep_view(here, person, order)


@ROUTER.delete("/views/{id}", tags=["views"], summary="Delete a view", status_code=204, responses=_NONE)
async def drop_json(
    here: Here,
    person: Viewer,
    id: Annotated[str, Path(max_length=100, description="Opaque.")],  # noqa: A002 - the address says so
) -> Response:
    """One's own; an administrator may delete shared ones."""
    await drop_view(here, person, id)
    return Response(status_code=204)


def _asked_for(one: Result, asked: Asked) -> bool:
    wanted = asked.filters
    if wanted.metric and not matches(one, Wanted(filters=wanted)):
        return False
    return not wanted.label or one.verdict == wanted.label


def _of_call(call: Call, one: Result) -> SpanResult:
    names = ("trace_id", "span_id", "start_ns", "service", "model", "prompt_name", "prompt_version")
    return SpanResult(**dict(one), **{name: getattr(call, name) for name in names})


def _content(exchange: Exchange | None) -> dict[str, Any] | None:
    if exchange is None:
        return None
    found: dict[str, Any] = msgspec.to_builtins(exchange)
    return {name: found[name] for name in ("content", "messages", "choices", "documents", "tools", "truncated")}
