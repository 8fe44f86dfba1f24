"""Whether what was sampled and judged speaks for all of the traffic: reads what arrived, estimates, and compares.

`Arrivals` reads the next hop's requests; `compare` holds estimates against the traffic of known truth that was sent
(`traffic`). Used by the simulation over the wire, as a test and as a benchmark.

A little above the usual length: what is read, estimated and compared is one chain of small records, each of which is
the next one's only reader.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import EvaluatorType, Label
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals.testing.traffic import Call

Key = tuple[bytes, bytes]
"""Trace and span id."""

ERRORS: Final = 3.0
"""Standard errors within which an estimate has to be."""
PLAIN_IS_OFF: Final = 0.10
"""By so much at least the plain mean must miss, or the traffic shows nothing."""
_CLOSE: Final = 1e-6


class Drawn(msgspec.Struct, frozen=True):
    """How a span came to the judge, or did not, as its attributes say."""

    stratum: str
    probability: float


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict as it arrived."""

    stratum: str
    probability: float
    passed: bool
    rides: bool
    """Whether it came on its span; else as a span of its own."""

    @property
    def weight(self) -> float:
        """Spans that it stands for."""
        return 1.0 / self.probability


class Arrivals:
    """What the next hop has got."""

    def __init__(self) -> None:
        self.copies: Counter[Key] = Counter()
        """How often each of the application's spans arrived."""
        self.drawn: dict[Key, Drawn] = {}
        self.verdicts: defaultdict[Key, list[Said]] = defaultdict(list)

    def read(self, body: bytes) -> None:
        """Read one encoded trace request."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                ours = scope.scope.name == otel_evals.SCOPE
                for span in scope.spans:
                    if ours:
                        self._read_own(span)
                    else:
                        self._read(span)

    def _read(self, span: Span) -> None:
        key = (span.trace_id, span.span_id)
        self.copies[key] += 1
        told = _values(span.attributes)
        if otel_evals.SAMPLING_STRATUM in told:
            self.drawn[key] = Drawn(told[otel_evals.SAMPLING_STRATUM], told[otel_evals.SAMPLING_PROBABILITY])
        for event in span.events:
            if event.name == gen_ai.EVALUATION_RESULT:
                self._verdict(key, _values(event.attributes), rides=True)

    def _read_own(self, span: Span) -> None:
        told = _values(span.attributes)
        if told.get(gen_ai.OPERATION_NAME) == "evaluation":
            self._verdict((span.trace_id, span.parent_span_id), told, rides=False)

    def _verdict(self, key: Key, told: Mapping[str, Any], *, rides: bool) -> None:
        if told.get(otel_evals.EVALUATOR_TYPE) == EvaluatorType.LLM_JUDGE.value and gen_ai.EVALUATION_LABEL in told:
            said = Said(
                stratum=told[otel_evals.SAMPLING_STRATUM],
                probability=told[otel_evals.SAMPLING_PROBABILITY],
                passed=told[gen_ai.EVALUATION_LABEL] == Label.PASS.value,
                rides=rides,
            )
            self.verdicts[key].append(said)


class Stratum(msgspec.Struct, frozen=True, kw_only=True):
    """One stratum: how many spans it truly had, and how many its verdicts stand for."""

    name: str
    seen: int
    judged: int
    probability: float
    """Mean over the spans seen."""
    weight: float
    """Sum of 1/p over the verdicts: the estimate of `seen`."""
    error: float
    """Its standard error, by the probabilities of all spans seen."""
    said: float
    """Weighted share of passes among the verdicts."""
    census: float
    """What the judge would have said on all its spans."""

    @property
    def deviation(self) -> float:
        """Of the estimate, in standard errors; a stratum that is judged whole allows none."""
        difference = self.weight - self.seen
        return difference / self.error if self.error else math.copysign(math.inf, difference) if difference else 0.0


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Estimates beside the truth."""

    strata: tuple[Stratum, ...]
    weighted: float
    """Weighted pass rate."""
    error: float
    """Its standard error, by the verdicts alone."""
    metrics: float
    """The same figure from `/metrics`."""
    plain: float
    """Pass rate of the verdicts without weights."""
    census: float
    """What the judge would have said on all spans."""
    truth: float
    """Share of truly good answers."""
    riding: int
    late: int
    problems: tuple[str, ...]
    """What does not hold, one sentence each."""

    @property
    def deviation(self) -> float:
        """Of the weighted pass rate from the census, in standard errors."""
        return (self.weighted - self.census) / self.error if self.error else math.inf

    def table(self) -> str:
        """The comparison as Markdown."""
        head = ("stratum", "spans", "judged", "p", "Σ 1/p", "std. error", "off by", "judge, weighted", "judge on all")
        lines = [_row(head), _row(["---"] * len(head))]
        for one in self.strata:
            cells = (
                one.name, f"{one.seen:,}", f"{one.judged:,}", f"{one.probability:.4f}", f"{one.weight:,.1f}",
                f"{one.error:,.1f}", f"{one.deviation:+.2f} s.e.", f"{one.said:.1%}", f"{one.census:.1%}",
            )  # fmt: skip
            lines.append(_row(cells))
        seen, judged = sum(s.seen for s in self.strata), self.riding + self.late
        weighted = (
            f"weighted pass rate {self.weighted:.1%} ({self.metrics:.1%} by /metrics), standard error "
            f"{100 * self.error:.2f} points: off by {self.deviation:+.2f} of it"
        )
        told = (
            f"{seen:,} calls, {judged:,} judged: {self.riding:,} verdicts on their span, {self.late:,} later",
            f"truly good {self.truth:.1%}; the judge, asked on all of them, passes {self.census:.1%}",
            weighted,
            f"plain mean {self.plain:.1%}: off by {100 * (self.plain - self.census):+.1f} points",
        )
        return "\n".join((*lines, "", *told))


def compare(
    sent: Sequence[Call],
    arrivals: Arrivals,
    census: Mapping[Key, bool],
    *,
    weighted: Mapping[str, float],
    ledger: Mapping[str, int],
) -> Comparison:
    """Hold what arrived against what was sent.

    Args:
        sent: the traffic.
        arrivals: what came of it.
        census: what the judge says of each call, by its key.
        weighted: the counter `otel_evals.evaluations.weighted` of the judge by label.
        ledger: spans by outcome, with `seen` and `pending`.
    """
    verdicts = [said for key in census for said in arrivals.verdicts.get(key, ())]
    weight = sum(said.weight for said in verdicts)
    passing = sum(said.weight for said in verdicts if said.passed)
    rate = passing / weight if weight else math.nan
    variance = sum((1 - s.probability) * (s.weight * (s.passed - rate)) ** 2 for s in verdicts)
    of_metrics = {label.value: weighted.get(label.value, 0.0) for label in Label}
    found = Comparison(
        strata=tuple(_strata(sent, arrivals, census)),
        weighted=rate,
        error=math.sqrt(variance) / weight if weight else math.nan,
        metrics=of_metrics[Label.PASS.value] / (sum(of_metrics.values()) or math.nan),
        plain=_share(said.passed for said in verdicts),
        census=_share(census.values()),
        truth=_share(call.good for call in sent),
        riding=sum(said.rides for said in verdicts),
        late=sum(not said.rides for said in verdicts),
        problems=(),
    )
    problems = (
        *_delivery(sent, arrivals, census),
        *_estimates(found),
        *_counters(of_metrics, passing, weight - passing),
        *_ledger(ledger, len(sent), len(verdicts)),
    )
    return msgspec.structs.replace(found, problems=problems)


def metric_sums(page: str, name: str, label: str, **where: str) -> dict[str, float]:
    """Sums of the points called `name` on a metrics page, by their value of `label`; `where` picks points."""
    found: defaultdict[str, float] = defaultdict(float)
    for line in page.splitlines():
        if line.startswith(name + "{"):
            key, _, value = line.partition(" # ")[0].rpartition(" ")
            labels = dict(_LABEL.findall(key))
            if all(labels.get(other) == wanted for other, wanted in where.items()):
                found[labels.get(label, "")] += float(value)
    return found


_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


def _strata(sent: Sequence[Call], arrivals: Arrivals, census: Mapping[Key, bool]) -> list[Stratum]:
    keys: defaultdict[str, list[Key]] = defaultdict(list)
    for call in sent:
        if (drawn := arrivals.drawn.get(call.key)) is not None:
            keys[drawn.stratum].append(call.key)
    found: list[Stratum] = []
    for name, members in keys.items():
        probabilities = [arrivals.drawn[key].probability for key in members]
        verdicts = [said for key in members for said in arrivals.verdicts.get(key, ())]
        weight = sum(said.weight for said in verdicts)
        stratum = Stratum(
            name=name,
            seen=len(members),
            judged=len(verdicts),
            probability=sum(probabilities) / len(members),
            weight=weight,
            error=math.sqrt(sum((1 - p) / p for p in probabilities)),
            said=sum(said.weight for said in verdicts if said.passed) / weight if weight else math.nan,
            census=_share(census[key] for key in members),
        )
        found.append(stratum)
    return sorted(found, key=lambda one: (-one.probability, one.name))


def _delivery(sent: Sequence[Call], arrivals: Arrivals, census: Mapping[Key, bool]) -> list[str]:
    problems: list[str] = []
    expected = {key for call in sent for key in call.keys}
    if missing := expected - arrivals.copies.keys():
        problems.append(f"{len(missing)} spans did not arrive")
    if strange := arrivals.copies.keys() - expected:
        problems.append(f"{len(strange)} spans arrived that nobody sent")
    if doubled := sum(copies > 1 for copies in arrivals.copies.values()):
        problems.append(f"{doubled} spans arrived more than once")
    if untold := census.keys() - arrivals.drawn.keys():
        problems.append(f"{len(untold)} calls do not say with what probability they were drawn")
    if doubled := sum(len(verdicts) > 1 for verdicts in arrivals.verdicts.values()):
        problems.append(f"{doubled} spans have more than one verdict")
    for key, verdicts in arrivals.verdicts.items():
        for said in verdicts:
            if arrivals.drawn.get(key) != Drawn(said.stratum, said.probability):
                problems.append(f"the verdict on {key[0].hex()} tells another draw than its span")
            if said.passed != census.get(key):
                problems.append(f"the verdict on {key[0].hex()} is not the judge's")
    return problems


def _estimates(found: Comparison) -> list[str]:
    problems = [
        f"{one.name}: Σ 1/p is {one.weight:.1f} for {one.seen} spans, {one.deviation:+.1f} standard errors off"
        for one in found.strata
        if not abs(one.deviation) <= ERRORS
    ]
    if not abs(found.deviation) <= ERRORS:
        problems.append(f"the weighted pass rate is {found.deviation:+.1f} standard errors off")
    if not abs(found.plain - found.census) > PLAIN_IS_OFF:
        problems.append("the plain mean is not off: this traffic shows nothing")
    return problems


def _counters(weighted: Mapping[str, float], passing: float, failing: float) -> list[str]:
    told = ((Label.PASS.value, passing), (Label.FAIL.value, failing))
    return [
        f"/metrics has Σ 1/p {weighted[label]:.3f} for {label}, the verdicts that arrived {sum_:.3f}"
        for label, sum_ in told
        if not math.isclose(weighted[label], sum_, rel_tol=_CLOSE)
    ]


def _ledger(ledger: Mapping[str, int], spans: int, verdicts: int) -> list[str]:
    problems: list[str] = []
    outcomes = sum(count for outcome, count in ledger.items() if outcome != "seen")
    if not ledger.get("seen") == outcomes == spans:
        problems.append(f"the ledger has seen {ledger.get('seen')} and ended {outcomes} of {spans} calls")
    if ledger.get(CoverageOutcome.JUDGED.value) != verdicts:
        problems.append(f"the ledger has {ledger.get(CoverageOutcome.JUDGED.value)} judged, {verdicts} arrived")
    return problems


def _values(pairs: Iterable[Any]) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}


def _share(values: Iterable[bool]) -> float:
    told = list(values)
    return sum(told) / len(told) if told else math.nan


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
