"""What every room of the backend is handed: built once by `app`, found again on the request.

Rooms never build these themselves and never import `app`.
"""

import random
from collections.abc import Mapping
from typing import Annotated, cast

import msgspec
from fastapi import Depends, Request
from fastapi.requests import HTTPConnection

from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import Clock
from otel_evals.telemetry.meters import Meters
from otel_evals_backend.instruments import INSTRUMENTS
from otel_evals_backend.records import Wording
from otel_evals_backend.settings import BackendSettings
from otel_evals_backend.storage.database import Database


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that rooms share."""

    settings: BackendSettings
    database: Database
    clock: Clock
    rng: random.Random
    """Handed in, so that tests repeat; never for secrets."""
    tasks: Tasks
    meters: Meters = msgspec.field(default_factory=lambda: Meters(INSTRUMENTS))
    """What this process counts: `instruments` are all there are."""
    demo: bool = False
    """Whether the traffic is made up: pages say so."""
    wordings: Mapping[str, Wording] = msgspec.field(default_factory=dict[str, Wording])
    """How people are asked about metrics of the configuration's own rubrics and rules, by metric."""


def context_of(connection: HTTPConnection) -> Context:
    """The context of the application that answers this request."""
    return cast("Context", connection.app.state.context)


def _of_request(request: Request) -> Context:
    return context_of(request)


Here = Annotated[Context, Depends(_of_request)]
"""Parameter of a route that needs the context."""
