"""The span attributes that say what was decided, for the searches that see attributes only."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from otel_evals.otlp.encode import SPAN_ATTRIBUTES, AttributeValue, attributes
from otel_evals.records.decision import CoverageOutcome, Decision
from otel_evals.records.evaluation import EvaluationResult, Label
from otel_evals.records.exchange import Exchange
from otel_evals.semconv import gen_ai, otel_evals

_STANDARD: Final = (
    (gen_ai.OPERATION_NAME, "operation"),
    (gen_ai.PROVIDER_NAME, "provider"),
    (gen_ai.REQUEST_MODEL, "request_model"),
    (gen_ai.RESPONSE_MODEL, "response_model"),
    (gen_ai.PROMPT_NAME, "prompt_name"),
    (gen_ai.PROMPT_VERSION, "prompt_version"),
)


@lru_cache(maxsize=4096)
def _result(name: str, label: Label, score: float) -> bytes:
    pairs = ((otel_evals.result_label(name), label.value), (otel_evals.result_score(name), float(score)))
    return attributes(SPAN_ATTRIBUTES, pairs)


@lru_cache(maxsize=1024)
def _decision(decision: Decision, coverage: CoverageOutcome) -> bytes:
    pairs: list[tuple[str, AttributeValue]] = [
        (otel_evals.RISK_BAND, decision.band.value),
        (otel_evals.ROUTE, decision.route.value),
        (otel_evals.COVERAGE, coverage.value),
    ]
    if decision.reasons:
        pairs.append((otel_evals.RISK_REASONS, decision.reasons))
    return attributes(SPAN_ATTRIBUTES, pairs)


@lru_cache(maxsize=4096)
def _pair(key: str, value: str) -> bytes:
    return attributes(SPAN_ATTRIBUTES, ((key, value),))


def result_annotations(results: tuple[EvaluationResult, ...]) -> bytes:
    """Label and score of each result as span attributes."""
    return b"".join([_result(r.name, r.label, r.score) for r in results])


def decision_annotations(decision: Decision, coverage: CoverageOutcome) -> bytes:
    """Band, reasons, route and coverage as span attributes."""
    return _decision(decision, coverage)


def standard_annotations(exchange: Exchange, present: Mapping[str, Any]) -> bytes:
    """The standard keys that the dialect carries under other names, for those that the span lacks."""
    return b"".join([_pair(key, value) for key, value in _missing(exchange, present)])


def text_annotation(key: str, value: str) -> bytes:
    """One text attribute."""
    return _pair(key, value)


def _missing(exchange: Exchange, present: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, field in _STANDARD:
        value = getattr(exchange, field)
        if value and key not in present:
            yield key, value
