"""What a replay prints of a span: one JSON line with stable keys, and numbers that every machine writes the same."""

from typing import Any, Final

import msgspec

from otel_evals.engine.evaluated import Evaluated
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult
from otel_evals.text.fold import well_formed

_DIGITS: Final = 6
"""Decimals of a score: beyond them the mathematics libraries of two machines may differ."""


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """Which prompt made the call."""

    name: str | None
    version: str | None
    """As the application names it."""
    fingerprint: str | None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found."""

    name: str
    label: str
    score: float
    explanation: str
    version: str


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A check that could not decide."""

    name: str
    error: str
    version: str


class SpanLine(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluated span."""

    file: str
    trace: str
    span: str
    service: str | None
    dialect: str
    operation: str
    provider: str | None
    request_model: str | None
    response_model: str | None
    prompt: Prompt
    content: str
    results: tuple[Result, ...]
    failures: tuple[Failure, ...]
    band: str
    reasons: tuple[str, ...]
    route: str
    coverage: str


def span_line(file: str, evaluated: Evaluated) -> SpanLine:
    """The line of one evaluated span of `file`."""
    exchange, evaluation = evaluated.exchange, evaluated.evaluation
    decision = evaluation.decision
    return SpanLine(
        file=file,
        trace=exchange.trace_id.hex(),
        span=exchange.span_id.hex(),
        service=_text(exchange.service_name),
        dialect=exchange.dialect,
        operation=well_formed(exchange.operation),
        provider=_text(exchange.provider),
        request_model=_text(exchange.request_model),
        response_model=_text(exchange.response_model),
        prompt=Prompt(
            name=_text(exchange.prompt_name), version=_text(exchange.prompt_version), fingerprint=evaluated.fingerprint
        ),
        content=exchange.content.value,
        results=tuple(_result(r) for r in evaluation.results),
        failures=tuple(_failure(f) for f in evaluation.failures),
        band=decision.band.value,
        reasons=decision.reasons,
        route=decision.route.value,
        coverage=evaluated.coverage.value,
    )


def encode(line: Any) -> str:
    """One line of JSON: keys in the order of their declaration, those of mappings sorted."""
    return msgspec.json.encode(line, order="deterministic").decode()


def _text(value: str | None) -> str | None:
    """Text that UTF-8 can carry: what a producer's broken JSON says may hold half a character."""
    return None if value is None else well_formed(value)


def _result(result: EvaluationResult) -> Result:
    return Result(
        name=result.name,
        label=result.label.value,
        score=round(float(result.score), _DIGITS),
        explanation=result.explanation,
        version=result.evaluator_version,
    )


def _failure(failure: EvaluationFailure) -> Failure:
    return Failure(name=failure.name, error=failure.error_type, version=failure.evaluator_version)
