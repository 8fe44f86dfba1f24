"""Killed in the middle, fed again from the start in another order: the tables are those of one clean run."""

import asyncio
import sys
from pathlib import Path

import pytest

from otel_evals_backend.storage.database import Database, database_url
from tests.backend.ingest.feeder import feed, requests
from tests.backend.keeping.rows import emptied, state

ROOT = Path(__file__).parents[3]


def comparable(rows: dict) -> dict:
    """Without the bodies of contents (encoded anew each time) and the times of arrival."""
    found = {name: kept for name, kept in rows.items() if name not in ("contents", "spans", "feedback")}
    found["contents"] = [row[:5] for row in rows["contents"]]
    found["spans"] = [row[:-1] for row in rows["spans"]]
    found["feedback"] = [(*row[:2], *row[3:]) for row in rows["feedback"]]
    return found


async def killed_after(address: str, count: int, spans: int, seed: int) -> None:
    """Feed a database by a process of its own, and kill it when `count` requests are safe and others under way."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.backend.ingest.feeder", address, "0", "1000000", str(spans), str(seed),
        stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    for _ in range(count):
        assert process.stdout is not None
        assert await process.stdout.readline(), "the process ended before it was killed"
    process.kill()
    await process.wait()


@pytest.mark.parametrize(
    "spans", [250, pytest.param(12_000, marks=[pytest.mark.takes_long, pytest.mark.timeout(1800)])]
)
async def test_a_killed_ingest_ends_like_a_clean_run(spans, database_address, tmp_path):
    address = database_address or f"sqlite:///{tmp_path}/backend/evals.db"
    database = Database(database_url(address, tmp_path))
    await database.open()
    try:
        await feed(database, requests(spans, seed=1))
        clean = comparable(await state(database))
        await emptied(database)
        await killed_after(address, count=spans // 10, spans=spans, seed=2)
        half = comparable(await state(database))
        assert half["results"]
        assert half != clean
        await feed(database, requests(spans, seed=4))
        assert comparable(await state(database)) == clean
    finally:
        await database.close()
