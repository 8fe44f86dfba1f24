"""Whether memory stays flat while pages are asked for, round after round. Called by `backend.py`."""

import random
import resource
import time
from pathlib import Path

import httpx2
from backend_pages import PAGES

from otel_evals.records.clock import SystemClock
from otel_evals.records.units import Secret
from otel_evals_backend.app import create_app
from otel_evals_backend.settings import BackendSettings


async def watch(folder: Path, database: str | None, minutes: float) -> None:
    """Ask for all pages for so long, and print the memory of this process ten times."""
    settings = BackendSettings(database=None if database is None else Secret(database))
    app = create_app(settings, folder=folder, clock=SystemClock(), rng=random.Random(1))  # noqa: S311 - no secret
    transport = httpx2.ASGITransport(app, client=("127.0.0.1", 5000))
    print(f"{'minutes':>8} {'requests':>9} {'RSS MB':>8}")
    began, asked, told = time.monotonic(), 0, 0.0
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", timeout=120) as client,
    ):
        while (passed := (time.monotonic() - began) / 60) < minutes:
            for path in PAGES:
                await client.get(path)
                asked += 1
            if passed - told >= minutes / 10:
                told = passed
                print(f"{passed:>8.1f} {asked:>9} {_resident():>8.0f}", flush=True)


def _resident() -> float:
    """MB in memory now; where the system does not say it, the most there ever was."""
    try:
        pages_now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages_now * resource.getpagesize() / 2**20
