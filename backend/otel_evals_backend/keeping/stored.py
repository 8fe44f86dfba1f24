"""What the tables know of spans already: read for those alone that are not new."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import msgspec
from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.keeping.arrivals import Evaluator, ResultArrival, Slice, SpanArrival
from otel_evals_backend.storage.tables import evaluators, known_spans, results, slices, spans

_CHUNK: Final = 500
"""Keys in one statement: SQLite takes 32 766 parameters, and a plan for each length is kept."""
_SLICE: Final = tuple(Slice.__struct_fields__)
_EVALUATOR: Final = tuple(Evaluator.__struct_fields__)
_SPAN: Final = tuple(f for f in SpanArrival.__struct_fields__ if f not in ("slice", "span"))
_RESULT: Final = tuple(f for f in ResultArrival.__struct_fields__ if f not in ("span", "evaluator", "explanation"))


class StoredSpan(msgspec.Struct, kw_only=True):
    """What is known of one span."""

    day: int
    span: SpanArrival | None = None
    """None = only results or contents of it have come."""
    fails: int = 0
    labels: int = 0
    results: dict[int, ResultArrival] = {}
    """By evaluator; without their explanations."""


def chunks(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """The keys in parts that fit into a statement."""
    left = iter(keys)
    while part := list(islice(left, _CHUNK)):
        yield part


async def known_days(connection: AsyncConnection, keys: Iterable[bytes]) -> dict[bytes, int]:
    """The days of those of the spans of which anything is known.

    On PostgreSQL nobody else changes what is known of them until the transaction ends; SQLite has one writer.
    """
    found: dict[bytes, int] = {}
    for part in chunks(sorted(keys)):
        statement = (
            select(known_spans.c.span, known_spans.c.day)
            .where(known_spans.c.span.in_(part))
            .order_by(known_spans.c.span)
            .with_for_update()
        )
        found |= {bytes(row.span): row.day for row in await connection.execute(statement)}
    return found


async def load(connection: AsyncConnection, days: dict[bytes, int]) -> dict[bytes, StoredSpan]:
    """What is known of these spans, by the days under which they are filed."""
    stored = {key: StoredSpan(day=day) for key, day in days.items()}
    for part in chunks(days):
        for row in (await connection.execute(_spans(part))).mappings():
            known = stored[bytes(row["span"])]
            known.span, known.fails, known.labels = span_of(row), row["fails"], row["labels"]
        for row in (await connection.execute(_results(part))).mappings():
            result = result_of(row)
            stored[result.span].results[row["evaluator"]] = result
    return stored


def _spans(keys: Sequence[bytes]) -> Select[Any]:
    return (
        select(spans, *(slices.c[name].label(f"slice_{name}") for name in _SLICE))
        .select_from(known_spans)
        .join(spans, and_(spans.c.day == known_spans.c.day, spans.c.span == known_spans.c.span))
        .join(slices, slices.c.id == spans.c.slice)
        .where(known_spans.c.span.in_(keys))
    )


def _results(keys: Sequence[bytes]) -> Select[Any]:
    return (
        select(results, *(evaluators.c[name] for name in _EVALUATOR))
        .select_from(known_spans)
        .join(results, and_(results.c.day == known_spans.c.day, results.c.span == known_spans.c.span))
        .join(evaluators, evaluators.c.id == results.c.evaluator)
        .where(known_spans.c.span.in_(keys))
    )


def span_of(row: Mapping[Any, Any]) -> SpanArrival:
    """A span from its row joined with its slice's (as `slice_<column>`)."""
    where = Slice(**{name: row[f"slice_{name}"] for name in _SLICE})
    return SpanArrival(span=bytes(row["span"]), slice=where, **{name: row[name] for name in _SPAN})


def result_of(row: Mapping[Any, Any]) -> ResultArrival:
    """A result from its row joined with its evaluator's."""
    who = Evaluator(**{name: row[name] for name in _EVALUATOR})
    return ResultArrival(span=bytes(row["span"]), evaluator=who, **{name: row[name] for name in _RESULT})
