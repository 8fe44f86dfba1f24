"""Judgements as spans of their own: the late result of a judge, and the judge's call itself.

A result that comes after its span has gone on travels as a child of that span (or as the root of a new trace that links
to it). Its ids are derived from the judged span and the judge's version, so that a result that is sent twice is one.
Both kinds of span stand in our own scope, and the hop never evaluates a span of that scope.
"""

from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec

from otel_evals.emit.results import Outcome, result_attributes
from otel_evals.otlp.encode import SPAN_ATTRIBUTES, AttributeValue, attributes, fixed64, length_delimited, varint
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult, EvaluatorType
from otel_evals.records.exchange import Usage
from otel_evals.semconv import gen_ai, otel_evals

_SCOPE: Final = length_delimited(1, length_delimited(1, otel_evals.SCOPE.encode()))
_INTERNAL, _CLIENT = varint(6 << 3) + b"\x01", varint(6 << 3) + b"\x03"
_ERROR: Final = length_delimited(15, b"\x18\x02")
_LINK: Final = 13
_EVALUATION: Final = "evaluation"
_CALL: Final = "judge call"


class LateForm(StrEnum):
    """How a result travels whose span has gone on."""

    CHILD = "child"
    """A child span of the evaluated span."""
    LINK = "link"
    """A root span in a trace of its own, with a link to the evaluated span."""
    LOG = "log"
    """A log-based event only."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome of a judge, with what it took."""

    outcome: Outcome
    coverage: CoverageOutcome
    trace_id: bytes
    """Of the judged span."""
    span_id: bytes
    response_id: str | None = None
    resource: bytes = b""
    """The encoded Resource of the judged span."""
    started_ns: int
    ended_ns: int
    lag: float
    """Seconds from the end of the judged span to the verdict; negative when that is unknown."""
    usage: Usage = Usage()
    cost: float | None = None
    """USD; None = unknown."""
    request_model: str | None = None
    """The model that was asked for."""
    system_fingerprint: str | None = None
    """What the endpoint calls its configuration, which may change under one name of a model."""
    calls: int = 0
    """Calls of an endpoint that were made for it."""

    @property
    def key(self) -> str:
        """What the derived ids depend on: the judged span, the judge, its version."""
        outcome = self.outcome
        return f"{self.trace_id.hex()}/{self.span_id.hex()}/{outcome.evaluator_id}/{outcome.evaluator_version}"


def derived_ids(judgement: Judgement, kind: str) -> tuple[bytes, bytes]:
    """Trace and span id of what is emitted about a judgement, the same whenever it is emitted."""
    digest = sha256(f"{kind}/{judgement.key}".encode()).digest()
    return digest[:16], digest[16:24]


def evaluation_span(judgement: Judgement, form: LateForm) -> bytes:
    """The result as a span: one ResourceSpans field of an export request. `form` is child or link."""
    trace_id, span_id = derived_ids(judgement, _EVALUATION)
    if form is LateForm.CHILD:
        place = _ids(judgement.trace_id, span_id) + length_delimited(4, judgement.span_id)
    else:
        place = _ids(trace_id, span_id)
    more = _link(judgement) if form is LateForm.LINK else b""
    if isinstance(judgement.outcome, EvaluationFailure):
        more += _ERROR
    span = b"".join(
        (
            place,
            length_delimited(5, f"evaluate {judgement.outcome.name}".encode()),
            _INTERNAL,
            _times(judgement),
            attributes(SPAN_ATTRIBUTES, _result(judgement)),
            more,
        )
    )
    return _request(judgement.resource, span)


def call_span(judgement: Judgement, resource: bytes) -> bytes:
    """The judge's call as a trace of its own, linked to the judged span; `resource` is the processor's."""
    trace_id, span_id = derived_ids(judgement, _CALL)
    model = judgement.request_model or judgement.outcome.evaluator_model or judgement.outcome.evaluator_id
    span = b"".join(
        (
            _ids(trace_id, span_id),
            length_delimited(5, f"chat {model}".encode()),
            _CLIENT,
            _times(judgement),
            attributes(SPAN_ATTRIBUTES, _call(judgement)),
            _link(judgement),
            _ERROR if isinstance(judgement.outcome, EvaluationFailure) else b"",
        )
    )
    return _request(resource, span)


def _result(judgement: Judgement) -> Iterator[tuple[str, AttributeValue]]:
    yield gen_ai.OPERATION_NAME, _EVALUATION
    yield from result_attributes(judgement.outcome)
    if judgement.outcome.evaluator_type is not EvaluatorType.HUMAN:  # coverage is the fate of a judge's turn
        yield otel_evals.COVERAGE, judgement.coverage.value
    if judgement.response_id is not None:
        yield gen_ai.RESPONSE_ID, judgement.response_id
    yield from _made(judgement)


def _call(judgement: Judgement) -> Iterator[tuple[str, AttributeValue]]:
    outcome = judgement.outcome
    yield gen_ai.OPERATION_NAME, "chat"
    if judgement.request_model is not None:
        yield gen_ai.REQUEST_MODEL, judgement.request_model
    if outcome.evaluator_model is not None:
        yield gen_ai.RESPONSE_MODEL, outcome.evaluator_model
    yield gen_ai.EVALUATION_NAME, outcome.name
    yield otel_evals.EVALUATOR_ID, outcome.evaluator_id
    yield otel_evals.EVALUATOR_VERSION, outcome.evaluator_version
    if isinstance(outcome, EvaluationResult):
        yield gen_ai.EVALUATION_LABEL, outcome.label.value
    else:
        yield gen_ai.ERROR_TYPE, outcome.error_type
    yield from _made(judgement)


def _made(judgement: Judgement) -> Iterator[tuple[str, AttributeValue]]:
    """What it took, and what made it."""
    usage = judgement.usage
    if judgement.system_fingerprint is not None:
        yield gen_ai.OPENAI_SYSTEM_FINGERPRINT, judgement.system_fingerprint
    if usage.input_tokens is not None:
        yield gen_ai.USAGE_INPUT_TOKENS, usage.input_tokens
    if usage.output_tokens is not None:
        yield gen_ai.USAGE_OUTPUT_TOKENS, usage.output_tokens
    if judgement.cost is not None:
        yield otel_evals.JUDGE_COST, float(judgement.cost)
    if judgement.lag >= 0:
        yield otel_evals.JUDGE_LAG, float(judgement.lag)


def _ids(trace_id: bytes, span_id: bytes) -> bytes:
    return length_delimited(1, trace_id) + length_delimited(2, span_id)


def _times(judgement: Judgement) -> bytes:
    return fixed64(7, judgement.started_ns) + fixed64(8, judgement.ended_ns)


def _link(judgement: Judgement) -> bytes:
    return length_delimited(_LINK, _ids(judgement.trace_id, judgement.span_id))


def _request(resource: bytes, span: bytes) -> bytes:
    return length_delimited(1, length_delimited(1, resource) + length_delimited(2, _SCOPE + length_delimited(2, span)))
