"""A label is given: the row, what it makes of the item, its result on the span, and its way out, in one transaction."""

from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.emit.evaluation_span import Judgement, LateForm, evaluation_span
from otel_evals.otlp.encode import attributes
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import EvaluationResult, EvaluatorType, Label
from otel_evals.records.signal import Signal
from otel_evals.semconv import gen_ai
from otel_evals_backend.access.audit import note
from otel_evals_backend.context import Context
from otel_evals_backend.keeping.arrivals import Arrivals, Evaluator, ResultArrival
from otel_evals_backend.keeping.keep import keep
from otel_evals_backend.outgoing import outbox
from otel_evals_backend.records import Person
from otel_evals_backend.review.answers import Answer, Judged, Reveal
from otel_evals_backend.review.batches import labels_until_reveal
from otel_evals_backend.review.outcome import Standing, State, Verdict, standing
from otel_evals_backend.review.questions import question_of
from otel_evals_backend.storage.faults import Collided
from otel_evals_backend.storage.tables import (
    FAIL,
    PASS,
    drafts,
    evaluators,
    labels,
    reservations,
    results,
    review_items,
    seen_results,
    slices,
    spans,
    texts,
)


class _Giving(msgspec.Struct, frozen=True, kw_only=True):
    """What one request brings, with what is known of it."""

    context: Context
    person: Person
    item: Any
    """The row."""
    mine: list[Any]
    """This person's labels of it so far."""
    answer: Answer
    key: str
    """Of the request."""


FIRST: Final = "first"
SECOND: Final = "second_thought"
ADJUDICATION: Final = "adjudication"
_RESOURCE_ATTRIBUTES: Final = 1


class Refused(Exception):  # noqa: N818 - named for what happened, as the status it becomes
    """A label that is not taken; the text says what to do."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


async def give(
    context: Context,
    person: Person,
    item_id: str,
    answer: Answer,
    request_key: str,
    *,
    adjudicating: bool = False,
) -> Reveal:
    """Keep the label that `person` gives; sending it again with the same key changes nothing.

    A label locks its item before the span, ingest the span before its items: when the two meet, and the database undoes
    this one, it is given once more.

    Raises:
        Refused: there is no such item, it was not reserved, or it has this person's label already.
    """
    try:
        return await _give(context, person, item_id, answer, request_key, adjudicating=adjudicating)
    except Collided:
        return await _give(context, person, item_id, answer, request_key, adjudicating=adjudicating)


async def _give(
    context: Context, person: Person, item_id: str, answer: Answer, request_key: str, *, adjudicating: bool
) -> Reveal:
    async with context.database.write() as connection:
        item = await _locked(connection, item_id)
        mine = await labels_of(connection, item_id, person.id)
        again = next((row for row in mine if row.request_key == request_key), None)
        if again is None:
            if adjudicating and item.state != State.ADJUDICATE.value:
                raise Refused(409, "nobody disagrees about this item")
            giving = _Giving(context=context, person=person, item=item, mine=mine, answer=answer, key=request_key)
            again = await _new(connection, giving)
        return await reveal(context, connection, item, again)


async def labels_of(connection: AsyncConnection, item: str, reviewer: str) -> list[Any]:
    """A reviewer's labels of an item, first to last."""
    rows = await connection.execute(
        select(labels)
        .where(labels.c.item == item, labels.c.reviewer == reviewer)
        .order_by(labels.c.at_ns, labels.c.kind)
    )
    return list(rows.all())


async def reveal(context: Context, connection: AsyncConnection, item: Any, label: Any) -> Reveal:
    """What comes back for `label`: every evaluator of the same question, unless the settings keep them back."""
    left = await labels_until_reveal(context, connection, label)
    return Reveal(
        label=label.id,
        verdict=label.verdict,
        kind=label.kind,
        revealed=left == 0,
        after=left,
        evaluators=tuple(await _judged(connection, item, label.verdict)) if left == 0 else (),
    )


async def is_confirmed(connection: AsyncConnection, item: Any) -> bool:
    """Whether the item is decided, and failed."""
    if item.state != State.DONE.value:
        return False
    return (await standing_of(connection, item))[1].final is Verdict.FAIL


async def _locked(connection: AsyncConnection, item_id: str) -> Any:
    row = (
        await connection.execute(select(review_items).where(review_items.c.id == item_id).with_for_update())
    ).one_or_none()
    if row is None:
        raise Refused(404, "there is no such item, or it is no longer asked")
    return row


async def _new(connection: AsyncConnection, giving: _Giving) -> Any:
    context, person, item, answer = giving.context, giving.person, giving.item, giving.answer
    held = await _reservation(connection, item.id, person.id)
    if answer.second_thought and not giving.mine:
        raise Refused(409, "a second thought needs a first label")
    if giving.mine and not answer.second_thought:
        raise Refused(409, "you have labelled this item; a second thought is a label of its own")
    if not giving.mine and held is None:
        raise Refused(409, "this item is not reserved for you: take it first")
    row = _row(giving, knows=(held is not None and held.picked) or await _has_seen(connection, item.span, person.id))
    await connection.execute(insert(labels), row)
    if not answer.second_thought:
        await _counts(connection, item)
        await _tell(context, connection, person, item, row)
    await connection.execute(delete(drafts).where(drafts.c.item == item.id, drafts.c.reviewer == person.id))
    await connection.execute(
        update(reservations)
        .where(reservations.c.item == item.id, reservations.c.reviewer == person.id)
        .values(until_ns=0)
    )
    await note(connection, context.clock, person, "review.label", item.id, label=row["id"], kind=row["kind"])
    return (await connection.execute(select(labels).where(labels.c.id == row["id"]))).one()


async def _reservation(connection: AsyncConnection, item: str, reviewer: str) -> Any:
    statement = select(reservations.c.picked).where(reservations.c.item == item, reservations.c.reviewer == reviewer)
    return (await connection.execute(statement)).one_or_none()


async def _has_seen(connection: AsyncConnection, span: bytes, reviewer: str) -> bool:
    """Whether they have looked at the call's results, be it while they had the item."""
    statement = select(seen_results.c.at_ns).where(seen_results.c.span == span, seen_results.c.reviewer == reviewer)
    return (await connection.execute(statement)).one_or_none() is not None


def _row(giving: _Giving, *, knows: bool) -> dict[str, Any]:
    item, person, answer = giving.item, giving.person, giving.answer
    kind = SECOND if answer.second_thought else ADJUDICATION if item.state == State.ADJUDICATE.value else FIRST
    blind = not knows and kind != SECOND
    drawn = item.random and blind
    # A person's first label of an item has one possible id: two at once cannot both be kept.
    which = giving.key if kind == SECOND else FIRST
    return {
        "id": sha256(f"label\0{item.id}\0{person.id}\0{which}".encode()).hexdigest()[:24],
        "item": item.id,
        "span": item.span,
        "day": item.day,
        "metric": item.metric,
        "reviewer": person.id,
        "verdict": answer.verdict,
        "reasons": msgspec.json.encode(answer.reasons).decode(),
        "note": answer.note,
        "corrected": answer.corrected,
        "expected": answer.expected.model_dump_json(exclude_defaults=True),
        "blind": blind,
        "purposive": not drawn,
        "probability": item.probability,
        "label_probability": item.label_probability if drawn else None,
        "stratum": item.stratum,
        "evaluator": item.evaluator,
        "rubric_version": question_of(item.metric, giving.context.wordings).version,
        "seconds": answer.seconds,
        "kind": kind,
        "supersedes": giving.mine[-1].id if giving.mine else None,
        "request_key": giving.key,
        "at_ns": giving.context.clock.time_ns(),
    }


async def _counts(connection: AsyncConnection, item: Any) -> None:
    """Bring the item to where its labels put it. A label that was not blind decides nothing about a random item.

    What was dropped stays so: whoever had it keeps their label, and nobody else is asked.
    """
    given, now = await standing_of(connection, item)
    state = item.state if item.state == State.DROPPED.value else now.state.value
    await connection.execute(
        update(review_items).where(review_items.c.id == item.id).values(given=given, needed=now.needed, state=state)
    )


async def standing_of(connection: AsyncConnection, item: Any, *, needed: int = 0) -> tuple[int, Standing]:
    """How many labels count for the item, a row, and what they amount to; `needed` instead of what it wanted."""
    counted = select(labels.c.verdict).where(labels.c.item == item.id, labels.c.kind != SECOND)
    if item.random:
        counted = counted.where(labels.c.blind)
    rows = await connection.execute(counted.order_by(labels.c.at_ns, labels.c.id))
    verdicts = [Verdict(verdict) for verdict in rows.scalars()]
    return len(verdicts), standing(verdicts, needed or item.needed)


async def _tell(context: Context, connection: AsyncConnection, person: Person, item: Any, row: dict[str, Any]) -> None:
    """Put a decided label on its span, and into what is to be sent. Whoever is unsure has evaluated nothing.

    An item counts once in the figures: its first decided label that was drawn carries the weight, as if nobody else had
    been asked. Others, of two who label the same and of who settles it, are kept without a probability and have none.
    """
    if row["verdict"] == Verdict.UNSURE.value:
        return
    probability = None if await _is_counted(connection, row) else row["label_probability"]
    result = EvaluationResult(
        name=item.metric,
        label=Label(row["verdict"]),
        score=1.0 if row["verdict"] == Verdict.PASS.value else 0.0,
        explanation=", ".join(msgspec.json.decode(row["reasons"], type=list[str])),
        evaluator_id=person.id,
        evaluator_version=row["rubric_version"],
        evaluator_type=EvaluatorType.HUMAN,
        sampling_probability=1.0 if item.probability is None else item.probability,
        sampling_stratum=item.stratum,
        label_probability=probability,
        label_purposive=row["purposive"],
    )
    arrival = ResultArrival(
        span=item.span,
        evaluator=Evaluator(name=item.metric, type="human", evaluator_id=person.id, version=row["rubric_version"]),
        at_ns=row["at_ns"],
        label=PASS if result.label is Label.PASS else FAIL,
        score=result.score,
        probability=result.sampling_probability,
        label_probability=probability,
        purposive=row["purposive"],
        stratum=item.stratum,
        explanation=result.explanation or None,
    )
    await keep(context.database, connection, Arrivals(results=(arrival,)), now_ns=row["at_ns"])
    # Also without `send_to`: what people said before it was set is sent once it is, unless it has grown too old.
    body = await _span_of(connection, item, result, row)
    await outbox.post(context.database, connection, [(row["id"], Signal.TRACES, body)], row["at_ns"])


async def _is_counted(connection: AsyncConnection, row: dict[str, Any]) -> bool:
    """Whether another label of the item carries its weight already; the item is locked."""
    statement = select(labels.c.id).where(
        labels.c.item == row["item"],
        labels.c.id != row["id"],
        labels.c.purposive.is_(False),
        labels.c.verdict != Verdict.UNSURE.value,
    )
    return (await connection.execute(statement.limit(1))).first() is not None


async def _span_of(connection: AsyncConnection, item: Any, result: EvaluationResult, row: dict[str, Any]) -> bytes:
    """The label as a late result of the judged span: an OTLP request."""
    where = (
        await connection.execute(
            select(slices.c.service, slices.c.environment, spans.c.response_id, spans.c.end_ns)
            .join(slices, slices.c.id == spans.c.slice)
            .where(spans.c.day == item.day, spans.c.span == item.span)
        )
    ).one_or_none()
    named = () if where is None else (
        (gen_ai.SERVICE_NAME, where.service), (gen_ai.DEPLOYMENT_ENVIRONMENT, where.environment),
    )  # fmt: skip
    judgement = Judgement(
        outcome=result,
        coverage=CoverageOutcome.JUDGED,
        trace_id=item.span[:16],
        span_id=item.span[16:],
        response_id=None if where is None else where.response_id,
        resource=attributes(_RESOURCE_ATTRIBUTES, ((key, value) for key, value in named if value)),
        started_ns=row["at_ns"] - int((row["seconds"] or 0) * 1e9),
        ended_ns=row["at_ns"],
        lag=-1,
    )
    return evaluation_span(judgement, LateForm.CHILD)


async def _judged(connection: AsyncConnection, item: Any, verdict: str) -> list[Judged]:
    rows = await connection.execute(
        select(
            results.c.label, results.c.score, results.c.confidence, evaluators.c.evaluator_id, evaluators.c.version,
            evaluators.c.type, evaluators.c.shadow, texts.c.text,
        )
        .join(evaluators, evaluators.c.id == results.c.evaluator)
        .outerjoin(texts, texts.c.id == results.c.explanation)
        .where(
            results.c.day == item.day,
            results.c.span == item.span,
            evaluators.c.name == item.metric,
            evaluators.c.type.in_(("code", "llm_judge")),
        )
        .order_by(evaluators.c.shadow, evaluators.c.type.desc(), evaluators.c.evaluator_id, evaluators.c.version)
    )  # fmt: skip
    found: list[Judged] = []
    for row in rows:
        label = None if row.label is None else "pass" if row.label == PASS else "fail"
        found.append(
            Judged(
                evaluator=row.evaluator_id,
                version=row.version,
                type=row.type,
                shadow=row.shadow,
                label=label,
                score=row.score,
                confidence=row.confidence,
                explanation=row.text,
                agrees=None if label is None or verdict == Verdict.UNSURE.value else label == verdict,
            )
        )
    return found
