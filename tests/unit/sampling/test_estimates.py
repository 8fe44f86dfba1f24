"""What the probabilities are for: numbers about all spans, made from the few that were judged."""

import math
import random

from otel_evals.records.decision import RiskBand
from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import SamplingSettings

SPANS = 20_000
STRATA = {
    "high_risk": (0.08, 0.45, {"band": RiskBand.HIGH, "failing": ("pii",)}),
    "new_version": (0.12, 0.78, {"version_age": 0.0}),
    "audit": (0.80, 0.90, {}),
}
"""Share of the traffic, pass rate, and what the rules see of it."""


def test_weights_give_back_the_spans_of_each_stratum_and_the_pass_rate_that_the_plain_mean_misses() -> None:
    rng, sampler = random.Random(2), Sampler(SamplingSettings())  # noqa: S311 - a simulation
    seen, passing = dict.fromkeys(STRATA, 0), 0
    judged: list[tuple[str, float, bool]] = []
    for _ in range(SPANS):
        name = rng.choices(list(STRATA), [share for share, _, _ in STRATA.values()])[0]
        _, rate, facts = STRATA[name]
        passes = rng.random() < rate
        seen[name] += 1
        passing += passes
        decision = sampler.decide(SamplingFacts(trace_id=rng.randbytes(16), **facts))
        if decision.selected:
            assert decision.stratum == name
            judged.append((name, decision.probability, passes))

    for name, count in seen.items():
        weights = [1 / p for stratum, p, _ in judged if stratum == name]
        error = math.sqrt(count * (weights[0] - 1))  # each stratum has one probability
        assert abs(sum(weights) - count) <= 3 * error

    truth = passing / SPANS
    weight = sum(1 / p for _, p, _ in judged)
    weighted = sum(passes / p for _, p, passes in judged) / weight
    error = math.sqrt(sum((1 - p) / p**2 * (passes - weighted) ** 2 for _, p, passes in judged)) / weight
    assert abs(weighted - truth) < 3 * error < 0.05
    plain = sum(passes for _, _, passes in judged) / len(judged)
    assert truth - plain > 0.15
