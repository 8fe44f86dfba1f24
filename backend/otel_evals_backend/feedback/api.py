"""`/api/v1/feedback`: what was heard, listed and counted, as JSON and CSV."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Response

from otel_evals.records.feedback import FeedbackSignal
from otel_evals_backend.access.people import Viewer
from otel_evals_backend.context import Here
from otel_evals_backend.feedback.models import Counts, Heard, HeardPage, Refusal
from otel_evals_backend.feedback.queries import Wanted, counted, listed
from otel_evals_backend.web.ranges import InRange
from otel_evals_backend.web.tables import csv_answer

ROUTER: Final = APIRouter()
_PAGE: Final = 200
_FILE: Final = 10_000
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {422: {"model": Refusal, "description": "A value cannot be read"}}
Text = Annotated[str, Query(max_length=256)]
By = Literal["service", "environment", "operation", "provider", "model", "prompt_name", "prompt_version"]


def _wanted(
    *,
    signal: Annotated[FeedbackSignal | None, Query(description="Only this signal.")] = None,
    service: Text = "",
    model: Text = "",
    prompt_name: Text = "",
    prompt_version: Text = "",
    joined: Annotated[bool | None, Query(description="Only those whose call is known, or not.")] = None,
) -> Wanted:
    return Wanted(
        signal="" if signal is None else signal.value,
        service=service,
        model=model,
        prompt_name=prompt_name,
        prompt_version=prompt_version,
        joined=joined,
    )


Filtered = Annotated[Wanted, Depends(_wanted)]
Keys = Annotated[list[By], Query(description="Keys that the counts are cut by. Default: none.")]


@ROUTER.get("/api/v1/feedback", tags=["feedback"], summary="Signals of users, newest first", responses=_ANSWERS)
async def feedback_json(
    here: Here,
    _person: Viewer,
    shown: InRange,
    wanted: Filtered,
    after: Annotated[str, Query(alias="cursor", description="`next` of an earlier answer.", max_length=80)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = _PAGE,
) -> HeardPage:
    """Signals that were received in a time range."""
    async with here.database.read() as connection:
        return await listed(connection, shown, wanted, after=_place(after), most=limit)


@ROUTER.get("/api/v1/feedback/counts", tags=["feedback"], summary="Signals by kind, slice and time", responses=_ANSWERS)
async def counts_json(
    here: Here,
    _person: Viewer,
    shown: InRange,
    wanted: Filtered,
    by: Keys = [],  # noqa: B006 - FastAPI copies it
    over_time: Annotated[bool, Query(description="Also by hour (up to 48 hours) or day.")] = False,  # noqa: FBT002 - a query's parameter
) -> Counts:
    """How many signals of each kind there are about the calls of a time range."""
    async with here.database.read() as connection:
        return await counted(connection, shown, wanted, by, over_time=over_time)


@ROUTER.get("/api/v1/feedback.csv", include_in_schema=False)
async def feedback_csv(here: Here, _person: Viewer, shown: InRange, wanted: Filtered) -> Response:
    """The newest signals as a file."""
    async with here.database.read() as connection:
        found = await listed(connection, shown, wanted, after=None, most=_FILE)
    head = tuple(Heard.model_fields)
    return csv_answer("feedback", head, ([getattr(one, name) for name in head] for one in found.feedback))


@ROUTER.get("/api/v1/feedback/counts.csv", include_in_schema=False)
async def counts_csv(
    here: Here,
    _person: Viewer,
    shown: InRange,
    wanted: Filtered,
    by: Keys = [],  # noqa: B006 - FastAPI copies it
    over_time: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query's parameter
) -> Response:
    """The counts as a file."""
    async with here.database.read() as connection:
        found = await counted(connection, shown, wanted, by, over_time=over_time)
    head = ("signal", *by, *(("start",) if over_time else ()), "n", "mean")
    rows = (
        [one.signal, *(one.slice[name] for name in by), *((one.start,) if over_time else ()), one.n, one.mean]
        for one in found.counts
    )
    return csv_answer("feedback-counts", head, rows)


def _place(after: str) -> tuple[int, bytes] | None:
    if not after:
        return None
    at, _, name = after.partition("-")
    try:
        found = int(at), bytes.fromhex(name)
    except ValueError:
        found = None
    if found is None or not 0 <= found[0] < 1 << 63:
        raise HTTPException(422, "cursor is the `next` of an earlier answer")
    return found
