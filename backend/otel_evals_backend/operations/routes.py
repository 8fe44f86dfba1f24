"""`/metrics` for Prometheus, `/healthz` and `/readyz` for whoever starts and watches the process. Free of content."""

from typing import Any, Final, cast

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from otel_evals import __version__
from otel_evals.semconv import gen_ai
from otel_evals.telemetry.openmetrics import negotiate, render
from otel_evals_backend.context import context_of
from otel_evals_backend.operations.figures import Figures

ROUTER: Final = APIRouter()
_RESOURCE: Final = {gen_ai.SERVICE_NAME: "otel-evals-backend", gen_ai.SERVICE_VERSION: __version__}
_NO_STORE: Final = {"cache-control": "no-store"}


def figures_of(request: Request) -> Figures:
    """The figures of the application that answers."""
    state: Any = request.app.state
    if not hasattr(state, "figures"):
        state.figures = Figures(context_of(request))
    return cast("Figures", state.figures)


@ROUTER.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """What this process counted, and what the database says, as OpenMetrics or the classic text format."""
    gauges = await figures_of(request).series()
    snapshot = context_of(request).meters.snapshot()
    page = negotiate(request.headers.get("accept", ""))
    body = render(msgspec.structs.replace(snapshot, series=(*snapshot.series, *gauges)), _RESOURCE, page)
    return Response(body, media_type=None, headers={**_NO_STORE, "content-type": page.value})


@ROUTER.get("/healthz", include_in_schema=False)
@ROUTER.get("/livez", include_in_schema=False)
async def healthz() -> Response:
    """Whether the process answers."""
    return JSONResponse({"status": "ok"}, headers=_NO_STORE)


@ROUTER.get("/readyz", include_in_schema=False)
async def readyz(request: Request) -> Response:
    """Whether the database takes what is written; if not, why."""
    found = await figures_of(request).readiness()
    if found.reasons:
        return JSONResponse({"status": "unavailable", "reasons": list(found.reasons)}, 503, _NO_STORE)
    return JSONResponse({"status": "ok"}, headers=_NO_STORE)
