"""Counts what was evaluated, once a span: a request that is sent again after an unanswered one adds nothing.

Called only after the span is safe with the next hop or on disk, so a refused request leaves no trace in the numbers.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Annotated, Final

import msgspec

from otel_evals.engine.evaluated import Evaluated
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult, Label
from otel_evals.records.exchange import Exchange
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Exemplar, Meters

_REMEMBERED: Final = 50_000
_NO_ERROR: Final = ""
_UNKNOWN_ERROR: Final = "_OTHER"
_TOKEN_CAP: Final = 100_000_000
_NS: Final = 1e9
_MILLION: Final = 1e6


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model costs."""

    input: Annotated[float, msgspec.Meta(ge=0, description="USD for a million input tokens.")]
    output: Annotated[float, msgspec.Meta(ge=0, description="USD for a million output tokens.")]


class Measurements:
    """Turns evaluated spans into measurements."""

    def __init__(self, meters: Meters, prices: Mapping[str, Price]) -> None:
        self._meters = meters
        self._prices = prices
        self._counted: OrderedDict[tuple[bytes, bytes], None] = OrderedDict()
        self._started: set[tuple[str, ...]] = set()

    def evaluated(self, spans: Sequence[Evaluated], time_ns: int) -> None:
        """Count the results of `spans`, and the calls that they stand for."""
        for span in spans:
            if self._is_new((span.exchange.trace_id, span.exchange.span_id)):
                self._count(span, time_ns)

    def _is_new(self, key: tuple[bytes, bytes]) -> bool:
        if key in self._counted:
            return False
        self._counted[key] = None
        if len(self._counted) > _REMEMBERED:
            self._counted.popitem(last=False)
        return True

    def _count(self, span: Evaluated, time_ns: int) -> None:
        meters, exchange, evaluation = self._meters, span.exchange, span.evaluation
        where = slice_values(span)
        for result in evaluation.results:
            self._result(result, exchange, where, time_ns)
        for failure in evaluation.failures:
            meters.add(catalogue.EVALUATION_ERRORS, 1, failure.name, failure.error_type, *_evaluator(failure), *where)
        meters.add(catalogue.COVERAGE, 1, "", span.coverage.value, "", "", "", *where)
        meters.add(catalogue.RISK, 1, evaluation.decision.band.value, *where)
        self._operation(exchange, where)

    def _result(self, result: EvaluationResult, exchange: Exchange, where: tuple[str, ...], time_ns: int) -> None:
        meters, weight = self._meters, 1.0 / result.sampling_probability
        who = _evaluator(result)
        labels = (result.name, result.label.value, *who, *where)
        if labels not in self._started:
            self._start(result.name, who, where)
            self._started.add(labels)
        meters.add(catalogue.EVALUATIONS, 1, *labels)
        meters.add(catalogue.EVALUATIONS_WEIGHTED, weight, *labels)
        meters.add(catalogue.EVALUATIONS_WEIGHTED_SQUARED, weight * weight, *labels)
        exemplar = None
        if result.label is Label.FAIL:
            exemplar = Exemplar(result.score, exchange.trace_id, exchange.span_id, time_ns)
        meters.observe(catalogue.EVALUATION_SCORE, result.score, *labels, exemplar=exemplar)

    def _start(self, name: str, who: tuple[str, ...], where: tuple[str, ...]) -> None:
        if len(self._started) > _REMEMBERED:
            self._started.clear()
        for label in Label:
            for instrument in (
                catalogue.EVALUATIONS,
                catalogue.EVALUATIONS_WEIGHTED,
                catalogue.EVALUATIONS_WEIGHTED_SQUARED,
            ):
                self._meters.start_at_zero(instrument, name, label.value, *who, *where)

    def _operation(self, exchange: Exchange, where: tuple[str, ...]) -> None:
        meters = self._meters
        error = (exchange.error_type or _UNKNOWN_ERROR) if exchange.failed else _NO_ERROR
        if exchange.start_ns and exchange.end_ns >= exchange.start_ns:
            meters.observe(catalogue.OPERATION_DURATION, (exchange.end_ns - exchange.start_ns) / _NS, error, *where)
        usage = exchange.usage
        tokens = (("input", usage.input_tokens), ("output", usage.output_tokens))
        for kind, count in tokens:
            if count is not None and 0 <= count <= _TOKEN_CAP:
                meters.add(catalogue.OPERATION_TOKENS, count, kind, error, *where)
        price = self._prices.get(exchange.response_model or "") or self._prices.get(exchange.request_model or "")
        if price is not None:
            cost = (usage.input_tokens or 0) * price.input + (usage.output_tokens or 0) * price.output
            if isfinite(cost):
                meters.add(catalogue.OPERATION_COST, cost / _MILLION, error, *where)


def slice_values(span: Evaluated) -> tuple[str, ...]:
    """Values of `catalogue.SLICE_KEYS` and the extra keys, in order; empty where unknown."""
    exchange = span.exchange
    return (
        exchange.provider or "",
        exchange.request_model or "",
        exchange.response_model or "",
        exchange.prompt_name or "",
        span.prompt_version,
        exchange.operation,
        exchange.service_name or "",
        exchange.environment or "",
        *span.extra,
    )


def _evaluator(outcome: EvaluationResult | EvaluationFailure) -> tuple[str, str, str]:
    return outcome.evaluator_type.value, outcome.evaluator_id, outcome.evaluator_version
