"""Every room that answers requests or works in the background, by name: what `app` puts together."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import APIRouter

from otel_evals_backend.api import routes as api
from otel_evals_backend.cases import api as cases_api
from otel_evals_backend.cases import routes as cases
from otel_evals_backend.context import Context
from otel_evals_backend.evaluations import api as evaluations_api
from otel_evals_backend.evaluations import routes as evaluations
from otel_evals_backend.feedback import api as feedback_api
from otel_evals_backend.feedback import routes as feedback
from otel_evals_backend.ingest import joining
from otel_evals_backend.ingest import routes as ingest
from otel_evals_backend.operations import routes as operations
from otel_evals_backend.outgoing import sender
from otel_evals_backend.overview import routes as overview
from otel_evals_backend.people import administration, own_pages, sign_in
from otel_evals_backend.people import api as people_api
from otel_evals_backend.review import api as review_api
from otel_evals_backend.review import routes as review
from otel_evals_backend.review import work as review_work
from otel_evals_backend.slices import routes as slices
from otel_evals_backend.storage import retention
from otel_evals_backend.web import routes as web

ROUTERS: Final[tuple[APIRouter, ...]] = (
    ingest.ROUTER,
    feedback.ROUTER,
    feedback_api.ROUTER,
    operations.ROUTER,
    web.ROUTER,
    overview.ROUTER,
    slices.ROUTER,
    evaluations.ROUTER,
    evaluations_api.ROUTER,
    review.ROUTER,
    review_api.ROUTER,
    cases.ROUTER,
    cases_api.ROUTER,
    api.ROUTER,
    sign_in.ROUTER,
    own_pages.ROUTER,
    administration.ROUTER,
    people_api.ROUTER,
)
"""Pages, API and OTLP, in the order in which routes are tried."""

BACKGROUND: Final[tuple[tuple[str, Callable[[Context], Coroutine[Any, Any, None]]], ...]] = (
    ("review", review_work.run),
    ("late joins", joining.run),
    ("retention", retention.run),
    ("outgoing", sender.run),
)
"""Name and work of what runs as long as the backend does."""
