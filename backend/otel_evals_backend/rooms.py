"""Every room that answers requests or works in the background, by name: what `app` puts together."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import APIRouter

from otel_evals_backend.context import Context
from otel_evals_backend.ingest import routes as ingest
from otel_evals_backend.overview import routes as overview
from otel_evals_backend.slices import routes as slices
from otel_evals_backend.web import routes as web

ROUTERS: Final[tuple[APIRouter, ...]] = (
    ingest.ROUTER,
    web.ROUTER,
)
"""Pages, API and OTLP, in the order in which routes are tried."""

BACKGROUND: Final[tuple[tuple[str, Callable[[Context], Coroutine[Any, Any, None]]], ...]] = ()
"""Name and work of what runs as long as the backend does."""
