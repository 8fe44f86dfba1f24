"""A small world in a database: spans over some days with results, contents, feedback, labels, drafts, a case."""

from sqlalchemy import insert, select

from otel_evals_backend.keeping.arrivals import (
    Arrivals,
    ContentArrival,
    Evaluator,
    FeedbackArrival,
    ResultArrival,
    Slice,
    SpanArrival,
)
from otel_evals_backend.keeping.keep import keep
from otel_evals_backend.storage.database import Database, Engine
from otel_evals_backend.storage.keys import DAY_NS, day_of
from otel_evals_backend.storage.tables import METADATA, audit, cases, drafts, labels, outbox, review_items, users
from tests.backend.conftest import NOON

CHECK = Evaluator(name="pii", evaluator_id="pii", version="1")
JUDGE = Evaluator(name="faithfulness", type="llm_judge", evaluator_id="judge", version="j1")
HUMAN = Evaluator(name="faithfulness", type="human", evaluator_id="r1", version="r")


def trace(number: int) -> bytes:
    return number.to_bytes(16, "big")


def key(number: int) -> bytes:
    return trace(number) + number.to_bytes(8, "big")


def arrivals(numbers, *, days_apart: int = 7) -> Arrivals:
    """Span `n` began n * `days_apart` days before noon, has three results, a content and a signal."""
    spans, results, contents, signals = [], [], [], []
    for n in numbers:
        start = NOON - n * days_apart * DAY_NS
        spans.append(
            SpanArrival(
                span=key(n), start_ns=start, end_ns=start + 10**9, slice=Slice(service="shop", model=f"m{n % 2}"),
                band=n % 3, coverage="judged", probability=0.5, stratum="baseline", input_tokens=10, output_tokens=5,
                question="Where is my parcel?", conversation_id=f"c{n}", response_id=f"r{n}",
            )
        )  # fmt: skip
        results += [
            ResultArrival(
                span=key(n), evaluator=CHECK, at_ns=start, label=n % 2, score=0.25, explanation=f"Secret {n}",
            ),
            ResultArrival(
                span=key(n), evaluator=JUDGE, at_ns=start, label=1, score=0.9, probability=0.5, stratum="baseline",
                explanation="Supported by the sources.", cost=0.01,
            ),
            ResultArrival(
                span=key(n), evaluator=HUMAN, at_ns=start, label=0, score=0.0, probability=0.5, label_probability=0.1,
            ),
        ]  # fmt: skip
        contents.append(
            ContentArrival(span=key(n), part=0, role="model_call", start_ns=start, encrypted=False, body=b"said")
        )
        signals.append(
            FeedbackArrival(
                id=trace(n), at_ns=start + 1, signal="rating", value=0.5, comment="mine", trace_id=trace(n),
                span_id=n.to_bytes(8, "big"),
            )
        )  # fmt: skip
    return Arrivals(spans=tuple(spans), results=tuple(results), contents=tuple(contents), feedback=tuple(signals))


async def fill(database: Database, numbers=range(8)) -> None:
    """Keep `arrivals(numbers)`, and what people made of them."""
    async with database.write() as connection:
        await keep(database, connection, arrivals(numbers), now_ns=NOON)
        for n in numbers:
            await connection.execute(insert(review_items).values(**item(n)))
            await connection.execute(insert(labels).values(**label(n)))
            await connection.execute(
                insert(drafts).values(item=f"i{n}", reviewer="u", body='{"note": "d"}', at_ns=NOON)
            )
            body = f'{{"trace_id": "{trace(n).hex()}", "span_id": "{key(n)[16:].hex()}"}}'
            await connection.execute(
                insert(cases).values(id=f"k{n}", version=1, dataset="d", body=body, made_by="u", created_ns=NOON)
            )
            await connection.execute(
                insert(outbox).values(id=f"o{n}", body=b"\x01" + key(n), signal="traces", created_ns=0, due_ns=0)
            )
        await connection.execute(
            insert(users).values(
                id="u", name="Ü", email="u@example.com", password_hash=None, subject=None, role="admin",
                created_ns=1, preferences="{}",
            )
        )  # fmt: skip
        await connection.execute(insert(audit).values(at_ns=NOON, who="u", action="a", object="o", detail="{}"))


def item(n: int) -> dict:
    return {
        "id": f"i{n}", "span": key(n), "day": day_of(NOON - n * 7 * DAY_NS), "metric": "pii", "group_key": "g",
        "created_ns": NOON, "state": "open", "reasons": "[]", "priority": 1.0, "random": True, "needed": 1,
    }  # fmt: skip


def label(n: int) -> dict:
    row = {
        "id": f"l{n}", "item": f"i{n}", "span": key(n), "day": day_of(NOON - n * 7 * DAY_NS), "metric": "pii",
        "reviewer": "u", "verdict": "fail", "reasons": "[]", "note": "my note", "corrected": "better",
        "expected": '{"behaviour": "refuse"}', "blind": True, "purposive": False, "rubric_version": "r",
        "kind": "first", "at_ns": NOON,
    }  # fmt: skip
    return row | {c.name: "" for c in labels.c if not c.nullable and c.name not in row and c.server_default is None}


async def everything(database: Database) -> dict[str, list]:
    """All rows of all tables, in an order that does not depend on the database."""
    found = {}
    async with database.read() as connection:
        for table in METADATA.tables.values():
            rows = [tuple(row) for row in await connection.execute(select(table))]
            found[table.name] = sorted(rows, key=repr)
    found["settings"] = [row for row in found["settings"] if row[3] != "plan"]  # what goes on by itself remembers there
    return found


def is_sqlite(database: Database) -> bool:
    return database.engine is Engine.SQLITE
