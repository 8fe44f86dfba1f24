"""Counts what was evaluated, once a span: a request that is sent again after an unanswered one adds nothing.

Called only after the span is safe with the next hop or on disk, so a refused request leaves no trace in the numbers.
The results of one request mostly say the same of many spans, so they are added up first and reach the meters once a
combination of labels.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Annotated, Any, Final

import msgspec

from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.plan import Plan
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult, EvaluatorType, Label
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


class _Tally:
    """How often a request's spans of one slice got the same result."""

    __slots__ = ("exemplar", "result", "times")

    def __init__(self, result: EvaluationResult) -> None:
        self.result = result
        self.times = 0
        self.exemplar: Exemplar | None = None


class Measurements:
    """Turns evaluated spans into measurements."""

    def __init__(self, meters: Meters, prices: Mapping[str, Price]) -> None:
        self._meters = meters
        self._prices = prices
        self._counted: OrderedDict[tuple[bytes, bytes], None] = OrderedDict()
        self._started: set[tuple[str, ...]] = set()

    def evaluated(self, spans: Sequence[Evaluated], time_ns: int) -> list[Evaluated]:
        """Count the results of `spans`, and the calls that they stand for; those that were not counted before."""
        new: list[Evaluated] = []
        tallies: dict[tuple[str, ...], dict[tuple[Any, ...], _Tally]] = {}
        for span in spans:
            if self._is_new((span.exchange.trace_id, span.exchange.span_id)):
                where = slice_values(span)
                tally = tallies.get(where)
                if tally is None:
                    tally = tallies[where] = {}
                self._count(span, where, tally, time_ns)
                new.append(span)
        for where, tally in tallies.items():
            self._publish(tally.values(), where)
        return new

    def _is_new(self, key: tuple[bytes, bytes]) -> bool:
        if key in self._counted:
            return False
        self._counted[key] = None
        if len(self._counted) > _REMEMBERED:
            self._counted.popitem(last=False)
        return True

    def _count(
        self, span: Evaluated, where: tuple[str, ...], tallies: dict[tuple[Any, ...], "_Tally"], time_ns: int
    ) -> None:
        meters, exchange, evaluation = self._meters, span.exchange, span.evaluation
        if span.plan is not None:
            self._outcomes(span.plan, where)
        if span.is_run:
            return
        for result in evaluation.results:
            key = (
                result.evaluator_id, result.label, result.score, result.name, result.evaluator_version,
                result.evaluator_type, result.sampling_probability,
            )  # fmt: skip
            tally = tallies.get(key)
            if tally is None:
                tally = tallies[key] = _Tally(result)
            tally.times += 1
            if result.label is Label.FAIL:
                tally.exemplar = Exemplar(result.score, exchange.trace_id, exchange.span_id, time_ns)
        for failure in evaluation.failures:
            self.failed(failure, where)
        if span.plan is None:
            meters.add_many(catalogue.COVERAGE, 1, 1, ("", span.coverage.value, "", "", "", *where))
        meters.add_many(catalogue.RISK, 1, 1, (evaluation.decision.band.value, *where))
        self._operation(exchange, where)

    def _outcomes(self, plan: Plan, where: tuple[str, ...]) -> None:
        """Count the judges whose outcome is final at once."""
        for spec, outcome in plan.outcomes:
            who = (EvaluatorType.LLM_JUDGE.value, *spec.key)
            self._meters.add_many(catalogue.COVERAGE, 1, 1, (spec.judge.name, outcome.value, *who, *where))

    def failed(self, failure: EvaluationFailure, where: tuple[str, ...]) -> None:
        """Count an evaluator that could not decide."""
        self._meters.add(catalogue.EVALUATION_ERRORS, 1, failure.name, failure.error_type, *_evaluator(failure), *where)

    def judged(
        self,
        result: EvaluationResult,
        trace_id: bytes,
        span_id: bytes,
        time_ns: int,
        where: tuple[str, ...],
        *,
        is_weighted: bool = True,
    ) -> None:
        """Count a judge's result; a shadow's is counted apart, a later one for feedback carries no weight."""
        if result.shadow:
            labels = (result.name, result.label.value, *_evaluator(result), *where)
            self._meters.add(catalogue.SHADOW_EVALUATIONS, 1, *labels)
            return
        tally = _Tally(result)
        tally.times = 1
        if result.label is Label.FAIL:
            tally.exemplar = Exemplar(result.score, trace_id, span_id, time_ns)
        self._publish((tally,), where, is_weighted=is_weighted)

    def _publish(self, tallies: Iterable["_Tally"], where: tuple[str, ...], *, is_weighted: bool = True) -> None:
        """Add the results of one slice to the meters."""
        meters = self._meters
        for tally in tallies:
            result, times, weight = tally.result, tally.times, 1.0 / tally.result.sampling_probability
            who = _evaluator(result)
            labels = (result.name, result.label.value, *who, *where)
            if labels not in self._started:
                self._start(result.name, who, where)
                self._started.add(labels)
            meters.add_many(catalogue.EVALUATIONS, times, times, labels)
            if is_weighted:
                meters.add_many(catalogue.EVALUATIONS_WEIGHTED, weight * times, times, labels)
                meters.add_many(catalogue.EVALUATIONS_WEIGHTED_SQUARED, weight * weight * times, times, labels)
            meters.observe_many(catalogue.EVALUATION_SCORE, result.score, times, labels, tally.exemplar)

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
