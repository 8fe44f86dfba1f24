"""The sums, counted again from the rows: what `check` compares with, and what erasing takes away.

Written as SQL on purpose, apart from the function by which `keeping` adds to the sums: each shows a mistake of the
other.
"""

from typing import Any, Final

from sqlalchemy import (
    Case,
    ColumnElement,
    Double,
    Select,
    Subquery,
    Table,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
)

from otel_evals_backend.storage.keys import DAY_NS, HOUR_NS
from otel_evals_backend.storage.tables import (
    PASS,
    coverage_days,
    coverage_hours,
    evaluators,
    feedback,
    feedback_hours,
    metric_days,
    metric_hours,
    result_days,
    result_hours,
    results,
    slices,
    span_days,
    span_hours,
    spans,
)

ROLLUPS: Final = (
    span_hours, span_days, coverage_hours, coverage_days, metric_hours, metric_days, result_hours, result_days,
    feedback_hours,
)  # fmt: skip
"""The tables of sums, in the order in which every transaction writes to them."""
_FEEDBACK: Final = "feedback"
_HUMAN: Final = "human"


def recount(table: Table, *where: ColumnElement[bool]) -> Select[Any]:
    """What the rows of the spans that `where` picks add to `table`, one row a key, columns named as the table's."""
    unit = HOUR_NS if "hour" in table.c else DAY_NS
    time = (spans.c.start_ns // literal(unit, spans.c.start_ns.type)).label("hour" if "hour" in table.c else "day")
    by_service = "service" in table.c
    if "band" in table.c:
        return _spans(time, where, by_service=by_service)
    return _feedback(time, where) if table is feedback_hours else _results(time, where, by_service=by_service)


def sums_of(table: Table) -> list[str]:
    """Names of the columns of a table of sums that add up."""
    return [column.name for column in table.columns if not column.primary_key]


def _spans(time: Any, where: tuple[ColumnElement[bool], ...], *, by_service: bool) -> Select[Any]:
    keys: tuple[Any, ...] = (
        time, slices.c.service if by_service else spans.c.slice, func.coalesce(spans.c.band, -1).label("band"),
        func.coalesce(spans.c.coverage, "").label("coverage"),
    )  # fmt: skip
    if not by_service:
        keys = (*keys, func.coalesce(spans.c.stratum, "").label("stratum"))
    values = (
        spans.c.failed, spans.c.fails, spans.c.labels, spans.c.input_tokens, spans.c.output_tokens, spans.c.start_ns,
        spans.c.end_ns,
    )  # fmt: skip
    rows = select(*keys, *values).select_from(spans.join(slices, slices.c.id == spans.c.slice))
    one = rows.where(spans.c.offline == false(), *where).subquery()
    return _grouped(
        one,
        keys,
        func.count().label("n"),
        _ones(one.c.failed).label("failed"),
        _ones(one.c.fails > 0).label("flagged"),
        _ones(one.c.labels > 0).label("labelled"),
        _total(one.c.input_tokens).label("input_tokens"),
        _total(one.c.output_tokens).label("output_tokens"),
        (cast(func.sum(one.c.end_ns - one.c.start_ns), Double) / literal(1e9)).label("seconds"),
    )


def _results(time: Any, where: tuple[ColumnElement[bool], ...], *, by_service: bool) -> Select[Any]:
    outcome = case(
        (results.c.label == PASS, "pass"), (results.c.label.is_not(None), "fail"),
        (results.c.error_type.is_(None), "unlabelled"), else_="error",
    )  # fmt: skip
    keys: tuple[Any, ...] = (
        time, slices.c.service if by_service else spans.c.slice, results.c.evaluator, outcome.label("outcome")
    )  # fmt: skip
    if not by_service:
        keys = (*keys, func.coalesce(results.c.stratum, "").label("stratum"))
    weight = _weight()
    score = func.coalesce(results.c.score, 0.0)
    rows = select(
        *keys, weight.label("w"), score.label("s"), func.coalesce(results.c.cost, 0.0).label("c")
    ).select_from(
        spans.join(results, and_(results.c.day == spans.c.day, results.c.span == spans.c.span))
        .join(evaluators, evaluators.c.id == results.c.evaluator)
        .join(slices, slices.c.id == spans.c.slice)
    )
    one = rows.where(results.c.joined, *where).subquery()
    if by_service:
        own = (_ones(one.c.w > 0).label("weighted_n"),)
    else:
        own = (func.sum(one.c.s).label("score"), func.sum(one.c.w * one.c.s).label("weighted_score"))
    return _grouped(
        one,
        keys,
        func.count().label("n"),
        func.sum(one.c.w).label("weight"),
        func.sum(one.c.w * one.c.w).label("weight_squared"),
        func.sum(one.c.c).label("cost"),
        *own,
    )


def _weight() -> Case[Any]:
    """1/π: for how many spans a result stands."""
    human = evaluators.c.type == _HUMAN
    # A user's signal brought it about after the span had been passed over.
    late = and_(results.c.stratum == _FEEDBACK, or_(spans.c.stratum.is_(None), spans.c.stratum != _FEEDBACK))
    probability = func.coalesce(results.c.probability, 1.0)
    return case(
        (or_(results.c.purposive, late, and_(human, results.c.label_probability.is_(None))), 0.0),
        (human, 1.0 / (probability * results.c.label_probability)),
        else_=1.0 / probability,
    )


def _feedback(time: Any, where: tuple[ColumnElement[bool], ...]) -> Select[Any]:
    its = and_(feedback.c.day == spans.c.day, feedback.c.span == spans.c.span)
    keys = (time, spans.c.slice, feedback.c.signal)
    one = select(*keys, feedback.c.value).select_from(spans.join(feedback, its)).where(*where).subquery()
    total = func.sum(func.coalesce(one.c.value, 0.0)).label("total")
    return _grouped(one, keys, func.count().label("n"), total)


def _grouped(one: Subquery, keys: tuple[Any, ...], *sums: Any) -> Select[Any]:
    """Grouped by plain columns: to PostgreSQL two copies of an expression with parameters are not the same."""
    plain: list[Any] = [one.c[key.key] for key in keys]
    grouped: Any = select(*plain, *sums).group_by(*plain)
    return grouped


def _ones(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _total(column: Any) -> Any:
    return func.sum(func.coalesce(column, 0))
