"""Reservoirs over a real store: exactly k traces, exact probabilities, shared by workers, over restarts."""

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from otel_evals.engine.job import Job, encode
from otel_evals.engine.plan import Drawn, JudgeSpec
from otel_evals.engine.reservoirs import Reservoirs, WaitingJob, due
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import Unavailable
from otel_evals.records.judging import JudgeCase, SamplingDecision
from otel_evals.records.units import Duration
from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import Reservoir, SamplingRule, SamplingSettings
from otel_evals.spool import judge_tables
from otel_evals.spool.judge_rows import NewJob, NewSpan
from otel_evals.spool.judge_store import JudgeStore
from otel_evals.testing.bottom_k import BottomK
from otel_evals.testing.builders import trace_id
from otel_evals.testing.clock import ManualClock
from tests.unit.engine.judge_rig import ScriptedJudge, World, exchange

K = 8
RESERVOIR = SamplingRule(name="steady", reservoir=Reservoir(k=K, per=Duration(60)))


def sampler(*rules: SamplingRule) -> Sampler:
    return Sampler(SamplingSettings(rules=rules))


class Worker:
    """One worker's view of the reservoirs."""

    def __init__(self, store: JudgeStore, clock: ManualClock, *rules: SamplingRule) -> None:
        self.spec = JudgeSpec(id="tone", judge=ScriptedJudge(), sampler=sampler(*(rules or (RESERVOIR,))))
        self.store = store
        self.reservoirs = Reservoirs(store, Tasks(lambda *_: None), clock)
        self.chosen: dict[bytes, SamplingDecision] = {}
        self.left: dict[bytes, SamplingDecision] = {}
        self.at_once: dict[bytes, SamplingDecision] = {}
        self.out: dict[bytes, SamplingDecision] = {}
        self.reservoirs._on_ready = lambda job, decision: self.chosen.update({job.span[0]: decision})
        self.reservoirs._on_left = lambda job, decision: self.left.update({job.span[0]: decision})

    def decide(self, number: int) -> Drawn:
        decision = self.spec.sampler.decide(SamplingFacts(trace_id=trace_id(number)))
        return self.reservoirs.decide(self.spec, decision)

    async def see(self, number: int) -> Drawn:
        """What the engine does with a span."""
        drawn = self.decide(number)
        selection, trace = drawn.selection, trace_id(number)
        if not drawn.is_selected:
            self.out[trace] = selection.decision
            return drawn
        job = Job(
            case=JudgeCase(exchange=exchange(number)),
            resource=b"",
            where=("",) * 8,
            decision=selection.decision,
            draws=selection.draws if selection.waits else (),
        )
        new = NewJob(
            judge=self.spec.id, version="v1", payload=encode(job), draws=selection.draws,
            uniform=selection.decision.uniform, waits_until=due(job.draws),
        )  # fmt: skip
        [taken] = await self.store.take([NewSpan(body=None, jobs=(new,))], 0)
        self.reservoirs.learn(taken.thresholds)
        if not selection.waits:
            self.at_once[trace] = selection.decision
            return drawn
        self.reservoirs.wait(
            WaitingJob(
                id=taken.jobs[0], spec=self.spec, decision=job.decision, draws=job.draws, where=(), span=(trace, b"")
            )
        )
        return drawn


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def open_store(tmp_path: Path) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:

        async def make(owner: str = "one") -> JudgeStore:
            store = await JudgeStore.open(tmp_path / "judge.sqlite", owner)
            stack.push_async_callback(store.close)
            return store

        yield make


async def test_two_workers_fill_one_reservoir_whose_members_and_probability_are_those_of_all_traces(
    open_store, clock
) -> None:
    workers = [Worker(await open_store(name), clock) for name in ("one", "two")]
    wanted = BottomK(K)
    for number in range(1, 301):
        await workers[number % 2].see(number)
        uniform = workers[0].spec.sampler.decide(SamplingFacts(trace_id=trace_id(number))).uniform
        wanted.offer(uniform, trace_id(number).hex())
    clock.advance(62)
    for worker in workers:
        await worker.reservoirs.look()
    chosen = {**workers[0].chosen, **workers[1].chosen}
    assert {trace.hex() for trace in chosen} == set(wanted.members)
    assert {(d.probability, d.stratum) for d in chosen.values()} == {(wanted.probability(), "steady")}
    assert all(worker.chosen and worker.out and not len(worker.reservoirs) for worker in workers)


async def test_what_gives_way_ends_before_its_window_does_and_the_ledger_adds_up(open_store, clock) -> None:
    store = await open_store()
    worker = Worker(store, clock)
    for number in range(1, 101):
        await worker.see(number)
    await worker.reservoirs.look()
    assert len(worker.reservoirs) == K
    assert len(worker.left) == 100 - K - len(worker.out)
    assert worker.left
    assert not worker.chosen
    [counts] = await store.ledger()
    assert counts.adds_up
    assert (counts.pending, counts.outcomes) == (K, {"sampled_out": len(worker.left)})


async def test_a_quiet_window_judges_all_it_has_with_certainty(open_store, clock) -> None:
    worker = Worker(await open_store(), clock)
    for number in range(1, K):
        await worker.see(number)
    await worker.reservoirs.look()
    assert not worker.chosen, "the window is not over"
    clock.advance(62)
    await worker.reservoirs.look()
    assert len(worker.chosen) == K - 1
    assert {d.probability for d in worker.chosen.values()} == {1.0}


async def test_spans_of_one_trace_take_one_place(open_store, clock) -> None:
    worker = Worker(await open_store(), clock, SamplingRule(name="one", reservoir=Reservoir(k=1, per=Duration(60))))
    for _ in range(3):
        await worker.see(1)
    clock.advance(62)
    assert len(worker.reservoirs) == 3
    await worker.reservoirs.look()
    assert worker.chosen[trace_id(1)].probability == 1.0


async def test_a_rate_that_is_not_below_the_threshold_judges_at_once_and_still_takes_its_place(
    open_store, clock
) -> None:
    worker = Worker(await open_store(), clock, RESERVOIR, SamplingRule(name="rate", rate=0.5))
    for number in range(1, 301):
        await worker.see(number)
    assert worker.at_once
    assert {(d.probability, d.stratum) for d in worker.at_once.values()} == {(0.5, "rate")}
    clock.advance(62)
    await worker.reservoirs.look()
    numbers = sorted(worker.spec.sampler.decide(SamplingFacts(trace_id=trace_id(n))).uniform for n in range(1, 301))
    judged = {**worker.at_once, **worker.chosen}
    assert sorted(d.uniform for d in judged.values()) == [u for u in numbers if u < 0.5]
    assert {d.probability for d in worker.chosen.values()} == {0.5}, "the larger of both"
    assert all(not d.selected for d in worker.left.values())


async def test_a_late_word_is_weighed_against_what_kept_the_span_out(open_store, clock) -> None:
    worker = Worker(await open_store(), clock)
    for number in range(1, 101):
        await worker.see(number)
    for decision in worker.out.values():
        assert not decision.selected
        assert 0 < decision.probability <= decision.uniform


async def test_another_window_begins_anew(open_store, clock) -> None:
    worker = Worker(await open_store(), clock)
    for number in range(1, 101):
        await worker.see(number)
    clock.advance(62)
    drawn = worker.decide(max(range(1, 101), key=lambda n: worker.decide(n).selection.decision.uniform))
    assert drawn.selection.waits
    assert not drawn.is_final


async def test_a_disk_that_fails_leaves_everything_for_the_next_look(open_store, clock) -> None:
    worker = Worker(await open_store(), clock)
    for number in range(1, 51):
        await worker.see(number)
    clock.advance(62)
    conclude = worker.store.conclude

    async def fail(*_args: Any, **_more: Any) -> Any:
        raise Unavailable("full")

    worker.store.conclude = fail
    with pytest.raises(Unavailable):
        await worker.reservoirs.look()
    assert not worker.chosen
    worker.store.conclude = conclude
    await worker.reservoirs.look()
    assert len(worker.chosen) == K
    [counts] = await worker.store.ledger()
    assert counts.adds_up
    assert counts.pending == K


async def test_a_window_of_a_former_run_is_settled_at_the_start(open_store, clock) -> None:
    store = await open_store()
    before = Worker(store, clock)
    for number in range(1, 51):
        await before.see(number)
    clock.advance(1000)
    world = World(store, before.spec, clock=clock)
    await world.judging.start()
    await world.until(lambda: len(world.judgements) == K)
    assert {round(j.outcome.sampling_probability, 12) for j in world.judgements} == {
        round(min(before.reservoirs._thresholds.values()), 12)
    }
    [counts] = await store.ledger()
    assert counts.adds_up
    assert +Counter(counts.outcomes) == Counter(judged=K, sampled_out=50 - K - len(before.out))
    assert counts.pending == 0
    await world.tasks.close()
    assert world.crashes == []


async def test_windows_that_nobody_waits_for_are_forgotten_in_time(open_store, clock, tmp_path) -> None:
    worker = Worker(await open_store(), clock)
    for number in range(1, 51):
        await worker.see(number)
    for _ in range(3):
        clock.advance(62)
        await worker.see(1)
        await worker.reservoirs.look()
    with sqlite3.connect(tmp_path / "judge.sqlite") as file:
        assert file.execute("SELECT count(DISTINCT period) FROM draws").fetchone()[0] <= 2
    file.close()


async def test_a_store_of_the_former_format_is_brought_up_with_all_that_it_holds(tmp_path) -> None:
    path = tmp_path / "judge.sqlite"
    with sqlite3.connect(path) as file:
        for statement in judge_tables._TABLES.split(";"):
            file.execute(statement)
        file.execute("PRAGMA user_version = 1")
        file.execute("INSERT INTO jobs (owner, judge, version, payload) VALUES ('one', 'tone', 'v1', x'00')")
        file.execute("INSERT INTO ledger VALUES ('tone', 'v1', 1, 'seen', 1)")
    file.close()
    store = await JudgeStore.open(path, "one")
    [job] = (await store.leftovers()).jobs
    assert (job.is_late, job.waits_until) == (False, 0.0)
    [counts] = await store.ledger()
    assert counts.adds_up
    await store.close()


async def test_undoing_a_late_job_gives_its_span_its_outcome_back(open_store) -> None:
    store = await open_store()
    out = CoverageOutcome.SAMPLED_OUT.value
    await store.count({("tone", "v1", out): 1}, 0)
    new = NewJob(judge="tone", version="v1", payload=b"x", replaces=out)
    taken = await store.take([NewSpan(body=None, jobs=(new,))], 0)
    [counts] = await store.ledger()
    assert (counts.seen, counts.pending, counts.outcomes[out], counts.adds_up) == (1, 1, 0, True)
    await store.undo(taken, 0)
    [counts] = await store.ledger()
    assert (counts.seen, counts.pending, counts.outcomes[out]) == (1, 0, 1)
