"""The span attributes that say what was decided, for the searches that see attributes only."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from otel_evals.otlp.encode import SPAN_ATTRIBUTES, AttributeValue, attributes
from otel_evals.records.decision import CoverageOutcome, Decision
from otel_evals.records.evaluation import EvaluationResult
from otel_evals.records.exchange import Exchange
from otel_evals.records.judging import SamplingDecision
from otel_evals.semconv import gen_ai, otel_evals

_STANDARD: Final[tuple[tuple[str, Callable[[Exchange], str | None]], ...]] = (
    (gen_ai.OPERATION_NAME, attrgetter("operation")),
    (gen_ai.PROVIDER_NAME, attrgetter("provider")),
    (gen_ai.REQUEST_MODEL, attrgetter("request_model")),
    (gen_ai.RESPONSE_MODEL, attrgetter("response_model")),
    (gen_ai.PROMPT_NAME, attrgetter("prompt_name")),
    (gen_ai.PROMPT_VERSION, attrgetter("prompt_version")),
    (gen_ai.CONVERSATION_ID, attrgetter("conversation_id")),
)
STANDARD_KEYS: Final = frozenset(key for key, _ in _STANDARD)
"""What may be added to a span that carries it under other names."""


@lru_cache(maxsize=1024)
def _decision(decision: Decision, coverage: CoverageOutcome | None) -> bytes:
    pairs: list[tuple[str, AttributeValue]] = [
        (otel_evals.RISK_BAND, decision.band.value),
        (otel_evals.ROUTE, decision.route.value),
    ]
    if coverage is not None:
        pairs.append((otel_evals.COVERAGE, coverage.value))
    if decision.reasons:
        pairs.append((otel_evals.RISK_REASONS, decision.reasons))
    return attributes(SPAN_ATTRIBUTES, pairs)


@lru_cache(maxsize=4096)
def _pair(key: str, value: str) -> bytes:
    return attributes(SPAN_ATTRIBUTES, ((key, value),))


def result_annotation(result: EvaluationResult) -> bytes:
    """Label and score of a result as span attributes."""
    label, score = otel_evals.result_label(result.name), otel_evals.result_score(result.name)
    return attributes(SPAN_ATTRIBUTES, ((label, result.label.value), (score, float(result.score))))


def decision_annotations(decision: Decision, coverage: CoverageOutcome | None) -> bytes:
    """Band, reasons, route and, when it is known already, coverage as span attributes."""
    return _decision(decision, coverage)


@lru_cache(maxsize=32)
def coverage_annotation(coverage: CoverageOutcome) -> bytes:
    """The judge outcome as a span attribute."""
    return attributes(SPAN_ATTRIBUTES, ((otel_evals.COVERAGE, coverage.value),))


@lru_cache(maxsize=256)
def sampling_annotations(probability: float, stratum: str) -> bytes:
    """π1 and stratum of a span, also of one that no judge sees: what its weight and its stratum's size come from."""
    return attributes(
        SPAN_ATTRIBUTES, ((otel_evals.SAMPLING_PROBABILITY, probability), (otel_evals.SAMPLING_STRATUM, stratum))
    )


def run_annotations(sampling: SamplingDecision | None, coverage: CoverageOutcome | None) -> bytes:
    """What stands on the span of an agent's run, which no inline check looks at: sampling and coverage."""
    chunks = [] if coverage is None else [coverage_annotation(coverage)]
    if sampling is not None and sampling.stratum:
        chunks.append(sampling_annotations(sampling.probability, sampling.stratum))
    return b"".join(chunks)


def standard_annotations(exchange: Exchange, present: Mapping[str, Any]) -> bytes:
    """The standard keys that the dialect carries under other names, for those that the span lacks."""
    return b"".join([_pair(key, value) for key, read in _STANDARD if key not in present and (value := read(exchange))])


def text_annotation(key: str, value: str) -> bytes:
    """One text attribute."""
    return _pair(key, value)
