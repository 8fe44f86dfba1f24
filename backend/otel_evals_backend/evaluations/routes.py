"""The pages: list, one call, saved views; CSV of the list."""

from collections.abc import AsyncGenerator
from typing import Final

import msgspec
from fastapi import APIRouter, BackgroundTasks, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from otel_evals.records.exchange import Content
from otel_evals_backend.access.people import Reviewer, Viewer, may
from otel_evals_backend.context import Here
from otel_evals_backend.evaluations.cited import cited_sources
from otel_evals_backend.evaluations.cursor import After
from otel_evals_backend.evaluations.detail import day_of_span, detail
from otel_evals_backend.evaluations.filters import Asked, AskedFor
from otel_evals_backend.evaluations.lists import Key, beside, piece, walk
from otel_evals_backend.evaluations.records import Result, Span, ViewOrder
from otel_evals_backend.evaluations.seeing import note_seen, show, telling
from otel_evals_backend.evaluations.totals import choices
from otel_evals_backend.evaluations.views import drop_view, keep_view, view_of, views_of
from otel_evals_backend.records import Role
from otel_evals_backend.web import figures
from otel_evals_backend.web.conversation import conversation, visible
from otel_evals_backend.web.pages import page
from otel_evals_backend.web.quality import TYPES
from otel_evals_backend.web.tables import csv_stream

ROUTER: Final = APIRouter(include_in_schema=False)
_PATH: Final = "/evaluations"
_HIDDEN: Final = "hidden until you have labelled it"
_HEAD: Final = (
    "time", "trace_id", "span_id", "service", "environment", "provider", "model", "prompt_name", "prompt_version",
    "question", "failed", "error_type", "risk_band", "coverage", "stratum", "metric", "evaluator_type", "verdict",
    "score", "explanation", "fails", "results", "feedback", "labels",
)  # fmt: skip


@ROUTER.get(_PATH)
async def evaluations_page(  # noqa: PLR0917 - what a page needs
    request: Request, here: Here, person: Viewer, later: BackgroundTasks, asked: AskedFor, cursor: After = ""
) -> HTMLResponse:  # fmt: skip
    """The list."""
    found = await piece(here, person, asked, cursor, path=_PATH)
    later.add_task(note_seen, here, person, found.shown)
    async with here.database.read() as connection:
        values = await choices(connection)
        views = await views_of(connection, person)
    return page(
        request, "evaluations/list.html", asked=asked, shown=asked.range, found=found.calls, hints=found.in_the_way,
        texts_cut=found.texts_cut, values=values, views=views, types=TYPES, visible=visible,
        kept_days=round(here.settings.retention.spans / 86_400), first=not cursor,
    )  # fmt: skip


@ROUTER.get(f"{_PATH}.csv")
async def evaluations_csv(here: Here, person: Viewer, asked: AskedFor) -> Response:
    """The list as a file, ten thousand calls at most."""

    async def rows() -> AsyncGenerator[tuple[object, ...]]:
        async for pair in walk(here, person, asked):
            if pair is None:
                yield ("… there are more: narrow the range or the filters",)
                return
            call, worst = pair[0], pair[0].worst
            yield (
                figures.iso(call.start_ns), call.trace_id, call.span_id, call.service, call.environment,
                call.provider, call.model, call.prompt_name, call.prompt_version, call.question, call.failed,
                call.error_type, call.band, call.coverage, call.stratum, worst and worst.metric,
                worst and worst.evaluator_type, _HIDDEN if call.hidden else worst and worst.verdict,
                worst and worst.score, worst and worst.explanation, call.fails, call.results,
                " ".join(call.signals), call.labels,
            )  # fmt: skip

    return csv_stream("evaluations", _HEAD, rows())


@ROUTER.get("/spans/{trace_id}/{span_id}")
async def span_page(  # noqa: PLR0917 - what a page needs
    request: Request, here: Here, person: Viewer, later: BackgroundTasks, key: Key, asked: AskedFor
) -> HTMLResponse:  # fmt: skip
    """One call. The address carries the list's query, so that j and k go on in the same list."""
    async with here.database.read() as connection:
        found = await detail(here, connection, person, key)
        metrics = [name for name, _ in (await choices(connection)).metric]
    if found is None:
        return page(request, "evaluations/gone.html", status=404, trace_id=key[:16].hex())
    if telling(found.span.results):
        later.add_task(note_seen, here, person, (key,))
    newer, older = await beside(here, person, asked, found.span.call.start_ns, key)
    active = [one for one in found.span.results if not one.shadow]
    said, exchange = conversation(found.exchange), found.exchange
    return page(
        request, "evaluations/span.html", asked=asked, span=found.span, call=found.span.call,
        said=msgspec.structs.replace(said, sources=()), sources=cited_sources(exchange) if exchange else (),
        kept=exchange is not None and exchange.content is not Content.OFF, types=TYPES, visible=visible,
        newer=_beside(newer, asked), older=_beside(older, asked), may_review=may(person, Role.REVIEWER),
        query=asked.query, groups=_groups(found.span.results), metrics=metrics,
        failed_metric=_failed_metric(found.span), active=len(active),
        failing=sum(one.verdict == "fail" for one in active),
    )  # fmt: skip


@ROUTER.post("/spans/{trace_id}/{span_id}/show")
async def show_results(here: Here, person: Reviewer, key: Key, asked: AskedFor) -> Response:
    """See the results before labelling: it is written down, and the call does not come blind any more."""
    async with here.database.read() as connection:
        if await day_of_span(connection, key) is None:
            raise HTTPException(404, "this call is not known, or its time is over")
    await show(here, person, key)
    return RedirectResponse(f"/spans/{key[:16].hex()}/{key[16:].hex()}?{asked.query}#results", status_code=303)


@ROUTER.get("/views/{id}")
async def follow_view(here: Here, person: Viewer, id: str) -> Response:  # noqa: A002 - the address says so
    """Leads to the page that the view is of."""
    async with here.database.read() as connection:
        view = await view_of(connection, person, id)
    return RedirectResponse(view.path, status_code=303)


@ROUTER.post("/views")
async def save_view(request: Request, here: Here, person: Viewer) -> Response:
    """Save the address of a page under a name."""
    form = await request.form()
    try:
        order = ViewOrder.model_validate(
            {
                "name": str(form.get("name", "")).strip(), "page": str(form.get("page", _PATH)),
                "query": str(form.get("query", "")), "shared": form.get("shared") is not None,
            }
        )  # fmt: skip
    except ValidationError as error:
        raise HTTPException(422, "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())) from error
    view = await keep_view(here, person, order)
    return RedirectResponse(view.path, status_code=303)


@ROUTER.post("/views/{id}/delete")
async def delete_view(here: Here, person: Viewer, id: str) -> Response:  # noqa: A002 - the address says so
    """Delete a view, and stay on its page."""
    view = await drop_view(here, person, id)
    return RedirectResponse(view.path, status_code=303)


def _failed_metric(span: Span) -> str:
    """The metric of which people's last word is fail; "" when there is none, or it may not be known yet."""
    last = {one.metric: one.verdict for one in span.labels}
    return "" if span.results_folded else next((name for name, verdict in last.items() if verdict == "fail"), "")


def _beside(other: str | None, asked: Asked) -> str:
    return f"/spans/{other}?{asked.query}" if other else ""


_GROUPS: Final = (("People", ("human", "user")), ("Judges", ("llm_judge",)), ("Checks", ("code",)))


def _groups(results: tuple[Result, ...]) -> list[tuple[str, list[Result]]]:
    named = {kind for _, kinds in _GROUPS for kind in kinds}
    found = [(name, [one for one in results if one.evaluator_type in kinds]) for name, kinds in _GROUPS]
    found.append(("Others", [one for one in results if one.evaluator_type not in named]))
    return [(name, some) for name, some in found if some]
