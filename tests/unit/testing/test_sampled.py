"""The comparison of estimates with known truth notices what it is there to notice."""

from collections.abc import Callable

import msgspec
import pytest

from otel_evals.rubrics.rubric import builtin_rubrics
from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import SamplingRule, SamplingSettings
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals.testing import traffic
from otel_evals.testing.builders import make_span, traces_body
from otel_evals.testing.judge_script import JudgeBehaviour
from otel_evals.testing.sampled import Arrivals, Comparison, compare, metric_sums
from otel_evals.testing.traffic import Kind

SENT = traffic.calls(1500)
FLAGGED = frozenset({Kind.CUT, Kind.LEAK})
RATES = {"flagged": 1.0, "usual": 0.05}
RUBRIC = builtin_rubrics()["answer_relevance"]
CENSUS = {call.key: call.verdict(RUBRIC, JudgeBehaviour(tpr=0.85, tnr=0.9)) for call in SENT}
SAMPLERS = {
    name: Sampler(SamplingSettings(rules=(SamplingRule(name=name, rate=rate),))) for name, rate in RATES.items()
}


def stratum(call: traffic.Call) -> str:
    return "flagged" if call.kind in FLAGGED else "usual"


def body(call: traffic.Call, *, rate: float | None = None, says: bool | None = None) -> bytes:
    """What an honest hop makes of a call; `rate` and `says` make it a dishonest one."""
    name = stratum(call)
    drawn = SAMPLERS[name].decide(SamplingFacts(trace_id=call.key[0]))
    told = {
        otel_evals.SAMPLING_STRATUM: name,
        otel_evals.SAMPLING_PROBABILITY: drawn.probability if rate is None else rate,
    }
    passed = CENSUS[call.key] if says is None else says
    verdict = {
        **told,
        otel_evals.EVALUATOR_TYPE: "llm_judge",
        gen_ai.EVALUATION_LABEL: "pass" if passed else "fail",
    }
    events = [(gen_ai.EVALUATION_RESULT, verdict)] if drawn.selected else []
    spans = [make_span(told, trace=call.number, events=events)]
    if call.has_request:
        spans.append(make_span({}, trace=call.number, span=2))
    return traces_body(*spans)


def run(change: Callable[[traffic.Call], list[bytes]]) -> Comparison:
    """The comparison when the hop makes `change(call)` of each call, and counts as it arrives."""
    arrivals = Arrivals()
    for call in SENT:
        for one in change(call):
            arrivals.read(one)
    verdicts = [said for said in arrivals.verdicts.values() for said in said]
    weighted = {
        label: sum(said.weight for said in verdicts if said.passed == (label == "pass")) for label in ("pass", "fail")
    }
    ledger = {"seen": len(SENT), "judged": len(verdicts), "sampled_out": len(SENT) - len(verdicts)}
    return compare(SENT, arrivals, CENSUS, weighted=weighted, ledger=ledger)


ODD = next(
    call.key
    for call in SENT
    if stratum(call) == "usual" and SAMPLERS["usual"].decide(SamplingFacts(trace_id=call.key[0])).selected
)
"""A call that is judged with a low probability."""


def test_an_honest_hop_has_no_problem() -> None:
    found = run(lambda call: [body(call)])
    assert found.problems == ()
    assert found.weighted == pytest.approx(found.metrics)
    assert "| flagged |" in found.table()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda call: [] if call.key == ODD else [body(call)], "did not arrive"),
        (lambda call: [body(call)] * (1 + (call.key == ODD)), "more than once"),
        (lambda call: [body(call, says=not CENSUS[call.key] if call.key == ODD else None)], "is not the judge's"),
        (lambda call: [body(call, rate=0.5 if stratum(call) == "usual" else None)], "standard errors off"),
        (lambda call: [body(call, rate=1.0)], "the weighted pass rate is"),
    ],
    ids=["a span is lost", "a span is doubled", "a verdict is wrong", "a probability is wrong", "no weights"],
)
def test_a_hop_with_a_fault_is_found_out(change: Callable[[traffic.Call], list[bytes]], problem: str) -> None:
    assert any(problem in one for one in run(change).problems)


def test_counts_that_do_not_add_up_are_found_out() -> None:
    arrivals = Arrivals()
    for call in SENT:
        arrivals.read(body(call))
    found = compare(SENT, arrivals, CENSUS, weighted={"pass": 1.0, "fail": 1.0}, ledger={"seen": 1, "judged": 1})
    assert any("/metrics has" in one for one in found.problems)
    assert any("the ledger has seen 1" in one for one in found.problems)


def test_traffic_is_the_same_for_the_same_seed_and_has_the_shares_it_promises() -> None:
    calls = traffic.calls(20_000)
    assert calls == traffic.calls(20_000)
    assert calls != traffic.calls(20_000, seed=2)
    share = sum(call.kind in FLAGGED for call in calls) / len(calls)
    assert share == pytest.approx(0.08, abs=0.01)
    assert not any(call.version == traffic.NEW for call in calls[:9_999])
    good = {flagged: [c.good for c in calls if (c.kind in FLAGGED) == flagged] for flagged in (True, False)}
    assert sum(good[True]) / len(good[True]) == pytest.approx(0.45, abs=0.05)
    assert sum(good[False]) / len(good[False]) == pytest.approx(0.88, abs=0.03)


def test_the_judge_reads_the_truth_of_a_call_and_nothing_else_makes_it_pass() -> None:
    right = JudgeBehaviour()
    for call in SENT[:100]:
        assert call.verdict(RUBRIC, right) == call.good
        assert call.verdict(RUBRIC, msgspec.structs.replace(right, tpr=0.0, tnr=0.0)) != call.good


def test_metric_sums_add_up_points_by_a_label() -> None:
    page = 'a_total{x="1",y="p"} 2 # {} 1\na_total{x="1",y="q"} 3\na_total{x="2",y="p"} 4.5\nab_total{x="1",y="p"} 9\n'
    assert metric_sums(page, "a_total", "x") == {"1": 5.0, "2": 4.5}
    assert metric_sums(page, "a_total", "y", x="1") == {"p": 2.0, "q": 3.0}
