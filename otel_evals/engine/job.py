"""A judgement to be made, and how it ended, as they are kept on disk."""

from typing import Final

import msgspec

from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult
from otel_evals.records.judging import JudgeCase, SamplingDecision
from otel_evals.spool.draws import Draw


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement to be made."""

    case: JudgeCase
    resource: bytes
    """The encoded Resource of the judged span."""
    where: tuple[str, ...]
    """Values that metrics are cut by."""
    decision: SamplingDecision
    draws: tuple[Draw, ...] = ()
    """Windows of reservoirs whose end it waits for; empty when the decision is final."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How one judge ended with a span that is still held."""

    coverage: CoverageOutcome
    shadow: bool = False
    results: tuple[EvaluationResult, ...] = ()
    failures: tuple[EvaluationFailure, ...] = ()
    response_id: str | None = None
    """Of the judged call."""


_encode: Final = msgspec.msgpack.Encoder().encode
_job: Final = msgspec.msgpack.Decoder(Job).decode
_answer: Final = msgspec.msgpack.Decoder(Answer).decode


def encode(record: Job | Answer) -> bytes:
    """The bytes of a record."""
    return _encode(record)


def decode_job(data: bytes) -> Job:
    """The job of these bytes. Raises msgspec.MsgspecError when another version of the software wrote them."""
    return _job(data)


def decode_answer(data: bytes) -> Answer:
    """The answer of these bytes. Raises msgspec.MsgspecError when another version of the software wrote them."""
    return _answer(data)
