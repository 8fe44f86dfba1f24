"""A confirmed failure becomes a case: what was asked, seen and answered, and what people said of it.

The reviewers' own words are what is expected. Called by the pages and the API of cases.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.exchange import Exchange, Message
from otel_evals_backend.access.audit import note
from otel_evals_backend.cases.neutral import (
    Behaviour,
    CaseExpected,
    CaseMessage,
    CasePassage,
    CaseProvenance,
    CaseVerdict,
    NeutralCase,
    Tier,
    case_id,
)
from otel_evals_backend.cases.store import CASE, Books, Place, add, same
from otel_evals_backend.content.exchange import exchange_of
from otel_evals_backend.context import Context
from otel_evals_backend.records import Person
from otel_evals_backend.review.labelling import ADJUDICATION, is_confirmed
from otel_evals_backend.storage.keys import ids_of
from otel_evals_backend.storage.tables import PASS, evaluators, labels, results, review_items, slices, spans
from otel_evals_backend.web.figures import iso

_TIERS: Final[tuple[Tier, ...]] = ("low", "medium", "high")
"""As the risk bands."""
DATASET: Final = "regressions"
"""Where cases go unless somebody says otherwise."""
_LONGEST: Final = 200_000
_BEHAVIOURS: Final[dict[str, Behaviour]] = {
    "must refuse": "refuse", "must not answer": "abstain", "must clarify": "clarify", "must answer": "answer",
    "must not refuse": "answer",
}  # fmt: skip
"""The reviewers' words, the strongest first."""


class NotMade(Exception):  # noqa: N818 - named for what happened, as the status it becomes
    """No case comes of it; the text says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


async def make(context: Context, person: Person, item: str) -> tuple[str, bool]:
    """Make a case of a decided item; its id, and whether it is new. The same problem found again is the same case.

    Raises:
        NotMade: there is no such item, it is not decided as a failure, or what was said is not kept.
    """
    async with context.database.write() as connection:
        row = (await connection.execute(select(review_items).where(review_items.c.id == item))).one_or_none()
        if row is None:
            raise NotMade(404, "there is no such item")
        if not await is_confirmed(connection, row):
            raise NotMade(409, "a case is made of a failure that reviewers have confirmed; this is none, or not yet")
        case = await _case(context, connection, row)
        digest = case_id(case)
        known = await same(connection, digest)
        if known is not None:
            return known, False
        place = Place(
            id=digest, version=1, dataset=DATASET, kind=CASE, made_by=person.id, created_ns=context.clock.time_ns()
        )
        made = await add(context, connection, Books(context).row(place, case))
        if made:
            await note(connection, context.clock, person, "case.make", digest, item=item)
        return digest, made


async def item_of_span(connection: AsyncConnection, span: bytes, metric: str) -> str:
    """The item of a span whose failure is confirmed.

    Raises:
        NotMade: there is none.
    """
    statement = select(review_items).where(review_items.c.span == span, review_items.c.state == "done")
    if metric:
        statement = statement.where(review_items.c.metric == metric)
    for row in await connection.execute(statement.order_by(review_items.c.metric)):
        if await is_confirmed(connection, row):
            return row.id
    raise NotMade(409, "reviewers have not confirmed a failure of this call")


def hashed(reviewer: str) -> str:
    """A reviewer in a case: the same for the same person, and not their name."""
    return sha256(f"reviewer\0{reviewer}".encode()).hexdigest()[:12]


async def _case(context: Context, connection: AsyncConnection, item: Any) -> NeutralCase:
    span = bytes(item.span)
    exchange = await exchange_of(connection, context.settings.content, span)
    if exchange is None or not exchange.messages:
        raise NotMade(409, "what was said is not kept any more, so there is nothing to make a case of")
    said = (
        await connection.execute(select(labels).where(labels.c.item == item.id).order_by(labels.c.at_ns, labels.c.id))
    ).all()
    fails = [row for row in said if row.verdict == "fail"]
    # The adjudicator's word, else the latest: whoever thought twice corrected themselves.
    last = next((row for row in reversed(fails) if row.kind == ADJUDICATION), fails[-1])
    must = _expected(last)
    reasons = _reasons(fails)
    call = await _call(connection, item)
    return NeutralCase(
        input=_messages(exchange.messages),
        answer=_cut("\n".join(choice.message.text for choice in exchange.choices)),
        expected=_as_expected(last, must),
        retrieved=tuple(
            CasePassage(id=_line(document.id or "", 100), text=_cut(document.text)) for document in exchange.documents
        )[:500],
        tags=tuple(dict.fromkeys(slug for slug in map(_slug, (item.metric, *reasons)) if slug))[:30],
        risk_tier=_tier(call),
        bucket=_slug(reasons[0] if reasons else item.metric),
        metric=item.metric,
        label="fail",
        metadata=_metadata(last, must, exchange),
        provenance=await _provenance(context, connection, item, said, call),
    )


def _expected(label: Any) -> dict[str, list[str]]:
    try:
        return msgspec.json.decode(label.expected or "{}", type=dict[str, list[str]])
    except msgspec.DecodeError:
        return {}


def _as_expected(label: Any, must: dict[str, list[str]]) -> CaseExpected:
    wanted = must.get("behaviour", [])
    return CaseExpected(
        behaviour=_behaviour(wanted),
        text=label.corrected,
        facts=tuple(must.get("must_contain", [])),
        forbidden=tuple(must.get("must_not_contain", [])),
        citations=tuple(must.get("sources", [])),
    )


def _behaviour(wanted: Sequence[str]) -> Behaviour:
    for word, behaviour in _BEHAVIOURS.items():
        if word in wanted:
            return behaviour
    return "answer"


def _tier(call: Any) -> Tier:
    return "" if call is None or call.band is None else _TIERS[int(call.band)]


def _metadata(label: Any, must: dict[str, list[str]], exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if must.get("behaviour"):
        found["must"] = must["behaviour"]
    if label.note:
        found["note"] = label.note
    if exchange.truncated:
        found["truncated"] = True
    return found


def _reasons(rows: Sequence[Any]) -> list[str]:
    found: list[str] = []
    for row in reversed(rows):
        found += msgspec.json.decode(row.reasons or "[]", type=list[str])
    return list(dict.fromkeys(found))


def _messages(messages: Sequence[Message]) -> tuple[CaseMessage, ...]:
    made: list[CaseMessage] = []
    for message in messages[-500:]:
        calls = tuple(
            {"name": call.name, "arguments": msgspec.to_builtins(call.arguments)} for call in message.tool_calls
        )
        text = "\n".join([message.text, *(result.text for result in message.tool_results)]).strip("\n")
        made.append(CaseMessage(role=_line(message.role, 100), content=_cut(text), tool_calls=calls))
    return tuple(made)


async def _call(connection: AsyncConnection, item: Any) -> Any:
    statement = (
        select(
            spans.c.band, spans.c.response_id, slices.c.model, slices.c.prompt_name, slices.c.prompt_version,
        )
        .join(slices, slices.c.id == spans.c.slice)
        .where(spans.c.day == item.day, spans.c.span == item.span)
    )  # fmt: skip
    return (await connection.execute(statement)).one_or_none()


async def _provenance(
    context: Context, connection: AsyncConnection, item: Any, said: Sequence[Any], call: Any
) -> CaseProvenance:
    trace_id, span_id = ids_of(bytes(item.span))
    people = [row for row in said if row.kind != "second_thought"]
    return CaseProvenance(
        trace_id=trace_id,
        span_id=span_id,
        response_id=None if call is None else call.response_id,
        prompt_name="" if call is None else call.prompt_name,
        prompt_version="" if call is None else call.prompt_version,
        model="" if call is None else call.model,
        verdicts=(
            *await _verdicts(connection, item),
            *(
                CaseVerdict(by=hashed(row.reviewer), type="human", version=row.rubric_version, label=row.verdict)
                for row in people
            ),
        ),
        reviewers=tuple(sorted({hashed(row.reviewer) for row in people})),
        decided_at=iso(people[-1].at_ns),
        redaction_policy=context.settings.content.policy.value,
    )


async def _verdicts(connection: AsyncConnection, item: Any) -> list[CaseVerdict]:
    rows = await connection.execute(
        select(
            evaluators.c.evaluator_id, evaluators.c.type, evaluators.c.version, results.c.label, results.c.score,
        )
        .join(evaluators, evaluators.c.id == results.c.evaluator)
        .where(
            results.c.day == item.day, results.c.span == item.span, evaluators.c.name == item.metric,
            evaluators.c.type.in_(("code", "llm_judge")),
        )
        .order_by(evaluators.c.type, evaluators.c.evaluator_id, evaluators.c.version)
    )  # fmt: skip
    return [
        CaseVerdict(
            by=row.evaluator_id,
            type=row.type,
            version=row.version,
            label=None if row.label is None else "pass" if row.label == PASS else "fail",
            score=row.score,
        )
        for row in rows
    ]


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text.strip().lower())[:60].strip("-")


def _line(text: str, most: int) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", " ", text)[:most]


def _cut(text: str) -> str:
    return text.replace("\x00", "\ufffd")[:_LONGEST]
