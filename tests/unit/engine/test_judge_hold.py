"""Held spans: for a bounded time, in a bounded number, and each goes on once."""

import asyncio

import pytest

from otel_evals.records.errors import Unavailable
from otel_evals.records.units import Duration
from otel_evals.testing.proto_spans import attribute
from tests.unit.engine.judge_rig import GOOD, ScriptedJudge, World, open_store, selected, spec
from tests.unit.engine.test_judging import never

JUDGE = spec(ScriptedJudge(says=never))


@pytest.fixture
async def make(tmp_path):
    made = []

    async def make(**settings) -> World:
        made.append(World(await open_store(tmp_path), JUDGE, **settings))
        await made[-1].judging.start()
        return made[-1]

    yield make
    for world in made:
        await world.end()
        await world.store.store.close()


async def test_a_span_goes_on_when_its_time_is_over(make):
    world = await make(hold=Duration(0.05))
    await world.take(selected(1, JUDGE))
    [span] = await world.until(lambda: world.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == "pending"
    await world.until(lambda: not len(world.hold))


async def test_a_span_whose_verdict_comes_while_it_cannot_leave_says_pending(tmp_path):
    answers = asyncio.Event()

    async def late(_case):
        await answers.wait()
        return GOOD

    judge = spec(ScriptedJudge(says=late))
    world = World(await open_store(tmp_path), judge, hold=Duration(0.01))
    await world.judging.start()
    world.next_hop = Unavailable("down", retry_after=0.05)
    await world.take(selected(1, judge))
    await world.until(lambda: world.store.calls["body"] >= 1)
    answers.set()
    await world.until(lambda: world.store.calls["answered"] >= 1)
    world.next_hop = None
    [span] = await world.until(lambda: world.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == "pending"
    await world.until(lambda: world.spans("evaluate tone"))
    await world.end()
    await world.store.store.close()


async def test_beyond_the_limit_none_waits_and_at_the_end_none(make):
    world = await make(max_held=2)
    assert world.judging.may_hold
    spans = [selected(1, JUDGE), selected(2, JUDGE)]
    await world.take(*spans)
    assert not world.judging.may_hold
    assert world.judging.holds(spans[0].key)
    await world.judging.stop(1.0)
    assert not world.judging.may_hold
    assert len(world.spans()) == 2


async def test_no_hold_means_that_none_waits(make):
    assert not (await make(hold=Duration(0))).judging.may_hold


async def test_a_next_hop_that_is_away_gets_each_span_once_it_is_back(make):
    world = await make(hold=Duration(0.01))
    world.next_hop = Unavailable("down", retry_after=0.05)
    await world.take(selected(1, JUDGE), selected(2, JUDGE))
    await world.until(lambda: world.store.calls["body"] >= 4)
    world.next_hop = None
    await world.until(lambda: not len(world.hold))
    assert sorted(span.name for span in world.spans()) == ["call 1", "call 2"]
    assert not (await world.store.store.leftovers()).held
