"""What a replay prints of a span: one JSON line with stable keys, and numbers that every machine writes the same."""

from typing import Any, Final

import msgspec

from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.plan import Plan
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


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """How the span would come to judges: by the rules alone, with no budget spent and no version new."""

    probability: float
    stratum: str
    rules: tuple[str, ...]
    uniform: float
    """What is compared with the probability."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What one judge would make of the span."""

    judge: str
    version: str
    outcome: str
    """`selected`, or why not: `sampled_out`, `filtered`, `no_content`."""


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
    sampling: Sampled | None = None
    judges: tuple[Judged, ...] = ()


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
        sampling=_sampled(evaluated.plan),
        judges=_judged(evaluated.plan),
    )


def _sampled(plan: Plan | None) -> Sampled | None:
    if plan is None or plan.decision is None:
        return None
    decision = plan.decision
    return Sampled(
        probability=round(decision.probability, _DIGITS),
        stratum=decision.stratum,
        rules=decision.rules,
        uniform=round(decision.uniform, _DIGITS),
    )


def _judged(plan: Plan | None) -> tuple[Judged, ...]:
    if plan is None:
        return ()
    found = [(spec, outcome.value) for spec, outcome in plan.outcomes]
    found += [(one.spec, "selected") for one in plan.selected]
    return tuple(
        Judged(judge=spec.id, version=spec.judge.version, outcome=outcome)
        for spec, outcome in sorted(found, key=lambda pair: pair[0].id)
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
