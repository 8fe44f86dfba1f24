"""Exactly k of a window, each with its exact probability."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.records.judging import SamplingDecision
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import Reservoir, SamplingRule, SamplingSettings
from otel_evals.testing.bottom_k import BottomK

NUMBERS = st.lists(st.floats(0, 1, exclude_max=True), max_size=40)


def filled(k: int, offers: list[tuple[float, str]]) -> tuple[BottomK, list[str]]:
    reservoir, out = BottomK(k), list[str]()
    for u, key in offers:
        out += reservoir.offer(u, key)
    return reservoir, out


def test_while_there_is_room_everything_is_in_for_sure() -> None:
    reservoir, out = filled(3, [(0.9, "a"), (0.1, "b"), (0.5, "c")])
    assert (reservoir.members, out, reservoir.probability()) == (("b", "c", "a"), [], 1.0)


def test_one_too_many_gives_way() -> None:
    reservoir, _ = filled(2, [(0.9, "a"), (0.1, "b")])
    assert reservoir.offer(0.5, "c") == ("a",)
    assert reservoir.probability() == 0.9
    assert reservoir.offer(0.7, "d") == ("d",)
    assert reservoir.probability() == 0.7
    assert reservoir.offer(0.8, "e") == ("e",)
    assert reservoir.probability() == 0.7
    assert reservoir.members == ("b", "c")


def test_spans_of_one_trace_come_and_go_together() -> None:
    reservoir, out = filled(2, [(0.5, "a1"), (0.1, "b"), (0.5, "a2")])
    assert (reservoir.members, len(reservoir), out) == (("b", "a1", "a2"), 2, [])
    assert reservoir.offer(0.2, "c") == ("a1", "a2")
    assert reservoir.offer(0.5, "a3") == ("a3",)


@given(st.integers(1, 8), NUMBERS, st.randoms(use_true_random=False))
def test_members_and_probability_are_those_of_the_definition_whatever_the_order(
    k: int, numbers: list[float], rng: random.Random
) -> None:
    offers = [(u, str(i)) for i, u in enumerate(numbers)]
    rng.shuffle(offers)
    reservoir, out = filled(k, offers)
    distinct = sorted(set(numbers))
    threshold = distinct[k] if len(distinct) > k else 1.0
    assert reservoir.probability() == threshold
    assert set(reservoir.members) == {str(i) for i, u in enumerate(numbers) if u < threshold}
    assert sorted((*reservoir.members, *out)) == sorted(key for _, key in offers)
    assert len(reservoir) == min(k, len(distinct))


@given(st.integers(1, 5), NUMBERS)
def test_offering_everything_again_changes_nothing(k: int, numbers: list[float]) -> None:
    offers = [(u, str(i)) for i, u in enumerate(numbers)]
    reservoir, out = filled(k, offers)
    before = reservoir.members, reservoir.probability()
    again = [key for u, key in offers for key in reservoir.offer(u, key)]
    assert (reservoir.members, reservoir.probability()) == before
    assert sorted(again) == sorted(out)


def deviation(values: list[float], truth: float) -> float:
    """How many standard errors the mean of `values` is from `truth`."""
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return (mean - truth) / math.sqrt(variance / len(values))


def traces(rng: random.Random) -> list[list[float]]:
    """Values of the spans of 40 traces of 1 to 6 spans; longer traces hold larger values."""
    return [[size + rng.random() for _ in range(size)] for size in (rng.choice((1, 1, 2, 6)) for _ in range(40))]


def test_the_probability_is_exact_total_and_count_are_unbiased_also_with_traces_of_many_spans() -> None:
    rng = random.Random(3)  # noqa: S311 - a simulation
    population = traces(rng)
    values = {f"{t}.{s}": value for t, spans in enumerate(population) for s, value in enumerate(spans)}
    totals, counts = list[float](), list[float]()
    for _ in range(3000):
        offers = [
            (u, f"{t}.{s}") for t, spans in enumerate(population) for u in [rng.random()] for s in range(len(spans))
        ]
        reservoir, _ = filled(8, offers)
        totals.append(sum(values[key] for key in reservoir.members) / reservoir.probability())
        counts.append(len(reservoir.members) / reservoir.probability())
        assert len(reservoir) == 8
    assert abs(deviation(totals, sum(values.values()))) < 3
    assert abs(deviation(counts, len(values))) < 3


def test_the_union_with_rates_is_exact() -> None:
    rates = {"mine": 0.3, "baseline": 0.05}
    pool = SamplingRule(name="pool", reservoir=Reservoir(k=6))
    sampler = Sampler(SamplingSettings(rules=(pool, *(SamplingRule(name=n, rate=r) for n, r in rates.items()))))
    rng = random.Random(9)  # noqa: S311 - a simulation
    strata = [rng.choice(("mine", "baseline", "baseline")) for _ in range(50)]
    values = [3.0 if stratum == "mine" else rng.random() for stratum in strata]
    totals = list[float]()
    for _ in range(2500):
        drawn = [
            SamplingDecision(
                selected=(u := rng.random()) < rates[name],
                probability=rates[name],
                stratum=name,
                rules=("pool", name),
                uniform=u,
            )
            for name in strata
        ]
        reservoir, _ = filled(6, [(decision.uniform, str(i)) for i, decision in enumerate(drawn)])
        final = [sampler.settle(decision, {"pool": reservoir.probability()}) for decision in drawn]
        members = {int(key) for key in reservoir.members}
        assert {i for i, d in enumerate(final) if d.selected} == members | {
            i for i, d in enumerate(drawn) if d.selected
        }
        totals.append(sum(values[i] / d.probability for i, d in enumerate(final) if d.selected))
    assert abs(deviation(totals, sum(values))) < 3


def test_a_reservoir_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        BottomK(0)
