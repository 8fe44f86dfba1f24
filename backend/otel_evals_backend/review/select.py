"""Which spans become review items. Called by ingest in its transaction, with the spans of which something became known.

A span is looked at whenever more of it is known; the draw is a hash of its trace, against the plan that was in force
when its judge answered, so that looking twice draws the same.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.sampling.uniform import uniforms
from otel_evals_backend.context import Context
from otel_evals_backend.keeping.kept import JoinedSpan, Kept
from otel_evals_backend.review.candidates import Candidate, Plans, Said, Seen, decide
from otel_evals_backend.review.order import Reason, priority
from otel_evals_backend.review.outcome import State
from otel_evals_backend.settings import ContentPolicy
from otel_evals_backend.storage.database import Database, put
from otel_evals_backend.storage.tables import (
    BANDS,
    FAIL,
    drafts,
    evaluators,
    label_plans,
    reservations,
    results,
    review_items,
    spans,
    texts,
)

HUMAN: Final = "human"
"""Phase of the draw of people, independent of the judges'."""
_DOUBLE: Final = "double"
"""Phase of the draw of items that two people label."""
_CHUNK: Final = 400
_TRIM_SHARE: Final = 20
"""Times that is counted while as many chosen items come as may wait."""
_SAME_FOR_NS: Final = 7 * 86_400_000_000_000
"""How long an item stands for others of the same problem."""
_SAME_AT_MOST: Final = 50
"""How many others one item stands for: then the problem is asked again."""

Spot = tuple[int, bytes]
"""Day and key of a span."""


def item_id(span: bytes, metric: str) -> str:
    """The opaque id of the item of a span and a metric: the same whoever makes it first."""
    return sha256(b"item\0" + span + metric.encode()).hexdigest()[:20]


async def consider(database: Database, connection: AsyncConnection, context: Context, kept: Kept) -> None:
    """Make or change the items of the spans of which `kept` says something new."""
    if context.settings.content.policy is ContentPolicy.NONE:  # nobody can review what is not there
        return
    draw = uniforms(context.settings.review.salt, HUMAN)
    disliked = {(signal.day, signal.span) for signal in kept.feedback if signal.polarity < 0}
    seen = [
        _of_arrival(joined, draw(joined.span.span[:16]), disliked=(joined.day, joined.span.span) in disliked)
        for joined in kept.spans
        if _matters(joined)
    ]
    seen += await _seen(connection, draw, disliked - {(one.day, one.span) for one in seen})
    if not any(one.said or one.feedback < 0 for one in seen):
        return
    judged = [said.at_ns for one in seen for said in one.said if said.type == "llm_judge"]
    plans = await plans_since(connection, min(judged)) if judged else Plans()
    found = [candidate for one in seen for candidate in decide(one, plans, context.settings.review)]
    if found:
        await keep_candidates(database, connection, context, found)


def _matters(joined: JoinedSpan) -> bool:
    """Whether what is new of a span can make an item: a judge's word, or a failure where the risk is high."""
    if joined.span.offline:
        return False
    high = joined.span.band == BANDS.index("high")
    return any(
        result.evaluator.type == "llm_judge" or (high and result.label == FAIL)
        for result in (joined.results if joined.is_new else joined.fresh)
    )


def _of_arrival(joined: JoinedSpan, drawn: float, *, disliked: bool) -> Seen:
    span = joined.span
    said = tuple(
        Said(
            evaluator=result.evaluator.id,
            metric=result.evaluator.name,
            type=result.evaluator.type,
            shadow=result.evaluator.shadow,
            label=result.label,
            at_ns=result.at_ns,
            score=result.score,
            confidence=result.confidence,
            probability=result.probability,
            stratum=result.stratum,
            explanation=result.explanation or "",
        )
        for result in joined.results
        if result.label is not None and result.evaluator.source == "online"
    )
    return Seen(
        day=joined.day,
        span=span.span,
        band=span.band,
        feedback=-1 if disliked else 0,
        question=span.question,
        slice=span.slice.id,
        said=said,
        drawn=drawn,
        stratum=span.stratum,
    )


async def plans_since(connection: AsyncConnection, at_ns: int) -> Plans:
    """The plan that was in force then, and those that came after it."""
    first = select(func.max(label_plans.c.version)).where(label_plans.c.from_ns <= at_ns).scalar_subquery()
    rows = await connection.execute(
        select(label_plans).where(label_plans.c.version >= func.coalesce(first, 0)).order_by(label_plans.c.version)
    )
    since: dict[int, int] = {}
    plans: dict[int, dict[tuple[str, str, int], float]] = defaultdict(dict)
    for row in rows:
        since[row.version] = row.from_ns
        plans[row.version][row.metric, row.stratum, row.verdict] = row.label_probability
    return Plans(tuple((from_ns, plans[version]) for version, from_ns in since.items()))


async def keep_candidates(
    database: Database, connection: AsyncConnection, context: Context, candidates: Sequence[Candidate]
) -> None:
    """Keep `candidates` as items: new ones, merged ones, or more reasons of those that exist."""
    now = context.clock.time_ns()
    by_id = {item_id(candidate.span, candidate.metric): candidate for candidate in candidates}
    existing = await _rows(connection, review_items.c.id, sorted(by_id), lock=True)
    for row in existing:
        await _more(connection, row, by_id.pop(row.id), now)
    heads = await _heads(connection, now, {candidate.group for candidate in by_id.values() if candidate.group})
    rows: list[dict[str, Any]] = []
    merged: dict[str, set[Reason]] = defaultdict(set)
    twice = uniforms(context.settings.review.salt, _DOUBLE)
    for key, candidate in sorted(by_id.items(), key=lambda pair: (pair[1].label_probability is None, pair[0])):
        row = _row(key, candidate, now, 2 if twice(candidate.span[:16]) < context.settings.review.double else 1)
        head = heads.get(candidate.group)
        if head is None:
            if candidate.group:
                heads[candidate.group] = _Head(id=key, stands_for=0)
        elif candidate.label_probability is None and head.stands_for < _SAME_AT_MOST:
            row |= {"state": State.MERGED.value, "merged_into": head.id}
            heads[candidate.group] = _Head(id=head.id, stands_for=head.stands_for + 1)
            merged[head.id] |= set(candidate.reasons)
        rows.append(row)
    await put(connection, database.insert_new(review_items), rows)
    for row in await _rows(connection, review_items.c.id, sorted(merged), lock=True):
        await connection.execute(
            update(review_items).where(review_items.c.id == row.id).values(reasons=_joined(row.reasons, merged[row.id]))
        )
    chosen = sum(not row["random"] and row["state"] == State.OPEN.value for row in rows)
    most = context.settings.review.open_items
    # Counting what waits for every chosen item would cost more than the item: now and then is enough, so that a
    # twentieth more waits than may, and the background tidies too.
    if chosen and context.rng.random() < chosen * _TRIM_SHARE / most:
        await trim(connection, most)


async def trim(connection: AsyncConnection, most: int) -> int:
    """Let the least valuable of the chosen items go when more than `most` wait; how many went."""
    waiting = and_(
        review_items.c.state == State.OPEN.value, review_items.c.random.is_(False), review_items.c.given == 0
    )
    count = (await connection.execute(select(func.count()).select_from(review_items).where(waiting))).scalar_one()
    if count <= most:
        return 0
    touched = select(reservations.c.item).union(select(drafts.c.item))
    worthless = and_(waiting, review_items.c.flagged.is_(False), review_items.c.id.not_in(touched))
    # What somebody has in hand is left to them; what was touched before it was locked is seen by the DELETE.
    last = (
        select(review_items.c.id)
        .where(worthless)
        .order_by(review_items.c.priority, review_items.c.id)
        .limit(count - most)
        .with_for_update(skip_locked=True)
    )
    gone = 0
    for chunk in _chunks((await connection.execute(last)).scalars().all()):
        done: Any = await connection.execute(delete(review_items).where(review_items.c.id.in_(chunk), worthless))
        gone += done.rowcount
        left = select(review_items.c.id).where(review_items.c.id.in_(chunk))
        merged = delete(review_items).where(review_items.c.merged_into.in_(chunk))
        await connection.execute(merged.where(review_items.c.merged_into.not_in(left)))
    return gone


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """An item that stands for others of the same problem."""

    id: str
    stands_for: int


async def _heads(connection: AsyncConnection, now: int, groups: Collection[str]) -> dict[str, _Head]:
    found: dict[str, _Head] = {}
    columns = (review_items.c.id, review_items.c.group_key, review_items.c.created_ns)
    for chunk in _chunks(sorted(groups)):
        rows = await connection.execute(
            select(*columns)
            .where(
                review_items.c.group_key.in_(chunk),
                review_items.c.merged_into.is_(None),
                review_items.c.state != State.DROPPED.value,
                review_items.c.created_ns > now - _SAME_FOR_NS,
            )
            .order_by(review_items.c.created_ns, review_items.c.id)
        )
        newest = {row.group_key: row.id for row in rows}
        counts = await connection.execute(
            select(review_items.c.merged_into, func.count())
            .where(review_items.c.merged_into.in_(list(newest.values())))
            .group_by(review_items.c.merged_into)
        )
        stands_for = {row[0]: row[1] for row in counts}
        found |= {group: _Head(id=key, stands_for=stands_for.get(key, 0)) for group, key in newest.items()}
    return found


async def _more(connection: AsyncConnection, row: Any, candidate: Candidate, now: int) -> None:
    """Add to an item that exists what is known now.

    What was drawn stays drawn, with the probability and the place in the queue that it had, whatever speaks for it
    besides: of the random items those that are labelled first must be a random sample too.
    """
    values: dict[str, Any] = {"reasons": _joined(row.reasons, candidate.reasons)}
    better = priority(candidate.worth, row.created_ns)
    if better > row.priority and not row.random:
        values["priority"] = better
    if row.evaluator is None and candidate.evaluator is not None:
        values |= {name: getattr(candidate, name) for name in ("evaluator", "verdict", "stratum", "probability")}
    if candidate.label_probability is not None and not row.random:
        values |= {name: getattr(candidate, name) for name in ("evaluator", "verdict", "stratum", "probability")}
        values |= {
            "random": True,
            "label_probability": candidate.label_probability,
            "priority": priority(candidate.worth, now),
            "merged_into": None,
            # A label that it has already was given to a chosen item: the draw asks for one of its own.
            "state": State.OPEN.value,
            "needed": max(row.needed, row.given + 1),
        }
    if values["reasons"] != row.reasons or len(values) > 1:
        await connection.execute(update(review_items).where(review_items.c.id == row.id).values(**values))


def _row(key: str, candidate: Candidate, now: int, needed: int) -> dict[str, Any]:
    return {
        "id": key,
        "span": candidate.span,
        "day": candidate.day,
        "metric": candidate.metric,
        "group_key": candidate.group,
        "merged_into": None,
        "created_ns": now,
        "state": State.OPEN.value,
        "reasons": _joined("[]", candidate.reasons),
        "priority": priority(candidate.worth, now),
        "random": candidate.label_probability is not None,
        "probability": candidate.probability,
        "label_probability": candidate.label_probability,
        "stratum": candidate.stratum,
        "evaluator": candidate.evaluator,
        "verdict": candidate.verdict,
        "needed": needed,
        "given": 0,
        "flagged": False,
    }


def _joined(written: str, more: Iterable[Reason]) -> str:
    known = set(msgspec.json.decode(written, type=list[str])) | {reason.value for reason in more}
    return msgspec.json.encode(sorted(known)).decode()


async def _seen(connection: AsyncConnection, draw: Callable[[bytes], float], spots: Collection[Spot]) -> list[Seen]:
    """Spans of which only a user's signal is new, read from the tables."""
    days: Mapping[int, list[bytes]] = defaultdict(list)
    for day, span in sorted(set(spots)):
        days[day].append(span)
    found: list[Seen] = []
    for day, keys in days.items():
        for chunk in _chunks(keys):
            said = await _said(connection, day, chunk)
            rows = await connection.execute(
                select(
                    spans.c.span, spans.c.band, spans.c.feedback, spans.c.question, spans.c.slice, spans.c.stratum
                ).where(spans.c.day == day, spans.c.span.in_(chunk))
            )
            found += [
                Seen(
                    day=day,
                    span=row.span,
                    band=row.band,
                    feedback=row.feedback,
                    question=row.question,
                    slice=row.slice,
                    said=tuple(said.get(row.span, ())),
                    drawn=draw(row.span[:16]),
                    stratum=row.stratum,
                )
                for row in rows
            ]
    return found


async def _said(connection: AsyncConnection, day: int, keys: Sequence[bytes]) -> dict[bytes, list[Said]]:
    rows = await connection.execute(
        select(
            results.c.span, results.c.evaluator, results.c.label, results.c.score, results.c.confidence,
            results.c.probability, results.c.stratum, results.c.at_ns, evaluators.c.name, evaluators.c.type,
            evaluators.c.shadow, texts.c.text,
        )
        .join(evaluators, evaluators.c.id == results.c.evaluator)
        .outerjoin(texts, texts.c.id == results.c.explanation)
        .where(
            results.c.day == day,
            results.c.span.in_(keys),
            results.c.label.is_not(None),
            evaluators.c.source == "online",
            evaluators.c.type.in_(("code", "llm_judge")),
        )
    )  # fmt: skip
    found: dict[bytes, list[Said]] = defaultdict(list)
    for row in rows:
        found[row.span].append(
            Said(
                evaluator=row.evaluator,
                metric=row.name,
                type=row.type,
                shadow=row.shadow,
                label=row.label,
                at_ns=row.at_ns,
                score=row.score,
                confidence=row.confidence,
                probability=row.probability,
                stratum=row.stratum,
                explanation=row.text or "",
            )
        )
    return found


async def _rows(connection: AsyncConnection, column: Any, keys: Sequence[str], *, lock: bool) -> list[Any]:
    found: list[Any] = []
    for chunk in _chunks(keys):
        statement = select(review_items).where(column.in_(chunk)).order_by(review_items.c.id)
        found += (await connection.execute(statement.with_for_update() if lock else statement)).all()
    return found


def _chunks(keys: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))
