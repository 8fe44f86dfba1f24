"""Default sampling over the wire: what the judged spans say, weighted, is what the judge would say of all of them."""

from typing import Any

import pytest

from otel_evals.rubrics.rubric import builtin_rubrics
from otel_evals.testing import sampled, traffic
from otel_evals.testing.judge_script import JudgeBehaviour
from otel_evals.testing.judge_server import JudgeServer
from otel_evals.testing.sinks import GrpcSink
from tests.integration.process.rig import LONG, destination, until

CALLS = 20_000 if LONG else 3_000
BATCH = 60
JUDGE = "answer_relevance"
BEHAVIOUR = JudgeBehaviour(tpr=0.85, tnr=0.90, latency=0.1, latency_sigma=1.0)
"""Slow enough now and then for some verdicts to miss the hold."""


def section(server: JudgeServer) -> dict[str, Any]:
    """One judge, the default sampling rules, and a prompt version that is old already."""
    return {
        "judge": {
            "endpoints": [{"url": server.url, "concurrency": 32}],
            "judges": [{"name": JUDGE, "model": "judge-model-1"}],
            "hold": "300ms",
            "releases": [{"version": traffic.OLD, "at": "2020-01-01T00:00:00Z"}],
        }
    }


@pytest.mark.timeout(900 if LONG else 180)
async def test_judged_spans_speak_for_all_spans_once_they_are_weighted(make_processor) -> None:
    sent = traffic.calls(CALLS)
    async with GrpcSink() as sink, JudgeServer(BEHAVIOUR) as judge:
        processor = make_processor([destination(sink)], **section(judge))
        await processor.start()
        for body in traffic.bodies(sent, BATCH):
            await processor.send(body)

        async def ended() -> bool:
            outcomes = await processor.sums("otel_evals_coverage_total", otel_evals_evaluator_id=JUDGE)
            return sum(outcomes.values()) == CALLS

        await until(ended, "an outcome of every call")
        await until(processor.balanced, "counts that add up")
        _, page = await processor.page("/metrics")
        assert await processor.stop() == 0
        ledger = await processor.judge_ledger()
        arrivals = sampled.Arrivals()
        for request in sink.accepted:
            arrivals.read(request.body)

    rubric = builtin_rubrics()[JUDGE]
    found = sampled.compare(
        sent,
        arrivals,
        {call.key: call.verdict(rubric, BEHAVIOUR) for call in sent},
        weighted=sampled.metric_sums(
            page,
            "otel_evals_evaluations_weighted_total",
            "gen_ai_evaluation_score_label",
            otel_evals_evaluator_id=JUDGE,
        ),
        ledger=ledger,
    )
    assert not found.problems, "\n".join((*found.problems, found.table()))
    strata = {one.name: one for one in found.strata}
    assert strata.keys() == {"high_risk", "medium_risk", "new_version", "audit", "baseline"}
    assert 0.06 < strata["high_risk"].seen / CALLS < 0.10
    assert found.riding, "some verdicts came in time"
    assert found.late, "some came later"
