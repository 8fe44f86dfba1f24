"""What follows from the end of a judgement: the answer that rides on its span, and what is sent by itself."""

from collections.abc import Sequence
from typing import Final

import msgspec

from otel_evals.emit.evaluation_span import Judgement, LateForm, call_span, evaluation_span
from otel_evals.emit.log_events import log_events
from otel_evals.emit.results import Outcome
from otel_evals.engine.job import Answer, Job
from otel_evals.engine.plan import JudgeSpec
from otel_evals.engine.verdicts import Ended
from otel_evals.records.clock import Clock
from otel_evals.records.signal import Signal
from otel_evals.spool.judge_rows import Parcel

_NS: Final = 1e9


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """How judgements travel."""

    late: LateForm = LateForm.CHILD
    """A result whose span has gone on."""
    log_events: bool = False
    """Whether each result is a log-based event too."""
    call_traces: bool = True
    """Whether each judge call is a trace of its own."""
    resource: bytes = b""
    """The processor's encoded Resource, for the traces of judge calls."""


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one judgement, ready to be made durable."""

    judgement: Judgement
    answer: Answer
    """What rides on the span, if it still waits, and on a copy of it that is sent again."""
    parcels: tuple[Parcel, ...]


def compose(spec: JudgeSpec, job: Job, ended: Ended, *, wire: Wire, clock: Clock, rides: bool) -> End:
    """What follows from `ended`; `rides`: whether the span still waits for it."""
    results = ended.results(spec, job.decision)
    failure = None if results else ended.failure(spec, job.decision)
    outcomes: tuple[Outcome, ...] = results if failure is None else (failure,)
    judgement = _judgement(spec, job, ended, outcomes[0], clock)
    answer = Answer(
        coverage=ended.coverage,
        shadow=spec.shadow,
        results=results,
        failures=(failure,) if failure is not None and ended.was_asked else (),
        response_id=job.case.exchange.response_id,
    )
    return End(judgement=judgement, answer=answer, parcels=tuple(_parcels(judgement, outcomes, wire, rides=rides)))


def _judgement(spec: JudgeSpec, job: Job, ended: Ended, outcome: Outcome, clock: Clock) -> Judgement:
    exchange = job.case.exchange
    now = ended.ended_ns or clock.time_ns()
    return Judgement(
        outcome=outcome,
        coverage=ended.coverage,
        trace_id=exchange.trace_id,
        span_id=exchange.span_id,
        response_id=exchange.response_id,
        resource=job.resource,
        started_ns=ended.started_ns or now,
        ended_ns=now,
        lag=(now - exchange.end_ns) / _NS if exchange.end_ns else -1.0,
        usage=ended.usage,
        cost=ended.cost,
        request_model=spec.model,
        system_fingerprint=None if ended.verdict is None else ended.verdict.system_fingerprint,
        calls=ended.calls,
    )


def _parcels(judgement: Judgement, outcomes: Sequence[Outcome], wire: Wire, *, rides: bool) -> list[Parcel]:
    """What is sent beside the span: the result of a judge and of each member of a panel, and the judge's call."""
    parcels: list[Parcel] = []
    if not rides and wire.late is not LateForm.LOG:
        said = [msgspec.structs.replace(judgement, outcome=outcome) for outcome in outcomes]
        parcels += [Parcel(Signal.TRACES, evaluation_span(one, wire.late)) for one in said]
    if wire.log_events or (not rides and wire.late is LateForm.LOG):
        parcels += [Parcel(Signal.LOGS, _log_event(judgement, outcome)) for outcome in outcomes]
    if wire.call_traces and judgement.calls:
        parcels.append(Parcel(Signal.TRACES, call_span(judgement, wire.resource)))
    return parcels


def _log_event(judgement: Judgement, outcome: Outcome) -> bytes:
    return log_events(
        judgement.resource,
        (outcome,),
        trace_id=judgement.trace_id,
        span_id=judgement.span_id,
        response_id=judgement.response_id,
        time_ns=judgement.ended_ns,
    )
