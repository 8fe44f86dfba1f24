"""What the backend costs: `uv run python benchmarks/backend.py --only ingest|pages|memory [--rows N] [--database URL]`.

`--quick` measures ingest and pages with 200,000 results, in less than two minutes on an idle machine.

Ingest: bodies of evaluated spans with eight results each go through the same reading and the same transactions as
requests do, into an empty database until it holds `--rows` results. Rates are printed for every tenth of the way, so
that one sees whether it stays flat. CPU is that of the whole process, the database's thread included.
"""

import argparse
import asyncio
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from backend_memory import watch
from backend_pages import measure
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from texts import conversation

from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import SystemClock
from otel_evals.records.signal import Signal
from otel_evals.slicing.versions import PromptVersions
from otel_evals.testing.builders import any_value
from otel_evals_backend.content.policy import Policy
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.context import Context
from otel_evals_backend.ingest.bounds import Times
from otel_evals_backend.ingest.commit import Commits
from otel_evals_backend.ingest.read import RequestReader
from otel_evals_backend.review.select import consider
from otel_evals_backend.settings import BackendSettings
from otel_evals_backend.storage.database import Database, database_url
from otel_evals_backend.storage.migrate import migrate

_SPANS: Final = 64
"""Spans of one request."""
_CHECKS: Final = ("non_empty", "complete", "answered", "language", "repetition", "pii", "retrieval_support")
_MODELS: Final = ("gpt-4.1-mini", "gpt-4.1", "claude-sonnet-4-5")
_TEMPLATES: Final = 32
_TRACE: Final = b"\xe3\x9b\x17\xb5\x52\xc6"
_HOURS: Final = 24 * 7
_NS: Final = 10**9


def _result(rng: random.Random, name: str, kind: str) -> dict[str, object]:
    fails = rng.random() < 0.04
    found: dict[str, object] = {
        "gen_ai.evaluation.name": name, "gen_ai.evaluation.score.value": 0.2 if fails else 1.0,
        "gen_ai.evaluation.score.label": "fail" if fails else "pass", "otel_evals.evaluator.type": kind,
        "otel_evals.evaluator.id": name, "otel_evals.evaluator.version": "0f3a9c12",
        "otel_evals.sampling.probability": 0.05 if kind == "llm_judge" else 1.0, "otel_evals.source": "online",
    }  # fmt: skip
    if fails or kind == "llm_judge":
        found["gen_ai.evaluation.explanation"] = f"{rng.randrange(200)} of 300 sentences have no support."
    return found


def _template(rng: random.Random, now_ns: int) -> bytes:
    """A request whose trace ids begin with a mark that `_bodies` replaces."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    _put(resource.resource, {"service.name": rng.choice(("shop", "billing")), "deployment.environment.name": "prod"})
    scope = resource.scope_spans.add()
    scope.scope.name = "app"
    for _ in range(_SPANS):
        model = rng.choice(_MODELS)
        start = now_ns - rng.randrange(_HOURS * 3600) * _NS
        span = scope.spans.add(
            trace_id=_TRACE + rng.randbytes(10), span_id=rng.randbytes(8), name=f"chat {model}",
            start_time_unix_nano=start, end_time_unix_nano=start + rng.randint(1, 5) * _NS,
        )  # fmt: skip
        _call(rng, span, model)
    return request.SerializeToString()


def _call(rng: random.Random, span: Span, model: str) -> None:
    said = conversation(rng, 3072)
    turns = [{"role": "user", "parts": [{"type": "text", "content": said.question}]}]
    answer = [{"role": "assistant", "parts": [{"type": "text", "content": said.answer}], "finish_reason": "stop"}]
    values: dict[str, object] = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model,
        "gen_ai.response.model": f"{model}-2026-04-14", "gen_ai.response.id": f"r{rng.getrandbits(64):x}",
        "gen_ai.conversation.id": f"c{rng.getrandbits(64):x}", "gen_ai.usage.input_tokens": rng.randint(200, 900),
        "gen_ai.usage.output_tokens": rng.randint(50, 400), "gen_ai.prompt.name": "support",
        "gen_ai.prompt.version": f"v{rng.randrange(4)}", "otel_evals.risk.band": rng.choice(("low", "low", "medium")),
        "otel_evals.route": "pass", "otel_evals.coverage": "judged", "otel_evals.sampling.probability": 0.05,
        "otel_evals.sampling.stratum": "baseline", "gen_ai.input.messages": msgspec.json.encode(turns).decode(),
        "gen_ai.output.messages": msgspec.json.encode(answer).decode(),
    }  # fmt: skip
    _put(span, values)
    results = [*(_result(rng, name, "code") for name in _CHECKS), _result(rng, "faithfulness", "llm_judge")]
    for result in results:
        event = span.events.add(name="gen_ai.evaluation.result", time_unix_nano=span.end_time_unix_nano)
        _put(event, result)


def _put(place: "Span | Span.Event | object", values: dict[str, object]) -> None:
    for key, value in values.items():
        place.attributes.add(key=key).value.CopyFrom(any_value(value))  # pyright: ignore - any message with attributes


def _bodies(rng: random.Random, count: int) -> Iterator[bytes]:
    now_ns = time.time_ns()
    templates = [_template(rng, now_ns) for _ in range(_TEMPLATES)]
    for number in range(count):
        yield templates[number % _TEMPLATES].replace(_TRACE, rng.randbytes(6))


async def _ingest(database: Database, rows: int, together: int, *, review: bool) -> None:
    """`together` requests are under way at one time, as many senders would have them."""
    rng = random.Random(1)  # noqa: S311 - reproducible
    settings = BackendSettings()
    clock = SystemClock()
    context = Context(settings=settings, database=database, clock=clock, rng=rng, tasks=Tasks(lambda *_: None))
    commits = Commits(context, after=(consider,) if review else ())
    versions = PromptVersions(50, clock)
    reader = RequestReader(Policy(settings.content), Sealer(settings.content), versions.label)
    each = _SPANS * (len(_CHECKS) + 1)
    tenth = max(1, rows // each // 10)
    print(f"{'results':>10} {'results/s':>10} {'CPU µs/result':>14} {'RSS MB':>8}")
    wall, cpu = time.monotonic(), time.process_time()
    pending: set[asyncio.Task[None]] = set()
    for done, body in enumerate(_bodies(rng, tenth * 10), 1):
        now_ns = clock.time_ns()
        read = reader.read(Signal.TRACES, body, Times(now_ns, now_ns - 90 * 86400 * _NS))
        pending.add(asyncio.create_task(commits.keep(read.arrivals)))
        if len(pending) >= together:
            finished, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                task.result()
        if done % tenth == 0:
            await asyncio.gather(*pending)
            pending.clear()
            taken, used = time.monotonic() - wall, time.process_time() - cpu
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            per = tenth * each
            print(f"{done * each:>10} {per / taken:>10.0f} {used / per * 1e6:>14.1f} {memory:>8.0f}", flush=True)
            wall, cpu = time.monotonic(), time.process_time()
    await context.tasks.drain()


async def _run(arguments: argparse.Namespace, only: str) -> None:
    if only == "pages":
        await measure(arguments.database, arguments.rows, arguments.times)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        database = Database(database_url(arguments.database, Path(folder)))
        await database.open()
        try:
            await migrate(database)
            await _ingest(database, arguments.rows, arguments.together, review=not arguments.no_review)
        finally:
            await database.close()
        if only == "memory":
            await watch(Path(folder), arguments.database, arguments.minutes)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("ingest", "pages", "memory"), default="ingest", help="what is measured")
    parser.add_argument("--quick", action="store_true", help="ingest and pages with 200,000 results")
    parser.add_argument("--rows", type=int, default=1_000_000, help="results in the database at the end")
    parser.add_argument("--together", type=int, default=8, help="requests under way at one time")
    parser.add_argument("--no-review", action="store_true", help="without choosing what comes to people")
    parser.add_argument("--times", type=int, default=20, help="requests of each page after the first")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long memory is watched")
    parser.add_argument("--database", help="an empty database; default: SQLite in a temporary folder")
    parser.add_argument("--folder", help="where the temporary folder is made")
    arguments = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    if arguments.quick:
        arguments.rows = 200_000
    for only in ("ingest", "pages") if arguments.quick else (arguments.only,):
        asyncio.run(_run(arguments, only))


if __name__ == "__main__":
    main()
