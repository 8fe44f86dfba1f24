"""First appearances: the earliest of all workers, kept over restarts, bounded."""

import pytest

from otel_evals.engine.sightings import Release, ReleaseTime, Sightings
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.testing.clock import ManualClock
from tests.unit.engine.judge_rig import FailingStore, open_store


@pytest.fixture
async def make(tmp_path):
    store, tasks, clock = FailingStore(await open_store(tmp_path)), Tasks(lambda *_: None), ManualClock()

    def make(*releases) -> Sightings:
        made = Sightings(store, releases, tasks, clock)  # pyright: ignore[reportArgumentType] - a stand-in
        made.store, made.tasks, made.clock = store, tasks, clock
        return made

    yield make
    await tasks.close()
    await store.store.close()


async def test_a_version_ages_from_its_first_appearance_also_in_another_worker_and_after_a_restart(make):
    first = make()
    assert first.age("shop", "v1", "m") == 0.0
    await first.tasks.drain()
    first.clock.advance(100)
    other = make()
    await other.refresh()
    assert other.age("shop", "v1", "m") == 100.0
    assert other.age("shop", "v2", "m") == 0.0


async def test_a_release_whose_time_is_known_is_as_old_as_that(make):
    now = ManualClock().time_ns() / 1e9
    known = make(ReleaseTime(Release(version="v1", at="2026-01-01T00:00:00Z", model="m"), now - 500))
    assert known.age("shop", "v1", "m") == 500.0
    assert known.age("shop", "v1", "other") == 0.0


async def test_a_release_whose_time_is_known_counts_whatever_was_seen_before(make):
    now = ManualClock().time_ns() / 1e9
    before = make()
    before.age("shop", "v1", "m")
    await before.tasks.drain()
    known = make(ReleaseTime(Release(version="v1", at="2026-01-01T00:00:00Z"), now + 60))
    await known.refresh()
    known.clock.advance(90)
    assert known.age("shop", "v1", "m") == 30.0, "it was tried out before it was released"
    known.clock.advance(10)
    await known.refresh()
    assert known.age("shop", "v1", "m") == 40.0


async def test_a_clock_that_is_set_back_makes_nothing_younger_than_new(make):
    sightings = make()
    sightings.age("shop", "v1", "m")
    sightings.clock.advance(-1000)
    assert sightings.age("shop", "v1", "m") == 0.0


async def test_beyond_the_cap_a_new_version_is_not_tracked_and_known_ones_still_are(make, monkeypatch):
    monkeypatch.setattr("otel_evals.engine.sightings._CAP", 3)
    sightings = make()
    assert [sightings.age("shop", f"v{i}", "m") for i in range(5)] == [0.0, 0.0, 0.0, None, None]
    assert sightings.age("shop", "v1", "m") == 0.0
    await sightings.tasks.drain()
    assert len(await sightings.store.store.sightings()) == 3


async def test_a_store_that_is_gone_leaves_it_known_to_this_process(make):
    sightings = make()
    sightings.store.failing = {"sight"}
    sightings.age("shop", "v1", "m")
    await sightings.tasks.drain()
    sightings.clock.advance(10)
    assert sightings.age("shop", "v1", "m") == 10.0
