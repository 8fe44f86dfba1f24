"""Composition: the backend of one process, by plain constructor calls. Start order, stop order."""

import logging
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import Clock
from otel_evals_backend.access import door
from otel_evals_backend.api import answers
from otel_evals_backend.context import Context
from otel_evals_backend.records import Wording
from otel_evals_backend.rooms import BACKGROUND, ROUTERS
from otel_evals_backend.settings import BackendSettings
from otel_evals_backend.storage.database import Database, database_url
from otel_evals_backend.storage.migrate import migrate

_LOG: Final = logging.getLogger(__name__)


def create_app(
    settings: BackendSettings,
    *,
    folder: Path,
    clock: Clock,
    rng: random.Random,
    demo: bool = False,
    wordings: Mapping[str, Wording] = MappingProxyType({}),
) -> FastAPI:
    """The application: it opens the database when it starts, and closes it when it stops.

    Args:
        settings: the section `backend`.
        folder: the data folder, where SQLite is kept unless the settings say otherwise.
        clock: time.
        rng: for jitter and shuffles.
        demo: whether the traffic is made up.
        wordings: how people are asked about the configuration's own metrics.
    """
    database = Database(database_url(settings.database.reveal() if settings.database else None, folder))
    context = Context(
        settings=settings,
        database=database,
        clock=clock,
        rng=rng,
        tasks=Tasks(_crashed),
        demo=demo,
        wordings=wordings,
    )

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncGenerator[None]:
        await database.open()
        try:
            await migrate(database, folder=folder)
            await door.begin(app, context)
            for name, work in BACKGROUND:
                context.tasks.spawn(work(context), name)
            yield
        finally:
            await context.tasks.close()
            await database.close()

    app = FastAPI(
        title="otel-evals backend", version="1", lifespan=life, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.context = context
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    answers.install(app)
    door.install(app, context)
    return app


def _crashed(name: str, error: BaseException) -> None:
    _LOG.error("unexpected error in %s: %s", name, type(error).__name__, exc_info=error)
