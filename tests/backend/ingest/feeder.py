"""A backend's ingest in a process of its own, for tests that kill it: `feeder.py DATABASE_URL FROM TO SEED`.

Keeps the shuffled requests FROM … TO of `requests` one after the other and prints the number of each that is safe.
"""

import asyncio
import random
import sys
from pathlib import Path

from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import SystemClock
from otel_evals.records.signal import Signal
from otel_evals_backend.content.policy import Policy
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.context import Context
from otel_evals_backend.ingest.bounds import Times
from otel_evals_backend.ingest.commit import Commits
from otel_evals_backend.ingest.read import RequestReader
from otel_evals_backend.settings import BackendSettings
from otel_evals_backend.storage.database import Database, database_url
from tests.backend.traffic import DAY, NOON, Body, crowd, feedback, judge, late, traces

_EACH = 5


def requests(spans: int, seed: int) -> list[Body]:
    """Spans with their checks, late verdicts and feedback for some of them; each twice, in an order of their own."""
    calls = crowd(spans, seed=3)
    bodies = [traces(*calls[i : i + _EACH]) for i in range(0, len(calls), _EACH)]
    bodies += [late(call, judge("late_tone", "fail" if call.number % 3 else "pass")) for call in calls[::4]]
    bodies += [feedback(None, "thumbs_down", conversation=call.conversation) for call in calls[::9]]
    bodies *= 2
    random.Random(seed).shuffle(bodies)  # noqa: S311 - reproducible
    return bodies


async def feed(database: Database, bodies: list[Body], *, first: int = 0, tell: bool = False) -> None:
    """Keep `bodies`, several at a time."""
    settings, rng = BackendSettings(), random.Random(1)  # noqa: S311 - reproducible
    context = Context(settings=settings, database=database, clock=SystemClock(), rng=rng, tasks=Tasks(lambda *_: None))
    commits = Commits(context)
    reader = RequestReader(Policy(settings.content), Sealer(settings.content), lambda e, _: e.prompt_version or "")
    times = Times(NOON, NOON - 90 * DAY)

    async def one(number: int, body: Body) -> None:
        signal = Signal.TRACES if body.path == "/v1/traces" else Signal.LOGS
        await commits.keep(reader.read(signal, body.data, times).arrivals)
        if tell:
            print(number, flush=True)  # noqa: T201 - what the test waits for

    for start in range(0, len(bodies), 8):
        await asyncio.gather(*(one(first + start + i, body) for i, body in enumerate(bodies[start : start + 8])))
    await context.tasks.drain()


async def _main(address: str, first: int, last: int, spans: int, seed: int) -> None:
    database = Database(database_url(address, Path()))
    await database.open()
    await feed(database, requests(spans, seed)[first:last], first=first, tell=True)
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], *map(int, sys.argv[2:])))
