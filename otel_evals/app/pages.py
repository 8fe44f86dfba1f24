"""What the metrics port serves: `/metrics`, `/healthz`, `/readyz`. None of them holds content."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final

from otel_evals.lifecycle.tasks import CrashReport
from otel_evals.receive.admission import Admission
from otel_evals.receive.http import HttpServer
from otel_evals.receive.http_message import Request, Response, Route, Routes
from otel_evals.receive.http_otlp import refuse_text
from otel_evals.receive.settings import HttpSettings, LimitSettings
from otel_evals.records.clock import Clock
from otel_evals.telemetry.health import Health
from otel_evals.telemetry.openmetrics import PageFormat, negotiate, render
from otel_evals.telemetry.snapshot import Snapshot

ReadSums = Callable[[], Awaitable[Snapshot]]
"""The sums over all workers, as fresh as they can be had."""

_JSON: Final = "application/json"


class MetricsPage:
    """Renders `/metrics`, off the loop, and serves a rendered page again for a while."""

    def __init__(self, read: ReadSums, resource: Mapping[str, str], *, cache: float, clock: Clock) -> None:
        self._read = read
        self._resource = resource
        self._cache = cache
        self._clock = clock
        self._pages: dict[PageFormat, tuple[float, bytes]] = {}
        self._rendering = asyncio.Lock()

    async def get(self, accept: str) -> tuple[PageFormat, bytes]:
        """The page in the format that the scraper prefers."""
        page = negotiate(accept)
        async with self._rendering:
            made, body = self._pages.get(page, (float("-inf"), b""))
            if self._clock.monotonic() - made > self._cache:
                snapshot = await self._read()
                body = await asyncio.to_thread(render, snapshot, self._resource, page)
                self._pages[page] = (self._clock.monotonic(), body)
        return page, body


def page_server(
    page: MetricsPage, health: Health, *, listen: str | None, clock: Clock, on_fault: CrashReport
) -> HttpServer:
    """The server of the metrics port."""
    return HttpServer(
        _routes(page, health),
        settings=HttpSettings(listen=listen, max_connections=100),
        admission=Admission(LimitSettings(memory_mark=None), clock),
        clock=clock,
        refuse=refuse_text,
        on_refused=lambda _signal, _reason, _size: None,
        on_fault=lambda error: on_fault("metrics page", error),
    )


def _routes(page: MetricsPage, health: Health) -> Routes:
    async def metrics(request: Request) -> Response:
        kind, body = await page.get(request.head.header("accept") or "")
        return Response(body=body, content_type=kind.value)

    async def healthz(_request: Request) -> Response:
        return _state(*health.livez())

    async def readyz(_request: Request) -> Response:
        return _state(*health.readyz())

    return {
        ("GET", "/metrics"): Route(handler=metrics),
        ("GET", "/healthz"): Route(handler=healthz),
        ("GET", "/readyz"): Route(handler=readyz),
    }


def _state(status: int, body: bytes) -> Response:
    return Response(status=HTTPStatus(status), body=body, content_type=_JSON)
