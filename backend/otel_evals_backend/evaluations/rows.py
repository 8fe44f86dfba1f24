"""What lists say of each call: slice, worst result, what users did. A few statements by key for a whole page."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.evaluations.conditions import Wanted
from otel_evals_backend.evaluations.records import Call, Result, Verdict
from otel_evals_backend.storage.keys import ids_of
from otel_evals_backend.storage.tables import BANDS, FAIL, evaluators, feedback, results, slices, texts

_PART: Final = 500
_RANK: Final = {"fail": 0, "error": 1, "none": 2, "pass": 3}
_TYPES: Final = {"human": 0, "llm_judge": 1, "code": 2}


async def listed(
    connection: AsyncConnection, rows: Sequence[Row[Any]], wanted: Wanted
) -> list[tuple[Call, list[Result]]]:
    """The calls of a piece of the list, each with all its results, those with the worst first."""
    where = await _by_id(connection, slices, {row.slice for row in rows})
    found = await results_of(connection, [(row.day, bytes(row.span)) for row in rows])
    signals = await _signals(connection, [bytes(row.span) for row in rows])
    return [
        (_call(row, where.get(row.slice), of_span := found[bytes(row.span)], signals[bytes(row.span)], wanted), of_span)
        for row in rows
    ]


async def results_of(connection: AsyncConnection, spans: Iterable[tuple[int, bytes]]) -> dict[bytes, list[Result]]:
    """The results of spans, the worst first."""
    by_day: defaultdict[int, list[bytes]] = defaultdict(list)
    for day, span in spans:
        by_day[day].append(span)
    rows: list[Row[Any]] = []
    for day, keys in by_day.items():
        for begin in range(0, len(keys), _PART):
            part = keys[begin : begin + _PART]
            rows += await connection.execute(select(results).where(results.c.day == day, results.c.span.in_(part)))
    who = await _by_id(connection, evaluators, {row.evaluator for row in rows})
    said = await _by_id(connection, texts, {row.explanation for row in rows if row.explanation is not None})
    found: defaultdict[bytes, list[Result]] = defaultdict(list)
    for row in rows:
        if (evaluator := who.get(row.evaluator)) is not None:
            text = said.get(row.explanation)
            found[bytes(row.span)].append(_result(row, evaluator, text.text if text is not None else None))
    for of_span in found.values():
        of_span.sort(key=badness)
    return found


def badness(result: Result) -> tuple[Any, ...]:
    """Sorts the result first that speaks most against a call; people before judges before checks, shadows last."""
    score = 1.0 if result.score is None else result.score
    kind = _TYPES.get(result.evaluator_type, len(_TYPES))
    return (result.shadow, _RANK[result.verdict], kind, score, result.metric, result.evaluator_id, result.at_ns)


def matches(result: Result, wanted: Wanted) -> bool:
    """Whether this is a result that the filters ask for."""
    name, _, kind = wanted.filters.metric.partition(":")
    return result.metric == name and kind in ("", result.evaluator_type)


def _call(row: Row[Any], where: Row[Any] | None, found: list[Result], signals: tuple[str, ...], wanted: Wanted) -> Call:
    trace_id, span_id = ids_of(bytes(row.span))
    asked = [one for one in found if matches(one, wanted)] if wanted.filters.metric else found
    return Call(
        trace_id=trace_id, span_id=span_id, start_ns=row.start_ns, seconds=(row.end_ns - row.start_ns) / 1e9,
        service=where.service if where is not None else "", environment=where.environment if where is not None else "",
        provider=where.provider if where is not None else "", model=where.model if where is not None else "",
        prompt_name=where.prompt_name if where is not None else "",
        prompt_version=where.prompt_version if where is not None else "",
        question=row.question, failed=row.failed, error_type=row.error_type,
        band=band_of(row.band), coverage=row.coverage, stratum=row.stratum,
        worst=asked[0] if asked else None, fails=row.fails, results=len(found), feedback=row.feedback,
        signals=signals, labels=row.labels, hidden=False,
    )  # fmt: skip


def _result(row: Row[Any], who: Row[Any], explanation: str | None) -> Result:
    return Result(
        metric=who.name, evaluator_type=who.type, evaluator_id=who.evaluator_id, evaluator_version=who.version,
        source=who.source, shadow=who.shadow, verdict=_verdict(row), detail=row.verdict, score=row.score,
        confidence=row.confidence, cached=row.cached, probability=row.probability,
        label_probability=row.label_probability, purposive=row.purposive, stratum=row.stratum,
        explanation=explanation, evaluator_model=row.model, error_type=row.error_type, cost=row.cost, lag=row.lag,
        at_ns=row.at_ns,
    )  # fmt: skip


def band_of(position: int | None) -> str | None:
    """The name of a risk band."""
    return None if position is None else BANDS[position]


def _verdict(row: Row[Any]) -> Verdict:
    if row.label is None:
        return "none" if row.error_type is None else "error"
    return "fail" if row.label == FAIL else "pass"


async def _signals(connection: AsyncConnection, keys: Sequence[bytes]) -> defaultdict[bytes, tuple[str, ...]]:
    found: defaultdict[bytes, tuple[str, ...]] = defaultdict(tuple)
    for begin in range(0, len(keys), _PART):
        statement = (
            select(feedback.c.span, feedback.c.signal)
            .where(feedback.c.span.in_(keys[begin : begin + _PART]))
            .distinct()
            .order_by(feedback.c.signal)
        )
        for span, signal in await connection.execute(statement):
            found[bytes(span)] += (signal,)
    return found


async def _by_id(connection: AsyncConnection, table: Any, ids: Collection[int]) -> dict[int, Row[Any]]:
    found: dict[int, Row[Any]] = {}
    keys = sorted(ids)
    for begin in range(0, len(keys), _PART):
        rows = await connection.execute(select(table).where(table.c.id.in_(keys[begin : begin + _PART])))
        found |= {row.id: row for row in rows}
    return found
