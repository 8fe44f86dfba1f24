"""Everything about one call: what was said, results, feedback, labels, history, its trace, facts about it."""

from typing import Any, Final

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.exchange import Exchange
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals_backend.content.exchange import exchange_of
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.context import Context
from otel_evals_backend.evaluations.conditions import Wanted
from otel_evals_backend.evaluations.filters import Filters
from otel_evals_backend.evaluations.links import links_of
from otel_evals_backend.evaluations.records import (
    Attribute,
    Call,
    Event,
    Label,
    Neighbour,
    Result,
    Signal,
    Span,
)
from otel_evals_backend.evaluations.rows import band_of, listed
from otel_evals_backend.evaluations.seeing import Seeing, blind, masked, seeing
from otel_evals_backend.keeping.polarity import polarity
from otel_evals_backend.records import Person
from otel_evals_backend.storage.keys import ids_of, trace_range
from otel_evals_backend.storage.tables import contents, feedback, known_spans, labels, slices, spans

_SIGNALS: Final = 200
_STEPS: Final = 200
"""Other spans of the trace that are listed, the earliest first."""
_SPAN: Final = 8
_KINDS: Final = {"code": "check", "llm_judge": "judge", "human": "person", "user": "user"}


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One call, and what was said in it."""

    span: Span
    exchange: Exchange | None
    """None = nothing of it is kept."""


async def detail(context: Context, connection: AsyncConnection, person: Person, key: bytes) -> Detail | None:
    """The call, as far as `person` may see it; None when there is none."""
    row = await _row(connection, key)
    if row is None:
        return None
    may_see = await seeing(context, connection, person, key, row.coverage)
    [(call, every)] = await listed(connection, [row], Wanted(filters=Filters()))
    shown = [one for one in every if may_see.result(one)]
    said = [one for one in await _labels(connection, key) if may_see.label(one)]
    signals = await _signals(connection, key) if may_see.results else []
    where = (await connection.execute(select(slices).where(slices.c.id == row.slice))).one_or_none()
    span = Span(
        call=_masked(call, may_see, shown), operation=where.operation if where is not None else "",
        response_model=where.response_model if where is not None else "", span_name=row.name, role=row.role,
        received_ns=row.received_ns, conversation_id=row.conversation_id, route=row.route if may_see.results else None,
        reasons=tuple(_strings(row.reasons)) if may_see.results else (),
        probability=row.probability if may_see.results else None,
        results_folded=not may_see.results, results=tuple(shown), feedback=tuple(signals), labels=tuple(said),
        history=tuple(_history(row, shown, signals, said)),
        trace=tuple(await _trace(context, connection, person, key, may_see)),
        links=links_of(context.settings.trace_links, call.trace_id, call.span_id, row.start_ns, row.end_ns),
        attributes=tuple(_attributes(row, where, may_see)), content_policy=context.settings.content.policy.value,
    )  # fmt: skip
    return Detail(span=span, exchange=await exchange_of(connection, context.settings.content, key))


async def day_of_span(connection: AsyncConnection, key: bytes) -> int | None:
    """The day under which a span is filed."""
    found = await connection.execute(select(known_spans.c.day).where(known_spans.c.span == key))
    return found.scalar_one_or_none()


async def _row(connection: AsyncConnection, key: bytes) -> Row[Any] | None:
    day = await day_of_span(connection, key)
    return (await connection.execute(select(spans).where(spans.c.day == day, spans.c.span == key))).one_or_none()


def _masked(call: Call, may_see: Seeing, shown: list[Result]) -> Call:
    """The call without anything that evaluators said, when that is kept back."""
    return call if may_see.results else masked(call, shown)


async def _labels(connection: AsyncConnection, key: bytes) -> list[Label]:
    rows = await connection.execute(select(labels).where(labels.c.span == key).order_by(labels.c.at_ns, labels.c.id))
    return [
        Label(
            metric=row.metric, reviewer=row.reviewer, verdict=row.verdict, reasons=tuple(_strings(row.reasons)),
            note=row.note, corrected=row.corrected, expected=row.expected, blind=row.blind, purposive=row.purposive,
            kind=row.kind, at_ns=row.at_ns,
        )
        for row in rows
    ]  # fmt: skip


async def _signals(connection: AsyncConnection, key: bytes) -> list[Signal]:
    statement = select(feedback).where(feedback.c.span == key).order_by(feedback.c.at_ns, feedback.c.id).limit(_SIGNALS)
    return [
        Signal(
            signal=row.signal, polarity=polarity(row.signal, row.value), value=row.value, comment=row.comment,
            corrected=row.corrected,
            source=row.source, at_ns=row.at_ns, received_ns=row.received_ns,
        )
        for row in await connection.execute(statement)
    ]  # fmt: skip


def _history(row: Row[Any], shown: list[Result], signals: list[Signal], said: list[Label]) -> list[Event]:
    events = [
        Event(at_ns=row.start_ns, what="The call began"),
        Event(at_ns=row.end_ns, what="The call failed" if row.failed else "The call ended"),
        Event(at_ns=row.received_ns, what="It arrived here"),
    ]
    events += [
        Event(at_ns=one.at_ns, what=f"{one.metric}: {one.verdict}", who=_kind(one))
        for one in shown
    ]  # fmt: skip
    for signal in signals:
        word = signal.signal.replace("_", " ")
        events.append(Event(at_ns=signal.at_ns, what=f"Feedback: {word}", who="user"))
        if abs(signal.received_ns - signal.at_ns) > _MINUTE:
            events.append(Event(at_ns=signal.received_ns, what=f"Feedback arrived: {word}"))
    events += [Event(at_ns=one.at_ns, what=f"Label on {one.metric}: {one.verdict}", who=one.reviewer) for one in said]
    return sorted(events, key=lambda event: event.at_ns)


_MINUTE: Final = 60_000_000_000


def _kind(one: Result) -> str:
    kind = _KINDS.get(one.evaluator_type, one.evaluator_type)
    return f"shadow {kind}" if one.shadow else kind


async def _trace(
    context: Context, connection: AsyncConnection, person: Person, key: bytes, may_see: Seeing
) -> list[Neighbour]:
    """The other GenAI spans of the trace, as they began."""
    low, high = trace_range(key[:16])
    known = select(known_spans.c.day).where(known_spans.c.span.between(low, high)).distinct()
    days = [row.day for row in await connection.execute(known)]
    found: dict[bytes, Neighbour] = {}
    sealer = Sealer(context.settings.content)
    pieces = (
        select(contents)
        .where(contents.c.day.in_(days), contents.c.span.between(low, high), contents.c.part == 0)
        .order_by(contents.c.start_ns)
        .limit(_STEPS)
    )
    for row in await connection.execute(pieces):
        span = bytes(row.span)
        kept = sealer.open(span, row.part, bytes(row.body), encrypted=row.encrypted)
        found[span] = Neighbour(
            span_id=ids_of(span)[1], parent_id=kept.parent.hex() or None if kept else None, role=row.role,
            name=kept.name if kept else "", start_ns=row.start_ns, evaluated=False,
            seconds=(kept.end_ns - row.start_ns) / 1e9 if kept and kept.end_ns else None,
        )  # fmt: skip
    statement = (
        select(spans)
        .where(spans.c.day.in_(days), spans.c.span.between(low, high))
        .order_by(spans.c.start_ns)
        .limit(_STEPS)
    )
    rows = list(await connection.execute(statement))
    hidden = await blind(context, connection, person)
    kept_back = await hidden.of(connection, [bytes(row.span) for row in rows]) if hidden is not None else set[bytes]()
    for row in rows:
        span = bytes(row.span)
        says = may_see.results and span not in kept_back
        found[span] = Neighbour(
            span_id=ids_of(span)[1], parent_id=bytes(row.parent).hex() if row.parent else None, role=row.role,
            name=row.name, start_ns=row.start_ns, seconds=(row.end_ns - row.start_ns) / 1e9, evaluated=True,
            band=band_of(row.band) if says else None, fails=row.fails if says else 0,
        )  # fmt: skip
    found.pop(key, None)
    return sorted(found.values(), key=lambda one: one.start_ns)


def _attributes(row: Row[Any], where: Row[Any] | None, may_see: Seeing) -> list[Attribute]:
    values: dict[str, Any] = {}
    if where is not None:
        values = {
            gen_ai.SERVICE_NAME: where.service, gen_ai.DEPLOYMENT_ENVIRONMENT: where.environment,
            gen_ai.OPERATION_NAME: where.operation, gen_ai.PROVIDER_NAME: where.provider,
            gen_ai.REQUEST_MODEL: where.model, gen_ai.RESPONSE_MODEL: where.response_model,
            gen_ai.PROMPT_NAME: where.prompt_name, gen_ai.PROMPT_VERSION: where.prompt_version,
            **_object(where.extra),
        }  # fmt: skip
    values |= {
        gen_ai.RESPONSE_ID: row.response_id, gen_ai.CONVERSATION_ID: row.conversation_id,
        gen_ai.USAGE_INPUT_TOKENS: row.input_tokens, gen_ai.USAGE_OUTPUT_TOKENS: row.output_tokens,
        gen_ai.ERROR_TYPE: row.error_type,
    }  # fmt: skip
    if may_see.results:
        values |= {
            otel_evals.RISK_BAND: band_of(row.band), otel_evals.RISK_REASONS: ", ".join(_strings(row.reasons)),
            otel_evals.ROUTE: row.route, otel_evals.DECISION: row.decision, otel_evals.COVERAGE: row.coverage,
            otel_evals.SAMPLING_PROBABILITY: row.probability, otel_evals.SAMPLING_STRATUM: row.stratum,
        }  # fmt: skip
    return [Attribute(name=name, value=str(value)) for name, value in values.items() if value not in (None, "")]


def _strings(written: str) -> list[str]:
    """A JSON array of texts; nothing when it is none."""
    try:
        return msgspec.json.decode(written, type=list[str])
    except msgspec.DecodeError:
        return []


def _object(written: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(written, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
