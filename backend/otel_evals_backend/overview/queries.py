"""Reads the overview from sums, and small tables of people's work. Nothing here scans spans or results."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import and_, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.overview.attention import Facts, attention, needed_labels
from otel_evals_backend.overview.records import Bucket, Metric, Outcome, Overview, Spend, Step
from otel_evals_backend.storage.keys import DAY_NS, HOUR_NS, day_of, hour_of
from otel_evals_backend.storage.sums import ResultSum, SpanSum, Window, result_sums, span_sums
from otel_evals_backend.storage.tables import (
    audit,
    coverage_hours,
    evaluators,
    labels,
    results,
    review_items,
    slices,
)
from otel_evals_backend.storage.tables import spans as spans_table
from otel_evals_backend.web import figures
from otel_evals_backend.web.quality import Evaluator, drawn_rate, evaluators_of, latest, rate_of_sums
from otel_evals_backend.web.ranges import Range
from otel_evals_backend.web.trends import trend

_MONTH: Final = 30 * 24
_WEEK: Final = 7 * 24
_SETTLED_NS: Final = HOUR_NS
"""A result whose span is still unknown after this long is worth a word."""


async def overview_of(connection: AsyncConnection, shown: Range, now_ns: int, service: str = "") -> Overview:
    """The overview of a range, of one service or of all."""
    window = Window(shown.from_hour, shown.to_hour)
    sums = await result_sums(connection, window, by_hours=shown.by_hours, service=service)
    spans = await span_sums(connection, window, service=service)
    known = await evaluators_of(connection, {one.evaluator for one in sums})
    metrics = metrics_of(sums, known, shown)
    return Overview(
        from_ns=shown.from_ns,
        to_ns=shown.to_ns,
        sentence=_sentence(spans, metrics, shown),
        attention=attention(await _facts(connection, now_ns, service, spans)),
        funnel=await _funnel(connection, spans, shown, service),
        metrics=metrics,
        coverage=_coverage(spans),
        spend=_spend(sums, known),
        ever=bool(spans) or await _newest(connection) is not None,
    )


async def services(connection: AsyncConnection) -> list[str]:
    """Names of the services that were seen."""
    rows = await connection.execute(select(slices.c.service).distinct().order_by(slices.c.service).limit(200))
    return [name for (name,) in rows if name]


def metrics_of(sums: Iterable[ResultSum], known: dict[int, Evaluator], shown: Range) -> tuple[Metric, ...]:
    """One row for each evaluator but people, who stand beside the others."""
    lines: defaultdict[tuple[str, str, str], list[ResultSum]] = defaultdict(list)
    people: defaultdict[str, list[ResultSum]] = defaultdict(list)
    for one in sums:
        evaluator = known.get(one.evaluator)
        if evaluator is None or not evaluator.counts:
            continue
        if evaluator.type == "human":
            people[evaluator.name].append(one)
        else:
            lines[evaluator.line].append(one)
    rows = [_metric(line, found, known, people[line[0]], shown) for line, found in lines.items()]
    return tuple(sorted(rows, key=lambda row: (not row.rate.enough, row.rate.high or 0.0, row.name, row.type)))


def _metric(
    line: tuple[str, str, str],
    sums: list[ResultSum],
    known: dict[int, Evaluator],
    people: list[ResultSum],
    shown: Range,
) -> Metric:
    now = latest(sums)
    own = [one for one in sums if one.evaluator == now]
    over_time = trend(sums, shown)
    return Metric(
        name=line[0],
        type=line[1],
        evaluator_id=line[2],
        version=known[now].version,
        versions=len({one.evaluator for one in sums}),
        rate=rate_of_sums(own),
        fails=sum(one.fails for one in own),
        errors=sum(one.errors for one in own),
        people=drawn_rate(people),
        by_hand=sum(one.passes + one.fails - one.drawn for one in people),
        step_ns=over_time.step_ns,
        over_time=tuple(
            Bucket(
                start_ns=one.start_ns,
                version="" if one.evaluator is None else known[one.evaluator].version,
                rate=one.rate,
            )
            for one in over_time.stretches
        ),
    )


def _sentence(spans: list[SpanSum], metrics: tuple[Metric, ...], shown: Range) -> str:
    calls, flagged = sum(one.n for one in spans), sum(one.flagged for one in spans)
    if not calls:
        return f"No calls in {shown.words}."
    sentence = f"{figures.count(calls)} calls in {shown.words}; {figures.part(flagged, calls)} have a failing result."
    worst = next((row for row in metrics if row.rate.enough), None)
    if worst is None:
        return sentence
    who = "by its judge " if worst.type == "llm_judge" else ""
    return f"{sentence} Lowest {who}is {worst.name}: {worst.rate.share_text} pass ({worst.rate.range_text})."


async def _funnel(
    connection: AsyncConnection, spans: list[SpanSum], shown: Range, service: str
) -> tuple[Step, ...]:  # fmt: skip
    confirmed = await _confirmed(connection, shown, service)
    made = await _made_into_cases(connection, confirmed, shown)
    listed = shown.address("/evaluations")
    return (
        Step(name="Calls", n=sum(one.n for one in spans), says="received", path=listed),
        Step(name="Checked", n=sum(one.checked for one in spans), says="by inline checks", path=listed),
        Step(
            name="Flagged", n=sum(one.flagged for one in spans), says="with a failing result",
            path=shown.address("/evaluations", label="fail"),
        ),
        Step(
            name="Judged", n=sum(one.n for one in spans if one.coverage == "judged"), says="by a model",
            path=shown.address("/evaluations", coverage="judged"),
        ),
        Step(
            name="Reviewed", n=sum(one.labelled for one in spans), says="by a person",
            path=shown.address("/evaluations", reviewed="yes"),
        ),
        Step(
            name="Confirmed", n=len(set(confirmed.values())), says="failing, says a person",
            path=shown.address("/evaluations", reviewed="yes", label="fail"),
        ),
        Step(name="Cases", n=len(made), says="made of them", path="/cases"),
    )  # fmt: skip


async def _confirmed(connection: AsyncConnection, shown: Range, service: str) -> dict[str, bytes]:
    """The decided items whose answer failed, of calls of the range: each with its call."""
    failed = select(labels.c.item).where(
        labels.c.day >= day_of(shown.from_ns), labels.c.day <= day_of(shown.to_ns - 1), labels.c.verdict == "fail"
    )
    its_span = and_(spans_table.c.day == review_items.c.day, spans_table.c.span == review_items.c.span)
    statement = (
        select(review_items.c.id, review_items.c.span, labels.c.verdict)
        .join(labels, labels.c.item == review_items.c.id)
        .join(spans_table, its_span)
        .where(
            review_items.c.id.in_(failed),
            review_items.c.state == "done",
            labels.c.kind != "second_thought",
            or_(not_(review_items.c.random), labels.c.blind),
            spans_table.c.start_ns >= shown.from_ns,
            spans_table.c.start_ns < shown.to_ns,
            not_(spans_table.c.offline),
        )
        .order_by(labels.c.at_ns, labels.c.id)
    )
    if service:
        statement = statement.join(slices, slices.c.id == spans_table.c.slice).where(slices.c.service == service)
    said: defaultdict[str, list[str]] = defaultdict(list)
    of_span: dict[str, bytes] = {}
    for item, span, verdict in await connection.execute(statement):
        said[item].append(verdict)
        of_span[item] = bytes(span)
    return {item: of_span[item] for item, verdicts in said.items() if _fails(verdicts)}


def _fails(verdicts: Sequence[str]) -> bool:
    """Whether a decided item failed: the last word counts where they differ, and if it is `unsure`, most do."""
    passes, fails = verdicts.count("pass"), verdicts.count("fail")
    if passes and fails and verdicts[-1] != "unsure":
        return verdicts[-1] == "fail"
    return fails > passes


async def _made_into_cases(connection: AsyncConnection, confirmed: Mapping[str, bytes], shown: Range) -> set[bytes]:
    """The calls of those items that a case was made of. Which item it was made of is written where it was made."""
    if not confirmed:
        return set()
    rows = await connection.execute(
        select(audit.c.detail).where(audit.c.at_ns >= shown.from_ns, audit.c.action == "case.make")
    )
    items = {msgspec.json.decode(detail, type=dict[str, Any]).get("item") for detail in rows.scalars()}
    return {span for item, span in confirmed.items() if item in items}


def _coverage(spans: list[SpanSum]) -> tuple[Outcome, ...]:
    counted: defaultdict[str, int] = defaultdict(int)
    for one in spans:
        counted[one.coverage] += one.n
    rows = [Outcome(outcome=name, n=n) for name, n in counted.items()]
    return tuple(sorted(rows, key=lambda row: (-row.n, row.outcome)))


def _spend(sums: list[ResultSum], known: dict[int, Evaluator]) -> tuple[Spend, ...]:
    """Of every judge, shadow ones too: they cost as much."""
    found: defaultdict[str, list[ResultSum]] = defaultdict(list)
    for one in sums:
        evaluator = known.get(one.evaluator)
        if evaluator is not None and evaluator.type == "llm_judge":
            found[evaluator.evaluator_id or evaluator.name].append(one)
    rows = [
        Spend(
            evaluator_id=name,
            results=sum(one.passes + one.fails + one.errors for one in some),
            cost=sum(one.cost for one in some),
        )
        for name, some in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.cost, row.evaluator_id)))


async def _facts(connection: AsyncConnection, now_ns: int, service: str, spans: list[SpanSum]) -> Facts:
    now = hour_of(now_ns) + 1
    recent = await result_sums(connection, Window(now - 24, now), service=service)
    before = await result_sums(connection, Window(now - 24 - _WEEK, now - 24), service=service)
    people = await connection.execute(select(evaluators.c.id).where(evaluators.c.type == "human"))
    month = await result_sums(
        connection, Window(now - _MONTH, now), service=service, evaluators=[id_ for (id_,) in people]
    )
    known = await evaluators_of(connection, {one.evaluator for one in (*recent, *before, *month)})
    waiting = await connection.execute(
        select(func.count(), func.min(review_items.c.created_ns)).where(
            review_items.c.state.in_(("open", "adjudicate")), review_items.c.merged_into.is_(None)
        )
    )
    items, oldest = waiting.one()
    lone = await _number(
        connection,
        select(func.count()).select_from(results).where(
            not_(results.c.joined), results.c.day >= day_of(now_ns - 7 * DAY_NS), results.c.at_ns < now_ns - _SETTLED_NS
        ),
    )  # fmt: skip
    counted = {one.coverage: one.n for one in spans}
    return Facts(
        now_ns=now_ns,
        recent={known[one.evaluator]: rate_of_sums([one]) for one in recent if one.evaluator in known},
        before={known[one.evaluator]: rate_of_sums([one]) for one in before if one.evaluator in known},
        needed=needed_labels(
            (*(one for one in (*recent, *before) if known[one.evaluator].type != "human"), *month), known
        ),
        waiting=items,
        oldest_ns=oldest,
        newest_hour=await _newest(connection),
        lone=lone,
        over_budget=counted.get("over_budget", 0),
        judged=counted.get("judged", 0),
    )


async def _newest(connection: AsyncConnection) -> int | None:
    return (await connection.execute(select(func.max(coverage_hours.c.hour)))).scalar_one()


async def _number(connection: AsyncConnection, statement: Any) -> int:
    return (await connection.execute(statement)).scalar_one()
