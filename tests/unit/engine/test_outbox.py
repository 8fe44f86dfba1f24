"""The way out of our own spans: until the next hop has them or has refused them for good."""

import pytest

from otel_evals.records.errors import Refused, Unavailable
from tests.unit.engine.judge_rig import ScriptedJudge, World, open_store, selected, spec

JUDGE = spec(ScriptedJudge())


@pytest.fixture
async def world(tmp_path):
    world = World(await open_store(tmp_path), JUDGE, call_traces=False)
    await world.judging.start()
    yield world
    await world.end()
    await world.store.store.close()


async def test_what_the_next_hop_does_not_take_now_waits_and_counts_as_waiting(world):
    world.next_hop = Unavailable("down", retry_after=0.05)
    await world.take(selected(1, JUDGE, held=False))
    await world.until(lambda: len(world.outbox) == 1)
    await world.outbox.drain(0.1)
    assert world.judging.held == 1
    world.next_hop = None
    await world.outbox.drain(20)
    assert len(world.spans("evaluate tone")) == 1
    assert (await world.store.store.leftovers()).outbox == ()


async def test_what_it_refuses_for_good_is_counted_and_forgotten(world):
    world.next_hop = Refused("no", code="INVALID_ARGUMENT")
    await world.take(selected(1, JUDGE, held=False))
    await world.until(lambda: world.total("otel_evals.spans", otel_evals_outcome="failed") == 1)
    await world.outbox.drain(20)
    assert (await world.store.store.leftovers()).outbox == ()
