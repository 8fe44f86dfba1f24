"""A backend in process: its application over a real database, an HTTP client, and time that stands still."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from otel_evals.records.units import Secret
from otel_evals_backend.app import create_app
from otel_evals_backend.context import Context
from otel_evals_backend.settings import BackendSettings
from otel_evals_backend.storage.database import Database, database_url
from otel_evals_backend.storage.migrate import migrate
from tests.backend.postgres import Server, server

NOON = 1_790_000_000_000_000_000
"""ns; 2026-09-21."""


_ON_BOTH = ("storage", "keeping", "ingest", "commands")
"""Folders whose tests always run on both databases; other rooms run on PostgreSQL too with OTEL_EVALS_ALL=1."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Run what has no statement of its own for a database on SQLite alone, unless everything is asked for, as in CI."""
    here = Path(__file__).parent
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        of_a_room = here in item.path.parents and item.path.relative_to(here).parts[0] not in _ON_BOTH
        if of_a_room and parameters.get("database_address") == "postgresql":
            item.add_marker(pytest.mark.takes_long)


class Clock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.now_ns = NOON

    def monotonic(self) -> float:
        return self.now_ns / 1e9

    def time_ns(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


class Backend:
    """A started backend."""

    def __init__(self, app: FastAPI, client: httpx2.AsyncClient, clock: Clock) -> None:
        self.app = app
        self.client = client
        self.clock = clock

    @property
    def context(self) -> Context:
        return self.app.state.context


@pytest.fixture(scope="session")
def postgresql_server():
    """The PostgreSQL of this test worker."""
    with server() as made:
        yield made


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory) -> Path:
    """A file that has the present schema and no rows."""
    file = tmp_path_factory.mktemp("sqlite") / "evals.db"

    async def make() -> None:
        database = Database(database_url(f"sqlite:///{file}", file.parent))
        await database.open()
        await migrate(database)
        await database.close()

    asyncio.run(make())
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_address(request, tmp_path) -> Iterator[str]:
    """Address of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/backend/evals.db"
        return
    made: Server = request.getfixturevalue("postgresql_server")
    name = made.create()
    yield made.address(name)
    made.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request, tmp_path) -> Iterator[str | None]:
    """Address of a database that has the schema and no rows; None = SQLite in the folder."""
    if request.param == "sqlite":
        (tmp_path / "backend").mkdir()
        shutil.copy(request.getfixturevalue("_sqlite_template"), tmp_path / "backend" / "evals.db")
        yield None
        return
    made: Server = request.getfixturevalue("postgresql_server")
    name = made.create(made.template())
    yield made.address(name)
    made.drop(name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def started(settings: BackendSettings, folder: Path, clock: Clock, **more) -> AsyncIterator[Backend]:
    app = create_app(settings, folder=folder, clock=clock, rng=random.Random(7), **more)  # noqa: S311 - no secret
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app, client=("127.0.0.1", 5000)), base_url="http://127.0.0.1:8000"
        ) as client,
    ):
        yield Backend(app, client, clock)


@pytest.fixture
def open_backend(database_address, tmp_path, clock):
    """`async with open_backend(review=…) as backend`: a backend with these settings."""

    def opener(**settings):
        if database_address is not None:
            settings["database"] = Secret(database_address)
        return started(BackendSettings(**settings), tmp_path, clock)

    return opener


@pytest.fixture
async def backend(open_backend):
    """A backend with the defaults, on loopback and without log-in."""
    async with open_backend() as made:
        yield made
