"""What all pages share: static files, the key sheet as a page, how figures are computed."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from otel_evals_backend.access.people import Viewer
from otel_evals_backend.web.assets import assets, digest
from otel_evals_backend.web.pages import page

ROUTER: Final = APIRouter(include_in_schema=False)


@ROUTER.get("/static/{version}/{name}")
async def static_file(version: str, name: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
    """A file of the pages. An older version's address gets the present file, which is then not kept."""
    found = assets().get(name)
    if found is None:
        raise HTTPException(404, "no such file")
    headers = {
        "cache-control": "public, max-age=31536000, immutable" if version == digest() else "no-cache",
        "vary": "accept-encoding",
    }
    if "gzip" in accept_encoding:
        return Response(found.compressed, headers=headers | {"content-encoding": "gzip"}, media_type=found.media_type)
    return Response(found.body, headers=headers, media_type=found.media_type)


@ROUTER.get("/keys")
async def keys(request: Request, _person: Viewer) -> HTMLResponse:
    """The key sheet."""
    return page(request, "web/keys.html")


@ROUTER.get("/help/figures")
async def figures(request: Request, _person: Viewer) -> HTMLResponse:
    """How figures are computed."""
    return page(request, "web/figures.html")
