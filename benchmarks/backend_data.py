"""Fills a backend's database with results of a realistic shape, straight into its tables and sums.

    await fill(database, results=10_000_000, until_ns=time.time_ns(), days=28)

Called by `benchmarks/backend.py`. A span has eight results and a twentieth of them a judge's; rows come in the order of
their keys and the indexes are made at the end, so that ten million take minutes, not an hour. What is kept is what
ingest would have kept: a test compares the sums with a recount.
"""

import asyncio
import random
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import asyncpg
from sqlalchemy import Integer
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex

from otel_evals.records.exchange import Document, Message
from otel_evals.records.reading import Reading
from otel_evals_backend.content.readings import KeptReading
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.keeping.arrivals import Evaluator, ResultArrival, Slice, SpanArrival
from otel_evals_backend.keeping.contributions import Rollups, SpanState
from otel_evals_backend.settings import ContentKept
from otel_evals_backend.storage.database import Database, Engine
from otel_evals_backend.storage.keys import DAY_NS, day_of, hour_of, name_key
from otel_evals_backend.storage.partitions import ensure_days
from otel_evals_backend.storage.tables import (
    METADATA,
    contents,
    evaluators,
    feedback,
    feedback_hours,
    known_spans,
    results,
    slices,
    spans,
    texts,
)

_RESULTS: Final = 8
"""Results of a span."""
_CHECKS: Final = (
    ("non_empty", 0.001), ("complete", 0.01), ("answered", 0.05), ("language", 0.004), ("repetition", 0.002),
    ("prompt_injection", 0.003), ("retrieval_support", 0.08),
)  # fmt: skip
_SAID: Final = (
    "1 of 3 sentences has no support in the documents.", "The answer ends in the middle of a sentence.",
    "It promises a term that no source gives.", "All of it is in the sources.", "An unfriendly word.",
)  # fmt: skip
_QUESTIONS: Final = (
    "What is the refund policy for an order that has been opened?", "How long does delivery take to the islands?",
    "Can I change my order after it has been packed?", "Is the blue jacket waterproof, and can it be washed?",
)  # fmt: skip
_BANDS: Final = (("baseline", 0.05), ("medium_risk", 0.5), ("high_risk", 1.0))
_CONTENT: Final = 200
"""One span in so many has its content kept: enough to show one, without gigabytes."""
_BATCH: Final = 50_000

Rows = list[tuple[Any, ...]]


class Maker:
    """Makes rows, reproducibly."""

    def __init__(self, seed: int = 1) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - reproducible
        rng = self._rng
        self.slices = [
            Slice(service=service, environment="production", operation="chat", provider="openai", model=model,
                  response_model=f"{model}-1", prompt_name="support", prompt_version=f"v{version}")
            for service in ("shop", "support-assistant", "search")
            for model in ("gpt-4o-mini", "gpt-4.1", "claude-sonnet-4-5")
            for version in range(1, 5)
        ]  # fmt: skip
        self.sums = Rollups()
        self._signals: defaultdict[tuple[int, int, str], int] = defaultdict(int)
        self.checks = [(Evaluator(name=name, evaluator_id=name, version="c1"), share) for name, share in _CHECKS]
        self.judges = [
            Evaluator(name="faithfulness", type="llm_judge", evaluator_id="faithfulness", version=f"j{n}")
            for n in (1, 2)
        ]  # fmt: skip
        self._missing = Evaluator(name="pii", evaluator_id="pii", version="c1")
        self._texts = [name_key(said) for said in _SAID]
        self._content = self._reading()
        self._weights = [rng.random() + 0.1 for _ in self.slices]
        self._ids = [one.id for one in self.slices]
        self._check_ids = [(who.id, share) for who, share in self.checks]
        self._judge_ids = [who.id for who in self.judges]
        self._by_id = {one.id: one for one in self.slices}
        self._evaluators = {who.id: who for who in (*(who for who, _ in self.checks), *self.judges, self._missing)}
        self._sealer = Sealer(ContentKept())

    def dimensions(self) -> Iterator[tuple[Any, Rows]]:
        """Slices, evaluators, texts."""
        names = ("service", "environment", "operation", "provider", "model", "response_model", "prompt_name",
                 "prompt_version", "extra")  # fmt: skip
        yield slices, [(one.id, *(getattr(one, name) for name in names)) for one in self.slices]
        everyone = [who for who, _ in self.checks] + self.judges + [self._missing]
        yield (
            evaluators,
            [(w.id, w.name, w.type, w.evaluator_id, w.version, w.source, w.shadow) for w in everyone],
        )
        yield texts, [(name_key(said), said) for said in _SAID]

    def day(self, day: int, count: int, until_ns: int) -> Iterator[dict[Any, Rows]]:
        """The rows of a day in parts, in the order of their keys."""
        keys = sorted(self._rng.randbytes(24) for _ in range(count))
        end = min((day + 1) * DAY_NS, until_ns) - 1
        made: dict[Any, Rows] = defaultdict(list)
        for key in keys:
            self._span(made, day, key, self._rng.randrange(day * DAY_NS, end))
            if len(made[results]) >= _BATCH:
                yield made
                made = defaultdict(list)
        yield made

    def _span(self, made: dict[Any, Rows], day: int, key: bytes, start: int) -> None:
        rng = self._rng
        [slice_] = rng.choices(self._ids, self._weights)
        failing = [rng.random() < share for _, share in self._check_ids]
        band = 2 if failing[0] or failing[1] else 1 if any(failing) else 0
        stratum, probability = _BANDS[band]
        judged = rng.random() < probability
        verdict = int(rng.random() > (0.06, 0.3, 0.6)[band]) if judged else None
        span: dict[str, Any] = {
            "start_ns": start, "end_ns": start + rng.randrange(200_000_000, 6_000_000_000), "slice": slice_,
            "band": band, "coverage": "judged" if judged else "sampled_out", "stratum": stratum,
            "failed": rng.random() < 0.01, "fails": sum(failing) + (verdict == 0), "labels": 0,
            "input_tokens": rng.randrange(100, 900), "output_tokens": rng.randrange(20, 300),
        }  # fmt: skip
        sign = self._feedback(made, day, key, span)
        reasons = '["retrieval_support"]' if failing[6] else "[]"
        made[known_spans].append((key, day))
        made[spans].append((
            day, key, start, span["end_ns"], slice_, None, "chat gpt-4o-mini", "model_call", span["failed"],
            "timeout" if span["failed"] else None, f"resp-{key[:6].hex()}", f"conv-{key[:5].hex()}", band, reasons,
            "judge" if judged else "pass", None, span["coverage"], probability, stratum, span["input_tokens"],
            span["output_tokens"], False, _QUESTIONS[start % 4], span["fails"], sign, 0, start + 5_000_000_000,
        ))  # fmt: skip
        state = SpanState(span=_arrival(key, span, self._by_id[slice_]), coverage=span["coverage"], fails=span["fails"])
        self.sums.moved(None, state)
        for (evaluator, _), fails in zip(self._check_ids, failing, strict=True):
            said = self._texts[start % 2] if fails else None
            self._result(made, day, state.span, (evaluator, int(not fails), float(not fails), 1.0, None, said, None))
        if verdict is not None:
            judge = self._judge_ids[day % 2]
            said = self._texts[3 if verdict else 2 if start % 50 else 4]
            result = (judge, verdict, verdict * 0.6 + 0.2, probability, stratum, said, 0.002)
        else:
            result = (self._missing.id, 1, 1.0, 1.0, None, None, None)
        self._result(made, day, state.span, result)
        if start % _CONTENT == 0:
            kept = self._sealer.seal(key, 0, self._content)
            made[contents].append((day, key, 0, "model_call", start, False, kept))

    def _result(self, made: dict[Any, Rows], day: int, span: SpanArrival, said: tuple[Any, ...]) -> None:
        evaluator, label, score, probability, stratum, explanation, cost = said
        made[results].append((
            day, span.span, evaluator, span.end_ns, label, score, None, None, False, probability, None, False, stratum,
            explanation, "judge-1" if cost else None, None, None, cost, 12.0 if cost else None, True,
        ))  # fmt: skip
        result = ResultArrival(
            span=span.span, evaluator=self._evaluators[evaluator], at_ns=span.end_ns, label=label, score=score,
            probability=probability, stratum=stratum, cost=cost,
        )  # fmt: skip
        self.sums.joined(span, result)

    def _feedback(self, made: dict[Any, Rows], day: int, key: bytes, span: dict[str, Any]) -> int:
        if self._rng.random() >= 0.02:
            return 0
        signal, sign = self._rng.choice((("thumbs_up", 1), ("thumbs_down", -1), ("regenerate", -1), ("copy", 1)))
        at = span["end_ns"] + 3_000_000_000
        made[feedback].append((
            key[:16], at, at, signal, None, None, None, key[:16], key[16:], None, None, "otlp", day,
            key,
        ))  # fmt: skip
        self._signals[hour_of(span["start_ns"]), span["slice"], signal] += 1
        return sign

    def summed(self) -> Iterator[tuple[Any, Rows]]:
        """The rows of all sums."""
        yield feedback_hours, [(*key, n, 0.0) for key, n in self._signals.items()]
        for name, _, sums in self.sums.tables():
            table = METADATA.tables[name]
            whole = [isinstance(column.type, Integer) for column in table.columns]
            yield (
                table,
                [
                    tuple(
                        int(v) if of and not isinstance(v, str) else v
                        for of, v in zip(whole, (*key, *row), strict=True)
                    )
                    for key, row in sums.items()
                ],
            )

    def _reading(self) -> KeptReading:
        asked = Message(role="user", text=_QUESTIONS[0])
        return KeptReading(
            dialect="genai", name="chat gpt-4o-mini",
            reading=Reading(messages=(asked,), documents=(Document(text="Refunds are possible within thirty days."),)),
        )  # fmt: skip


async def fill(database: Database, *, results_count: int, until_ns: int, days: int = 28, seed: int = 1) -> int:
    """Fill an empty database that has the schema; how many results there are then.

    Args:
        database: open.
        results_count: about how many results.
        until_ns: time of the newest, ns since 1970.
        days: over how many days they are spread.
        seed: of the random numbers.
    """
    maker, last = Maker(seed), day_of(until_ns - 1)
    each = max(1, results_count // _RESULTS // days)
    writer = _Sqlite(database) if database.engine is Engine.SQLITE else _Postgresql(database)
    await writer.begin()
    made = 0
    for table, rows in maker.dimensions():
        await writer.put(table, rows)
    for day in range(last - days + 1, last + 1):
        await writer.day(day)
        for part in maker.day(day, each, until_ns):
            for table, rows in part.items():
                await writer.put(table, rows)
            made += len(part[results])
    for table, rows in maker.summed():
        await writer.put(table, sorted(rows))
    await writer.end()
    return made


def _arrival(key: bytes, span: dict[str, Any], where: Slice) -> SpanArrival:
    """As much of a span as the sums see."""
    names = ("start_ns", "end_ns", "failed", "band", "stratum", "input_tokens", "output_tokens")
    return SpanArrival(span=key, slice=where, **{name: span[name] for name in names})


class _Sqlite:
    """Writes with the driver itself, without the indexes, which are made at the end."""

    def __init__(self, database: Database) -> None:
        self._connection = sqlite3.connect(str(database.url.database), check_same_thread=False, isolation_level=None)
        self._indexes: list[str] = []

    async def begin(self) -> None:
        for table in (spans, results, known_spans, feedback):
            for index in table.indexes:
                self._indexes.append(str(CreateIndex(index).compile(dialect=sqlite.dialect())))
                self._connection.execute(f"DROP INDEX {index.name}")
        for pragma in ("synchronous = OFF", "cache_size = -262144", "temp_store = MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")

    async def day(self, day: int) -> None:
        """Nothing is to be made for a day here."""

    async def put(self, table: Any, rows: Rows) -> None:
        if rows:
            await asyncio.to_thread(self._insert, table, rows)

    def _insert(self, table: Any, rows: Rows) -> None:
        marks = ", ".join("?" * len(rows[0]))
        self._connection.execute("BEGIN")
        self._connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows)  # noqa: S608 - our names
        self._connection.execute("COMMIT")

    async def end(self) -> None:
        for statement in self._indexes:
            await asyncio.to_thread(self._connection.execute, statement)
        await asyncio.to_thread(self._connection.execute, "PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()


class _Postgresql:
    """Writes by COPY."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Any = None

    async def begin(self) -> None:
        url = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = await asyncpg.connect(url)

    async def day(self, day: int) -> None:
        async with self._database.write() as connection:
            await ensure_days(self._database, connection, [day])

    async def put(self, table: Any, rows: Rows) -> None:
        if rows:
            await self._connection.copy_records_to_table(table.name, records=rows)

    async def end(self) -> None:
        await self._connection.execute("VACUUM ANALYZE")
        await self._connection.close()
