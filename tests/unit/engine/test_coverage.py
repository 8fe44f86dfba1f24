"""The ledger of coverage: nothing is counted twice, and what cannot be written now is written later."""

import pytest

from otel_evals.engine.coverage import CoverageLedger
from otel_evals.engine.plan import Plan
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import SystemClock
from otel_evals.records.decision import CoverageOutcome
from tests.unit.engine.judge_rig import FailingStore, ScriptedJudge, open_store, spec

OUT = Plan(outcomes=((spec(ScriptedJudge()), CoverageOutcome.SAMPLED_OUT),))


@pytest.fixture
async def ledger(tmp_path):
    crashes = []
    tasks = Tasks(lambda name, error: crashes.append((name, error)))
    store = FailingStore(await open_store(tmp_path))
    ledger = CoverageLedger(store, tasks=tasks, clock=SystemClock())  # pyright: ignore[reportArgumentType] - a stand-in
    ledger.store, ledger.tasks = store, tasks
    yield ledger
    await tasks.close()
    await store.store.close()
    assert not crashes


async def seen(ledger) -> int:
    return sum(one.seen for one in await ledger.store.store.ledger())


async def test_what_was_noted_is_written_once(ledger):
    for _ in range(3):
        ledger.note(OUT)
    await ledger.flush()
    await ledger.flush()
    assert await seen(ledger) == 3


async def test_what_the_disk_does_not_take_stays_for_the_next_time(ledger):
    ledger.store.failing = {"count"}
    ledger.note(OUT)
    await ledger.flush()
    ledger.note(OUT)
    await ledger.flush()
    ledger.store.failing = set()
    assert await seen(ledger) == 0
    await ledger.flush()
    assert await seen(ledger) == 2


async def test_the_end_writes_what_is_left(ledger):
    ledger.start()
    ledger.note(OUT)
    await ledger.stop()
    assert await seen(ledger) == 1
    assert await ledger.tasks.drain(5), "it ends by itself"
