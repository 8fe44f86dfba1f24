"""A backend in process: its application over a real database, an HTTP client, and time that stands still."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from otel_evals.records.units import Secret
from otel_evals_backend.app import create_app
from otel_evals_backend.context import Context
from otel_evals_backend.settings import BackendSettings

NOON = 1_790_000_000_000_000_000
"""ns; 2026-09-21."""


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


@pytest.fixture(params=["sqlite"])
def database_address(request) -> str | None:
    """Address of an empty database; None = SQLite in the folder."""
    return None


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
