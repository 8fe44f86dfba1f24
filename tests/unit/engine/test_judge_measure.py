"""What judges say and take, counted once."""

import pytest

from otel_evals.engine.judge_measure import JudgeMeasurements
from otel_evals.records.clock import SystemClock
from otel_evals.records.evaluation import Label
from tests.unit.engine.judge_rig import GOOD, ScriptedJudge, World, open_store, selected, spec, with_answer


@pytest.fixture
async def world(tmp_path):
    active = spec(ScriptedJudge())
    shadow = spec(ScriptedJudge(says=with_answer(GOOD, label=Label.FAIL, score=0.0)), shadow=True, id="tone-next")
    world = World(await open_store(tmp_path), active, shadow)
    await world.judging.start()
    yield world
    await world.end()
    await world.store.store.close()


async def test_a_shadow_is_compared_with_the_active_judge_on_the_same_span_and_counted_apart(world):
    await world.take(*(selected(number, *world.specs) for number in range(1, 4)))
    await world.until(lambda: len(world.judgements) == 6)
    assert world.total("otel_evals.shadow.comparisons") == 3
    assert world.total("otel_evals.evaluations") == 3
    assert world.total("otel_evals.evaluations.weighted") == 6
    assert world.total("otel_evals.shadow.evaluations") == 3
    assert world.total("otel_evals.judge.cost") == 3.0
    assert world.total("otel_evals.coverage", otel_evals_outcome="judged") == 6


async def test_memory_of_verdicts_to_compare_is_bounded_and_holds_no_explanations(world, monkeypatch):
    monkeypatch.setattr("otel_evals.engine.judge_measure._PAIRS", 2)
    measure: JudgeMeasurements = world.judging._measure
    await world.take(*(selected(number, *world.specs) for number in range(1, 6)))
    await world.until(lambda: len(world.judgements) == 10)
    kept = measure._verdicts
    assert len(kept) <= 2
    assert not any(result.explanation for results in kept.values() for result in results)


class _Jumping(SystemClock):
    jumped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.jumped


async def test_a_judge_that_keeps_traffic_waiting_is_counted_and_its_verdict_still_taken(tmp_path):
    async def blocks(_case):
        clock.jumped += 1
        return GOOD

    clock = _Jumping()
    slow, quick = spec(ScriptedJudge("slow", says=blocks)), spec(ScriptedJudge("quick"))
    world = World(await open_store(tmp_path), slow, quick, clock=clock)
    await world.judging.start()
    await world.take(selected(1, slow, quick))
    await world.until(lambda: len(world.judgements) == 2)
    assert world.total("otel_evals.judge.stalls", otel_evals_evaluator_id="slow") == 1
    assert world.total("otel_evals.judge.stalls", otel_evals_evaluator_id="quick") == 0
    assert world.total("otel_evals.coverage", otel_evals_outcome="judged") == 2
    await world.end()
    await world.store.store.close()
