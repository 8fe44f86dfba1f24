"""What pages and lists cost at the server: time of each, over a database that `backend_data` fills.

    uv run python benchmarks/backend_pages.py [--results 200000] [--database FILE|URL] [--times 20]

Called by hand, or by `benchmarks/backend.py --only pages`. A database that holds spans already is measured as it is.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx2
from backend_data import fill
from sqlalchemy import select

from otel_evals.records.clock import SystemClock
from otel_evals.records.units import Secret
from otel_evals_backend.app import create_app
from otel_evals_backend.settings import BackendSettings
from otel_evals_backend.storage.database import Database, database_url
from otel_evals_backend.storage.migrate import migrate
from otel_evals_backend.storage.tables import spans

PAGES: Final = (
    "/?range=7d", "/?range=30d", "/slices?range=7d", "/slices?range=30d", "/review", "/evaluations?range=7d",
    "/evaluations?range=30d", "/evaluations?range=7d&metric=faithfulness&label=fail",
    "/evaluations?range=30d&metric=faithfulness&label=fail&model=gpt-4.1&version=v3",
    "/evaluations?range=30d&metric=complete:code&label=fail&service=search", "/evaluations?range=7d&band=high",
    "/evaluations?range=7d&feedback=negative", "/evaluations?range=30d&feedback=regenerate&band=high",
    "/evaluations?range=30d&reviewed=yes", "/evaluations?range=7d&q=unfriendly", "/evaluations?range=7d&q=sources",
    "/evaluations?range=30d&coverage=timeout", "/evaluations?range=30d&version=v9",
    "/evaluations?range=30d&metric=repetition&label=fail&band=high", "/api/v1/spans?range=7d",
    "/api/v1/results?range=7d&metric=faithfulness", "/api/v1/slices?range=30d", "/?range=24h", "/?range=90d",
    "/slices?range=90d", "/evaluations?range=90d", "/evaluations?range=30d&label=fail",
    "/evaluations?range=30d&service=shop", "/cases", "/settings/audit", "/api/v1/overview?range=30d",
    "/api/v1/spans?range=30d&limit=200", "/api/v1/feedback?range=30d", "/api/v1/feedback/counts?range=30d",
    "/api/v1/cases", "/api/v1/review/queue", "/metrics",
)  # fmt: skip


async def measure(database: str | None, results: int, times: int) -> None:
    """Print the time of each page, ms: the first answer, half of them, 95 % of them, the bytes."""
    with tempfile.TemporaryDirectory() as folder:
        await _filled(database, Path(folder), results)
        settings = BackendSettings(database=Secret(database) if database else None)
        rng = random.Random(1)  # noqa: S311 - no secret
        app = create_app(settings, folder=Path(folder), clock=SystemClock(), rng=rng)
        transport = httpx2.ASGITransport(app, client=("127.0.0.1", 5000))
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", timeout=120) as client,
        ):
            print(f"{'page':88} {'first':>7} {'p50':>7} {'p95':>7} {'bytes':>8}")
            for page in (*PAGES, *await _spans(client)):
                await _one(client, page, times)


async def _filled(address: str | None, folder: Path, results: int) -> None:
    """Fill the database unless it holds something, before the application works on it."""
    database = Database(database_url(address, folder))
    await database.open()
    await migrate(database)
    async with database.read() as connection:
        empty = (await connection.execute(select(spans.c.day).limit(1))).one_or_none() is None
    if empty:
        began = time.perf_counter()
        made = await fill(database, results_count=results, until_ns=time.time_ns())
        print(f"{made:,} results filled in {time.perf_counter() - began:.0f} s")
    await database.close()


async def _spans(client: httpx2.AsyncClient) -> list[str]:
    items = (await client.get("/api/v1/spans", params={"range": "7d", "limit": 1})).json()["items"]
    return [f"/spans/{one['trace_id']}/{one['span_id']}?range=7d&band=high" for one in items] + [
        f"/evaluations?trace={one['trace_id']}" for one in items
    ]


async def _one(client: httpx2.AsyncClient, page: str, times: int) -> None:
    took: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        answer = await client.get(page, follow_redirects=True)
        took.append(1000 * (time.perf_counter() - began))
    cut = " cut, and says how far it looked" if "The search looked" in answer.text else ""
    late = sorted(took)[int(0.95 * (len(took) - 1))]
    numbers = f"{took[0]:7.0f} {statistics.median(took):7.0f} {late:7.0f} {len(answer.content):8}"
    print(f"{page[:88]:88} {numbers} {'' if answer.status_code == 200 else answer.status_code}{cut}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=int, default=200_000, help="results to fill an empty database with")
    parser.add_argument("--database", help="address of a database with our schema, or an empty one; default: SQLite")
    parser.add_argument("--times", type=int, default=20, help="requests of each page")
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.database, arguments.results, arguments.times))


if __name__ == "__main__":
    main()
