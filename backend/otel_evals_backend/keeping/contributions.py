"""What one span and its results add to the sums, as a pure function of their state.

`keep` takes what the state before a batch adds from what the state after it adds: the sums are right whatever the order
and however often something is sent, and equal a recount from the rows.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from otel_evals_backend.keeping.arrivals import ResultArrival, SpanArrival
from otel_evals_backend.storage.keys import day_of, hour_of
from otel_evals_backend.storage.tables import FAIL, PASS

_NS: Final = 1e9
_FEEDBACK: Final = "feedback"
_HUMAN: Final = "human"

Sums = tuple[float, ...]
SpanPlace = tuple[int, int, str, str]
"""Slice, band, coverage, stratum: the key of a row of sums behind its time."""
ResultPlace = tuple[int, int, str, str]
"""Slice, evaluator, stratum, outcome."""

Differences = dict[tuple[int | str, ...], list[float]]
"""Of a table of sums, by its key."""

SPAN_SUMS: Final = ("n", "failed", "flagged", "labelled", "input_tokens", "output_tokens", "seconds")
RESULT_SUMS: Final = ("n", "weight", "weight_squared", "score", "weighted_score", "cost")
METRIC_SUMS: Final = ("n", "weighted_n", "weight", "weight_squared", "cost")


class SpanState(msgspec.Struct, kw_only=True, gc=False):
    """A span as far as the sums see it."""

    span: SpanArrival
    coverage: str | None
    fails: int = 0
    """Failing results of online evaluators that are no shadows."""
    labels: int = 0
    """Results of people."""


def span_sums(state: SpanState) -> tuple[SpanPlace, Sums] | None:
    """What the span itself adds to its hour and its day; None for one of an offline run."""
    span = state.span
    if span.offline:
        return None
    place = (
        span.slice.id, -1 if span.band is None else span.band, state.coverage or "", span.stratum or "",
    )  # fmt: skip
    return place, (
        1, int(span.failed), int(state.fails > 0), int(state.labels > 0), span.input_tokens or 0,
        span.output_tokens or 0, (span.end_ns - span.start_ns) / _NS,
    )  # fmt: skip


def result_sums(span: SpanArrival, result: ResultArrival) -> tuple[ResultPlace, Sums]:
    """What one joined result adds to the hour and the day of its span; last whether it has a weight."""
    if result.label is None:
        outcome = "unlabelled" if result.error_type is None else "error"
    else:
        outcome = "pass" if result.label == PASS else "fail"
    weight = weight_of(span, result)
    score = result.score or 0.0
    place = (span.slice.id, result.evaluator.id, result.stratum or "", outcome)
    return place, (1, weight, weight * weight, score, weight * score, result.cost or 0.0, int(weight > 0))


def weight_of(span: SpanArrival, result: ResultArrival) -> float:
    """1/π: how many spans the result stands for; 0 when it may not stand for any but itself.

    A person's label stands for 1/(π1 π2) spans, one chosen by hand for none. A judgement that only a user's signal
    brought about, after the span had been passed over, stands for none either, nor does a label that is paired with it:
    the spans with feedback are counted by those that were drawn.
    """
    if result.purposive:
        return 0.0
    if result.stratum == _FEEDBACK and span.stratum != _FEEDBACK:
        return 0.0
    probability = 1.0 if result.probability is None else result.probability
    if result.evaluator.type == _HUMAN:
        if result.label_probability is None:
            return 0.0
        probability *= result.label_probability
    return 1.0 / probability


def counted(span: SpanArrival, coverage: str | None, results: Iterable[ResultArrival]) -> SpanState:
    """The state of a span with these results."""
    fails = labels = 0
    for result in results:
        who = result.evaluator
        if who.type == _HUMAN:
            labels += 1
        elif result.label == FAIL and not who.shadow:
            fails += 1
        if result.coverage is not None:
            coverage = further(coverage, result.coverage)
    return SpanState(span=span, coverage=coverage, fails=fails, labels=labels)


_FURTHER: Final = {
    outcome: position
    for position, outcome in enumerate(
        ("pending", "disabled", "filtered", "sampled_out", "no_content", "rate_limited", "over_budget", "unparseable",
         "timeout", "judge_error", "judged")
    )
}  # fmt: skip


def further(known: str | None, said: str) -> str:
    """Of two outcomes the one that holds, whichever was heard first: a final one over `pending`, a verdict over all."""
    return said if known is None or _FURTHER.get(said, 0) > _FURTHER.get(known, 0) else known


class Rollups:
    """Differences of sums, added up over a batch."""

    def __init__(self) -> None:
        self.span_hours: Differences = {}
        self.span_days: Differences = {}
        self.result_hours: Differences = {}
        self.result_days: Differences = {}
        self._services: dict[int | str, str] = {}
        """Of slices, by number."""

    def moved(self, before: SpanState | None, after: SpanState) -> None:
        """The span's own state changed from `before` to `after`."""
        new = span_sums(after)
        old = None if before is None else span_sums(before)
        if new == old:
            return
        for sign, change in ((-1, old), (1, new)):
            if change is not None:
                self._count_span(after.span, change, sign)

    def joined(self, span: SpanArrival, result: ResultArrival) -> None:
        """A result was joined to its span."""
        self._count_result(span, result, 1)

    def completed(self, span: SpanArrival, before: ResultArrival, now: ResultArrival) -> None:
        """More is known of a joined result than before."""
        self._count_result(span, before, -1)
        self._count_result(span, now, 1)

    def vanished(self, before: SpanState, results: Iterable[ResultArrival]) -> None:
        """The span and its joined results were erased."""
        if (own := span_sums(before)) is not None:
            self._count_span(before.span, own, -1)
        for result in results:
            self._count_result(before.span, result, -1)

    def tables(self) -> Iterator[tuple[str, tuple[str, ...], Differences]]:
        """Name of a table, its sums, and the differences by key."""
        yield "span_hours", SPAN_SUMS, self.span_hours
        yield "span_days", SPAN_SUMS, self.span_days
        yield "coverage_hours", SPAN_SUMS, self._coverage(self.span_hours)
        yield "coverage_days", SPAN_SUMS, self._coverage(self.span_days)
        yield "metric_hours", METRIC_SUMS, self._metrics(self.result_hours)
        yield "metric_days", METRIC_SUMS, self._metrics(self.result_days)
        width = len(RESULT_SUMS)
        yield "result_hours", RESULT_SUMS, {key: sums[:width] for key, sums in self.result_hours.items()}
        yield "result_days", RESULT_SUMS, {key: sums[:width] for key, sums in self.result_days.items()}

    def _count_span(self, span: SpanArrival, change: tuple[SpanPlace, Sums], sign: int) -> None:
        place, sums = change
        self._services[span.slice.id] = span.slice.service
        _add(self.span_hours, (hour_of(span.start_ns), *place), sums, sign)
        _add(self.span_days, (day_of(span.start_ns), *place), sums, sign)

    def _count_result(self, span: SpanArrival, result: ResultArrival, sign: int) -> None:
        place, sums = result_sums(span, result)
        self._services[span.slice.id] = span.slice.service
        _add(self.result_hours, (hour_of(span.start_ns), *place), sums, sign)
        _add(self.result_days, (day_of(span.start_ns), *place), sums, sign)

    def _coverage(self, by_slice: Differences) -> Differences:
        found: Differences = {}
        for (time, slice_, band, coverage, _stratum), sums in by_slice.items():
            _add(found, (time, self._services[slice_], band, coverage), tuple(sums), 1)
        return found

    def _metrics(self, by_slice: Differences) -> Differences:
        found: Differences = {}
        for (time, slice_, evaluator, _stratum, outcome), sums in by_slice.items():
            n, weight, squared, _score, _weighted_score, cost, weighted_n = sums
            _add(
                found, (time, self._services[slice_], evaluator, outcome), (n, weighted_n, weight, squared, cost), 1
            )  # fmt: skip
        return found


def _add(table: Differences, key: tuple[int | str, ...], sums: Sums, sign: int) -> None:
    row = table.get(key)
    if row is None:
        table[key] = list(sums) if sign > 0 else [-value for value in sums]
        return
    for position, value in enumerate(sums):
        row[position] += sign * value
