"""Which spans go to judges, and with what probability: a pure function of the span, the rules and the budget's factor.

Each rule that matches has a rate; the largest is the probability π, the first rule that has it names the stratum, and
the span is selected when its trace's number is below π. Since every rule compares the same number (`uniform`), π is
exact for the union of all rules. The engine asks once for each span; again when feedback arrives after it
(`decide_late`); and when a window of a reservoir is over (`settle`).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from otel_evals.records.judging import SamplingDecision
from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.matching import Condition, conditions
from otel_evals.sampling.settings import Reservoir, SamplingRule, SamplingSettings
from otel_evals.sampling.uniform import uniforms

THRIFT: Final = {"high_risk": 0.5, "feedback": 0.5, "audit": 1.5, "baseline": 1.5}
"""Powers to which the budget's factor is taken, by stratum; 1 for all others. What matters most is lowered least: at a
factor of 0.25, high risk keeps a half of its rate, a new version a quarter, the baseline an eighth."""


class _Rule(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A rule, compiled."""

    name: str
    conditions: tuple[Condition, ...]
    rate: float
    """0 for a reservoir, which decides later."""
    thrift: float
    decay: float
    """Seconds in which a new version's rate falls to that of the others; 0 = a plain rate."""


class Sampler:
    """Decides. It holds nothing but the compiled rules: equal settings decide equally everywhere."""

    def __init__(self, settings: SamplingSettings) -> None:
        self._uniform = uniforms(settings.salt)
        self._rules = tuple(_compiled(rule) for rule in settings.rules)
        late = {rule.name for rule in settings.rules if rule.match.feedback}
        self._late = tuple(rule for rule in self._rules if rule.name in late)
        self._position = {rule.name: position for position, rule in enumerate(settings.rules)}
        self._reservoirs = {rule.name: rule.reservoir for rule in settings.rules if rule.reservoir is not None}
        self.salt = settings.salt
        self.signals = frozenset(signal for rule in settings.rules for signal in rule.match.feedback)
        """What users do that a rule asks about; any other signal changes nothing."""
        self.late_attributes = frozenset(
            key for rule in settings.rules if rule.match.feedback for key in rule.match.attributes
        )
        """Attributes that `decide_late` may ask for."""

    def decide(self, facts: SamplingFacts, *, throttle: float = 1.0) -> SamplingDecision:
        """How the span of `facts` comes to a judge, or does not.

        `throttle` in (0, 1] is the budget's factor; the π of the decision is the lowered one, as it was really used. A
        lower factor never selects what a higher one would not. Reservoirs that match are among the `rules` and add
        nothing to π yet. Raises ValueError for a factor out of range.
        """
        u = self._uniform(facts.trace_id)
        names, rates = _matching(self._rules, facts, throttle)
        if not names:
            return SamplingDecision(selected=False, probability=0.0, stratum="", uniform=u)
        probability = max(rates)
        return SamplingDecision(
            selected=u < probability,
            probability=probability,
            stratum=names[rates.index(probability)] if probability else "",
            rules=tuple(names),
            uniform=u,
        )

    def decide_late(self, facts: SamplingFacts, first: SamplingDecision, *, throttle: float = 1.0) -> SamplingDecision:
        """What feedback that arrived after the decision `first` changes: π is that of the union of both.

        It is `selected` only when the span is to be judged now: it was not selected before. Only rules that ask for
        feedback are asked, and the number is the one of `first`, so that the union stays exact after a change of the
        salt. `first` is the latest decision: the late one of an earlier signal, when there was one; the settled one,
        when a reservoir had a say. Raises ValueError for a factor out of range.

        The π of a span with feedback is the returned one *whenever it was judged*. An estimate that counts late
        verdicts must give it to the verdicts of first-time selection too, or the spans with feedback count twice; a
        sum that cannot be corrected, such as a counter, leaves late verdicts out and stays unbiased as well.
        """
        names, rates = _matching(self._late, facts, throttle)
        late = max(rates, default=0.0)
        added = tuple(name for name in names if name not in first.rules)
        return SamplingDecision(
            selected=first.probability <= first.uniform < late,
            probability=max(first.probability, late),
            stratum=names[rates.index(late)] if late > first.probability else first.stratum,
            rules=(*first.rules, *added) if added else first.rules,
            uniform=first.uniform,
        )

    def reservoirs(self, decision: SamplingDecision) -> Mapping[str, Reservoir]:
        """The reservoirs that the span of `decision` is to be offered to, by rule; empty for nearly all spans.

        All of its kind are offered, those that a rate selected too: the threshold is that of all. A span that a rate
        selected need not wait for the end of the window once π is at least the reservoir's `probability()`, which only
        falls; otherwise its π is known at the end.
        """
        if not self._reservoirs:
            return _NONE
        return {name: self._reservoirs[name] for name in decision.rules if name in self._reservoirs}

    def settle(self, decision: SamplingDecision, thresholds: Mapping[str, float]) -> SamplingDecision:
        """The final decision when the windows of all matching reservoirs are over.

        `thresholds` are their `probability()` by rule. π is the largest of them and the rates' π: exact for the union,
        since all compare the same number, which is below a threshold exactly when the span is a member.
        """
        probability, stratum = decision.probability, decision.stratum
        for name in decision.rules:
            threshold = thresholds.get(name, 0.0)
            is_earlier = self._position.get(name, 0) < self._position.get(stratum, len(self._position))
            if threshold > probability or (threshold == probability and is_earlier and threshold > 0):
                probability, stratum = threshold, name
        return msgspec.structs.replace(
            decision, selected=decision.uniform < probability, probability=probability, stratum=stratum
        )


_NONE: Final[Mapping[str, Reservoir]] = {}


def _compiled(rule: SamplingRule) -> _Rule:
    new = rule.new_version
    return _Rule(
        name=rule.name,
        conditions=conditions(rule.match),
        rate=new.rate if new else rule.rate or 0.0,
        thrift=THRIFT.get(rule.name, 1.0) if rule.thrift is None else rule.thrift,
        decay=new.decay if new else 0.0,
    )


def _matching(rules: Sequence[_Rule], facts: SamplingFacts, throttle: float) -> tuple[list[str], list[float]]:
    """Names of the rules that match, and the rate of each: a young version's falls to the largest of the plain ones."""
    if not 0.0 < throttle <= 1.0:
        raise ValueError(f"a factor of the budget is above 0 and at most 1, not {throttle}")
    names: list[str] = []
    rates: list[float] = []
    young: list[tuple[int, float]] = []
    age, others = facts.version_age, 0.0
    for rule in rules:
        if rule.decay and (age is None or age >= rule.decay):
            continue
        for holds in rule.conditions:
            if not holds(facts):
                break
        else:
            rate = rule.rate if throttle == 1.0 else rule.rate * throttle**rule.thrift
            if rule.decay:
                young.append((len(rates), max(age or 0.0, 0.0) / rule.decay))
            elif rate > others:
                others = rate
            names.append(rule.name)
            rates.append(rate)
    for position, share in young:
        rates[position] += (others - rates[position]) * share
    return names, rates
