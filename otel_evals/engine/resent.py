"""A selected span that its sender sends again: what is known of it by then, and what goes onto the copy.

The first copy decides: its sampling holds, its jobs are the only ones, and it alone counts in the ledger. A later copy
is dropped while the first one is held, and else goes on with what its judges have said by then. The judge store knows
this for all workers of a machine and over restarts, as long as `spool.judge_known` says; a worker's own memory
(`judging`) helps where sampling would not select the span any more. A copy that another worker gets and no longer
selects is new there.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec

from otel_evals.engine.holding import SpanKey
from otel_evals.engine.job import Answer, decode_answer
from otel_evals.engine.plan import Plan, combined
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.judging import SamplingDecision
from otel_evals.spool.judge_rows import Known

_DIGEST: Final = 8


class FirstTake(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the first copy's plan."""

    decision: SamplingDecision | None
    settled: tuple[CoverageOutcome, ...]
    """Of judges that count, final at once."""
    asked: tuple[tuple[str, str], ...]
    """Ids and versions of the judges that count and were to be asked."""


class Resent(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a span that comes again."""

    coverage: CoverageOutcome
    decision: SamplingDecision | None
    is_held: bool = False
    """Whether the first copy still waits, on disk: this one is not needed."""
    answers: tuple[Answer, ...] = ()


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(FirstTake).decode


def span_key(trace_id: bytes, span_id: bytes, alone: bytes) -> SpanKey:
    """What a span is known by, the same in every process. `alone`: the span as a request body of its own."""
    return trace_id, span_id, int.from_bytes(blake2b(alone, digest_size=_DIGEST).digest())


def stored(key: SpanKey) -> bytes:
    """The key as the judge store has it."""
    trace_id, span_id, digest = key
    return b"".join((trace_id, span_id, digest.to_bytes(_DIGEST)))


def first_take(plan: Plan) -> bytes:
    """What the judge store is to keep of the first copy's plan."""
    return _encode(_first(plan))


def planned(plan: Plan) -> Resent:
    """What is known where the store has forgotten the span."""
    return Resent(coverage=plan.coverage(), decision=plan.decision)


def recalled(known: Known) -> Resent:
    """What the store knows."""
    try:
        first = _decode(known.first)
        answers = tuple(decode_answer(one.answer) for one in known.verdicts if one.answer is not None)
    except msgspec.MsgspecError:  # another version wrote it: its results have gone out all the same
        return Resent(coverage=CoverageOutcome.PENDING, decision=None, is_held=known.is_held)
    ended = {(one.judge, one.version): CoverageOutcome(one.outcome) for one in known.verdicts}
    return Resent(
        coverage=combined([*first.settled, *_outcomes(first, ended)]),
        decision=first.decision,
        is_held=known.is_held,
        answers=answers,
    )


def _outcomes(first: FirstTake, ended: dict[tuple[str, str], CoverageOutcome]) -> Iterable[CoverageOutcome]:
    return (ended.get(judge, CoverageOutcome.PENDING) for judge in first.asked)


def _first(plan: Plan) -> FirstTake:
    return FirstTake(
        decision=plan.decision,
        settled=tuple(outcome for spec, outcome in plan.outcomes if not spec.shadow),
        asked=tuple(one.spec.key for one in plan.selected if not one.spec.shadow),
    )
