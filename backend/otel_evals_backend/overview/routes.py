"""The overview: page, JSON, and each table and chart of it as a file."""

from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse

from otel_evals_backend.access.people import Viewer
from otel_evals_backend.context import Here
from otel_evals_backend.overview.queries import overview_of, services
from otel_evals_backend.overview.records import Metric, Overview
from otel_evals_backend.storage.keys import DAY_NS, HOUR_NS
from otel_evals_backend.web.chart import LineChart, Point, Series, standalone, version_marks
from otel_evals_backend.web.figures import iso, moment
from otel_evals_backend.web.pages import page
from otel_evals_backend.web.quality import TYPES
from otel_evals_backend.web.ranges import InRange, Range
from otel_evals_backend.web.tables import csv_answer, svg_answer

ROUTER: Final = APIRouter()
Service = Annotated[str, Query(description="Only calls of this service.", max_length=256)]
Name = Annotated[str, Query(description="Name of the metric. Default: the lowest.", max_length=256)]


@ROUTER.get("/", include_in_schema=False)
async def overview_page(
    request: Request, here: Here, _person: Viewer, shown: InRange, service: Service = "", metric: Name = ""
) -> HTMLResponse:
    """The page."""
    async with here.database.read() as connection:
        found = await overview_of(connection, shown, here.clock.time_ns(), service)
        names = await services(connection)
    chosen = _chosen(found, metric)
    return page(
        request,
        "overview/page.html",
        overview=found,
        shown=shown,
        service=service,
        services=names,
        chosen=chosen,
        chart=chart_of(chosen, shown) if chosen else None,
        types=TYPES,
        listen=request.url.netloc,
    )


@ROUTER.get("/api/v1/overview", tags=["overview"], summary="What needs attention, the funnel, quality of each metric")
async def overview_json(here: Here, _person: Viewer, shown: InRange, service: Service = "") -> Overview:
    """What the first page shows, for a time range."""
    async with here.database.read() as connection:
        return await overview_of(connection, shown, here.clock.time_ns(), service)


@ROUTER.get("/overview/metrics.csv", include_in_schema=False)
async def metrics_csv(here: Here, _person: Viewer, shown: InRange, service: Service = "") -> Response:
    """The table of metrics."""
    async with here.database.read() as connection:
        found = await overview_of(connection, shown, here.clock.time_ns(), service)
    head = ("metric", "type", "evaluator", "version", "share", "low", "high", "n", "n_effective", "fails", "errors",
            "people_pass", "people_n")  # fmt: skip
    rows = (
        (row.name, row.type, row.evaluator_id, row.version, row.rate.share, row.rate.low, row.rate.high, row.rate.n,
         round(row.rate.n_effective, 3), row.fails, row.errors, row.people.passes, row.people.n)
        for row in found.metrics
    )  # fmt: skip
    return csv_answer("metrics", head, rows)


@ROUTER.get("/overview/chart.csv", include_in_schema=False)
async def chart_csv(here: Here, _person: Viewer, shown: InRange, metric: Name = "", service: Service = "") -> Response:
    """One metric over time."""
    row = await _row(here, shown, metric, service)
    head = ("start", "version", "share", "low", "high", "n", "n_effective")
    return csv_answer(
        row.name,
        head,
        (
            (iso(one.start_ns), one.version, one.rate.share, one.rate.low, one.rate.high, one.rate.n,
             round(one.rate.n_effective, 3))
            for one in row.over_time
        ),
    )  # fmt: skip


@ROUTER.get("/overview/chart.json", include_in_schema=False)
async def chart_json(here: Here, _person: Viewer, shown: InRange, metric: Name = "", service: Service = "") -> Metric:
    """One metric over time."""
    return await _row(here, shown, metric, service)


@ROUTER.get("/overview/chart.svg", include_in_schema=False)
async def chart_svg(here: Here, _person: Viewer, shown: InRange, metric: Name = "", service: Service = "") -> Response:
    """One metric over time, drawn."""
    row = await _row(here, shown, metric, service)
    return svg_answer(row.name, standalone(chart_of(row, shown)))


async def _row(here: Here, shown: Range, metric: str, service: str) -> Metric:
    async with here.database.read() as connection:
        found = await overview_of(connection, shown, here.clock.time_ns(), service)
    row = _chosen(found, metric)
    if row is None:
        raise HTTPException(404, "no results of that metric in this range")
    return row


def _chosen(found: Overview, metric: str) -> Metric | None:
    """The named metric; else the one with most to see, a judge's before a check's."""
    rows = [row for row in found.metrics if not metric or row.name == metric]
    return min(
        rows, key=lambda row: (not any(one.rate.enough for one in row.over_time), row.type != "llm_judge"), default=None
    )


def chart_points(row: Metric, shown: Range) -> tuple[Point, ...]:
    """A metric's buckets as points that lead to their failures."""
    return tuple(
        Point(at_ns=one.start_ns, rate=one.rate, version=one.version, href=_failures(row, one.start_ns, shown))
        for one in row.over_time
    )


def _failures(row: Metric, start_ns: int, shown: Range) -> str:
    begin = start_ns // HOUR_NS
    end = min(begin + row.step_ns // HOUR_NS, shown.to_hour)
    bucket = Range(from_hour=max(begin, shown.from_hour), to_hour=end, name="")
    return bucket.address("/evaluations", metric=row.name, label="fail")


def chart_of(row: Metric, shown: Range) -> LineChart:
    """A metric over time."""
    points = chart_points(row, shown)
    who = "what the judge says" if row.type == "llm_judge" else "share that passes"
    steps = row.step_ns // (HOUR_NS if shown.by_hours else DAY_NS)
    every = f", every {steps} {'hours' if shown.by_hours else 'days'}" if steps > 1 else ""
    zone = f"{every}, UTC" if shown.by_hours else every
    return LineChart(
        title=f"{row.name}: {who}, {moment(shown.from_ns):%d %b} to {moment(shown.to_ns - 1):%d %b}{zone}",
        series=(Series(name=row.name, points=points),),
        step_ns=row.step_ns,
        marks=version_marks(points, "version of the evaluator"),
    )
