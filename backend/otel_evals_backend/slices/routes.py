"""Slices: page, JSON, CSV, drawing."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from otel_evals_backend.access.people import Viewer
from otel_evals_backend.context import Context, Here
from otel_evals_backend.slices.queries import slices_of, words
from otel_evals_backend.slices.records import Slice, Slices
from otel_evals_backend.web.bars import common_scale
from otel_evals_backend.web.chart import Point
from otel_evals_backend.web.pages import page
from otel_evals_backend.web.quality import TYPES
from otel_evals_backend.web.ranges import InRange, Range
from otel_evals_backend.web.tables import csv_answer

ROUTER: Final = APIRouter()


class Order(StrEnum):
    """How slices are sorted."""

    WORST = "worst"
    N = "n"
    MODEL = "model"
    PROMPT = "prompt"
    FEEDBACK = "feedback"


class Asked(msgspec.Struct, frozen=True):
    """What the address says beside the range."""

    metric: str
    sort: Order
    service: str

    @property
    def parts(self) -> dict[str, str]:
        """The address again."""
        return {"metric": self.metric, "sort": "" if self.sort is Order.WORST else self.sort, "service": self.service}


def _asked(
    metric: Annotated[
        str, Query(description="Metric, or `metric:type` where several kinds of evaluators decide it.", max_length=256)
    ] = "",
    sort: Annotated[Order, Query(description="Sort by; worst: lowest upper end of the interval first.")] = Order.WORST,
    service: Annotated[str, Query(description="Only calls of this service.", max_length=256)] = "",
) -> Asked:
    return Asked(metric, sort, service)


Question = Annotated[Asked, Depends(_asked)]


@ROUTER.get("/slices", include_in_schema=False)
async def slices_page(
    request: Request, here: Here, _person: Viewer, shown: InRange, asked: Question
) -> HTMLResponse:  # fmt: skip
    """The page."""
    found = await _found(here, shown, asked)
    multiples = [(row, _points(row)) for row in found.slices if row.over_time]
    return page(
        request,
        "slices/page.html",
        found=found,
        shown=shown,
        asked=asked,
        types=TYPES,
        words=words,
        multiples=multiples,
        scale=common_scale(points for _, points in multiples),
    )


@ROUTER.get("/api/v1/slices", tags=["slices"], summary="Pass rates of a metric by model and prompt version")
async def slices_json(here: Here, _person: Viewer, shown: InRange, asked: Question) -> Slices:
    """What the page of slices shows."""
    return await _found(here, shown, asked)


@ROUTER.get("/slices.csv", include_in_schema=False)
async def slices_csv(here: Here, _person: Viewer, shown: InRange, asked: Question) -> Response:
    """The table as a file."""
    found = await _found(here, shown, asked)
    head = ("metric", "type", "evaluator_version", "model", "prompt_name", "prompt_version", "share", "low", "high",
            "n", "n_effective", "passes", "fails", "feedback", "negative_feedback")  # fmt: skip
    rows = (
        (found.metric, found.type, found.version, row.model, row.prompt_name, row.prompt_version, row.rate.share,
         row.rate.low, row.rate.high, row.rate.n, round(row.rate.n_effective, 3), row.rate.passes, row.fails,
         row.feedback, row.negative)
        for row in found.slices
    )  # fmt: skip
    return csv_answer("slices", head, rows)


async def _found(here: Context, shown: Range, asked: Asked) -> Slices:
    async with here.database.read() as connection:
        return await slices_of(connection, shown, asked.metric, asked.sort.value, asked.service)


def _points(row: Slice) -> tuple[Point, ...]:
    return tuple(Point(at_ns=one.start_ns, rate=one.rate) for one in row.over_time)
