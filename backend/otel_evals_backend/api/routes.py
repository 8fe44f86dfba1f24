"""The API's description: as OpenAPI, and as a page."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from otel_evals_backend.access.people import Viewer
from otel_evals_backend.api.document import document
from otel_evals_backend.api.reading import rooms, things
from otel_evals_backend.web.pages import page

ROUTER: Final = APIRouter(include_in_schema=False)


@ROUTER.get("/api/v1/openapi.json")
async def openapi(request: Request, _person: Viewer) -> dict[str, Any]:
    """The OpenAPI document."""
    return document(request.app)


@ROUTER.get("/api/v1/docs")
async def docs(request: Request, _person: Viewer) -> HTMLResponse:
    """The same to be read."""
    found = document(request.app)
    return page(request, "api/docs.html", about=found["info"]["description"], rooms=rooms(found), things=things(found))


@ROUTER.get("/api/docs")
async def docs_of_old(_person: Viewer) -> Response:
    """An address without a version leads to the present one."""
    return RedirectResponse("/api/v1/docs", status_code=307)
