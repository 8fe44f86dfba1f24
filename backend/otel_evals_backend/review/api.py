"""Review as JSON: all that the pages do, under /api/v1/review."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, HTTPException, Path
from pydantic import BaseModel, ConfigDict, Field

from otel_evals_backend.access.people import Admin, Reviewer, Viewer
from otel_evals_backend.context import Here
from otel_evals_backend.review import flags
from otel_evals_backend.review import me as own
from otel_evals_backend.review.actions import flag_item, give_back, skip_item, take_item, until_of
from otel_evals_backend.review.answers import (
    Answer,
    Asked,
    Draft,
    Flag,
    FlaggedItem,
    FlaggedItems,
    Item,
    Key,
    Lease,
    Mine,
    Next,
    Passage,
    PlannedCell,
    PlanView,
    Queue,
    Reveal,
    Said,
    Share,
)
from otel_evals_backend.review.items import Shown, keep_draft, may_write, shown
from otel_evals_backend.review.labelling import Refused, give
from otel_evals_backend.review.picking import LONGEST, METRIC, pick
from otel_evals_backend.review.queue import plan_rows, waiting
from otel_evals_backend.review.reservations import take_next
from otel_evals_backend.storage.keys import ids_of
from otel_evals_backend.storage.tables import PASS
from otel_evals_backend.web.conversation import conversation
from otel_evals_backend.web.figures import iso


class Problem(BaseModel):
    """Why something was refused."""

    detail: str = Field(description="In words.")


_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    401: {"model": Problem, "description": "Log in, or send a token."},
    403: {"model": Problem, "description": "This needs the role reviewer."},
}
_NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": Problem, "description": "No such item, or it is not yours to see."}
}
_CONFLICT: Final[dict[int | str, dict[str, Any]]] = {
    409: {"model": Problem, "description": "Not reserved for you, or labelled already."}
}
ROUTER: Final = APIRouter(prefix="/api/v1/review", tags=["review"], responses=_REFUSALS)
ItemId = Annotated[str, Path(max_length=64, description="Id of an item.")]
RequestKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$",
        description="Chosen by the sender: the same label sent again with it is kept once.",
    ),
]  # fmt: skip


class Ask(BaseModel):
    """What is wanted next."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    beside: Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")] | None = Field(
        default=None, description="An item that is on the screen: another one, to be kept ready."
    )


class Pick(BaseModel):
    """A span that somebody picks by hand."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    trace_id: str = Field(pattern=r"^[0-9a-f]{32}$", description="32 hex digits.")
    span_id: str = Field(pattern=r"^[0-9a-f]{16}$", description="16 hex digits.")
    metric: str = Field(
        max_length=LONGEST, pattern=METRIC,
        description="Whose question is asked: of an evaluator that is known here, or with a question of its own.",
    )  # fmt: skip


@ROUTER.post("/next", summary="Reserve the next item")
async def next_item(context: Here, person: Reviewer, ask: Ask) -> Next:
    """The item that is worth most, or the one that is reserved for you already. Nobody else gets it meanwhile."""
    found = await take_next(context, person.id, beside=ask.beside)
    if found is None:
        return Next(id=None)
    return Next(id=found, until=iso(await until_of(context, person, found)))


@ROUTER.get("/queue", summary="What waits, in numbers")
async def queue(context: Here, person: Viewer) -> Queue:
    """Items by state; never by reason, which would tell reviewers what to expect."""
    async with context.database.read() as connection:
        found = await waiting(connection, person.id, context.clock.time_ns())
    return Queue(
        states=found.states,
        for_me=found.for_me,
        flagged=found.flagged,
        for_others=found.for_others,
        oldest=None if found.oldest_ns is None else iso(found.oldest_ns),
    )


@ROUTER.get("/me", summary="Your own figures")
async def me(context: Here, person: Reviewer) -> Mine:
    """Done, minutes, agreement with others; there is no ranking."""
    now = context.clock.time_ns()
    async with context.database.read() as connection:
        figures = await own.own_figures(connection, person.id, now)
        found = await waiting(connection, person.id, now)
    low, high = figures.interval or (None, None)
    return Mine(
        done=figures.done,
        done_week=figures.done_week,
        minutes=figures.minutes,
        seconds_median=figures.seconds_median,
        agreement=Share(agreed=figures.agreed, n=figures.both, low=low, high=high),
        oldest=None if found.oldest_ns is None else iso(found.oldest_ns),
        waiting=found.for_me,
    )


@ROUTER.get("/plan", summary="The plan of the random share")
async def plan(context: Here, _person: Viewer) -> PlanView:
    """With which probability judged spans come to people."""
    async with context.database.read() as connection:
        rows = await plan_rows(connection)
    cells = tuple(
        PlannedCell(
            metric=row.metric,
            stratum=row.stratum,
            verdict="pass" if row.verdict == PASS else "fail",
            probability=row.label_probability,
        )
        for row in rows
    )
    return PlanView(
        version=rows[0].version if rows else None,
        since=iso(rows[0].from_ns) if rows else None,
        default=context.settings.review.audit,
        cells=cells,
    )


@ROUTER.post("/pick", summary="Review a span of your choice", responses=_NOT_FOUND | _CONFLICT)
async def pick_span(context: Here, person: Reviewer, body: Pick) -> Key:
    """The label will be marked as purposive and not blind: it never enters an estimate."""
    try:
        return Key(id=await pick(context, person, bytes.fromhex(body.trace_id + body.span_id), body.metric))
    except Refused as refused:
        raise HTTPException(refused.status, refused.why) from refused


@ROUTER.get("/items/{item_id}", summary="One item, blind", responses=_NOT_FOUND)
async def item(context: Here, person: Reviewer, item_id: ItemId) -> Item:
    """What was asked, seen and answered. What evaluators said comes with your own label, never before."""
    found = await shown(context, person, item_id)
    if found is None:
        raise HTTPException(404, "there is no such item, or it is not reserved for you")
    return _item(found)


@ROUTER.post("/items/{item_id}/label", summary="Label an item", responses=_NOT_FOUND | _CONFLICT)
async def label(context: Here, person: Reviewer, item_id: ItemId, answer: Answer, key: RequestKey) -> Reveal:
    """Kept once for each key, never changed. The answer says what the evaluators said."""
    return await _give(context, person, item_id, answer, key)


@ROUTER.post("/items/{item_id}/adjudicate", summary="Decide between two who disagree", responses=_NOT_FOUND | _CONFLICT)
async def adjudicate(context: Here, person: Reviewer, item_id: ItemId, answer: Answer, key: RequestKey) -> Reveal:
    """A label like any other, by a third, who sees neither of the two: `next` hands such items out by itself."""
    return await _give(context, person, item_id, answer, key, adjudicating=True)


@ROUTER.put("/items/{item_id}/draft", summary="Keep what is written so far", responses=_NOT_FOUND)
async def draft(context: Here, person: Reviewer, item_id: ItemId, body: Draft) -> Key:
    """Kept for you and this item, until you label it."""
    if not await may_write(context, person, item_id):
        raise HTTPException(404, "this item is not reserved for you")
    await keep_draft(context, person, item_id, body)
    return Key(id=item_id)


@ROUTER.post("/items/{item_id}/take", summary="Renew a reservation", responses=_NOT_FOUND)
async def take(context: Here, person: Reviewer, item_id: ItemId) -> Lease:
    """Sent while the item is on the screen."""
    return Lease(held=await take_item(context, person, item_id))


@ROUTER.post("/items/{item_id}/release", summary="Give an item back", responses=_NOT_FOUND)
async def release(context: Here, person: Reviewer, item_id: ItemId) -> Lease:
    """Sent on leaving: somebody else may have it."""
    await give_back(context, person, item_id)
    return Lease(held=False)


@ROUTER.post("/items/{item_id}/skip", summary="Skip an item", responses=_NOT_FOUND)
async def skip(context: Here, person: Reviewer, item_id: ItemId) -> Lease:
    """It does not come back to you."""
    if not await skip_item(context, person, item_id):
        raise HTTPException(404, "this item is not reserved for you")
    return Lease(held=False)


@ROUTER.post("/items/{item_id}/flag", summary="Say that something is wrong with an item", responses=_NOT_FOUND)
async def flag(context: Here, person: Reviewer, item_id: ItemId, body: Flag | None = None) -> Key:
    """For whoever looks after the queue, with a reason if you like; flagging again may bring the reason later."""
    if not await flag_item(context, person, item_id, "" if body is None else body.reason.strip()):
        raise HTTPException(404, "this item is not reserved for you")
    return Key(id=item_id)


@ROUTER.get("/flagged", summary="What reviewers flagged")
async def flagged(context: Here, _person: Reviewer) -> FlaggedItems:
    """The newest first, with the reasons; blind as everything here."""
    async with context.database.read() as connection:
        rows = await flags.flagged(connection)
    items = tuple(
        FlaggedItem(
            id=row.id,
            metric=row.metric,
            service=row.service,
            begins=row.begins,
            reason=row.reason,
            state=row.state,
            created=iso(row.created_ns),
            trace_id=ids_of(row.span)[0],
            span_id=ids_of(row.span)[1],
        )
        for row in rows
    )
    return FlaggedItems(items=items)


@ROUTER.post("/items/{item_id}/drop", summary="Take a flagged item out of the queue", responses=_NOT_FOUND)
async def drop(context: Here, person: Admin, item_id: ItemId) -> Key:
    """Nobody is asked any more. A drawn item that is dropped is a hole in the sample: that is why administrators do."""
    if not await flags.drop(context, person, item_id):
        raise HTTPException(404, "there is no such flagged item")
    return Key(id=item_id)


@ROUTER.post("/items/{item_id}/reopen", summary="Take a flag away", responses=_NOT_FOUND)
async def reopen(context: Here, person: Reviewer, item_id: ItemId) -> Key:
    """It is as before; what was dropped is asked again."""
    if not await flags.reopen(context, person, item_id):
        raise HTTPException(404, "there is no such flagged item")
    return Key(id=item_id)


async def _give(
    context: Here, person: Reviewer, item_id: str, answer: Answer, key: str, *, adjudicating: bool = False
) -> Reveal:
    try:
        return await give(context, person, item_id, answer, key, adjudicating=adjudicating)
    except Refused as refused:
        raise HTTPException(refused.status, refused.why) from refused


def _item(found: Shown) -> Item:
    exchange, question = found.exchange, found.question
    messages = () if exchange is None else exchange.messages
    choices = () if exchange is None else exchange.choices
    documents = () if exchange is None else exchange.documents
    return Item(
        id=found.id,
        position=found.position,
        service=found.service,
        question=Asked(
            metric=question.metric,
            ask=question.ask,
            guide=question.guide,
            passes=question.passes,
            fails=question.fails,
            version=question.version,
        ),
        messages=tuple(Said(role=message.role, text=message.text) for message in messages),
        answers=tuple(Said(role=choice.message.role, text=choice.message.text) for choice in choices),
        sources=tuple(Passage(id=document.id or "", text=document.text) for document in documents),
        missing=conversation(exchange).missing,
        draft=found.draft,
        mine=found.reveal,
    )
