"""The judge store: what changes together changes together, the ledger adds up, and a budget is never passed."""

import asyncio
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_evals.records.errors import ConfigurationError
from otel_evals.records.signal import Signal
from otel_evals.spool.judge_books import Spent, hour_of, read_ledger, read_spent
from otel_evals.spool.judge_rows import NewJob, NewSpan, Parcel, Taken
from otel_evals.spool.judge_store import JudgeStore

HOUR = 500_000
TRACE = Parcel(Signal.TRACES, b"trace")
NO_LIMIT = Spent(-1, -1, -1)


def span(*judges: str, body: bytes | None = b"body") -> NewSpan:
    return NewSpan(body=body, jobs=tuple(NewJob(judge=judge, version="v1", payload=judge.encode()) for judge in judges))


@pytest.fixture
async def store(tmp_path):
    store = await JudgeStore.open(tmp_path / "judge.db", "worker-0")
    yield store
    await store.close()


async def ledger(store: JudgeStore) -> dict[str, tuple[int, int, dict[str, int]]]:
    found = await store.ledger()
    assert all(one.adds_up for one in found), found
    return {one.judge: (one.seen, one.pending, {o: n for o, n in one.outcomes.items() if n}) for one in found}


async def test_a_job_that_is_answered_while_its_span_is_held_keeps_its_answer_until_the_span_has_gone(store):
    [taken] = await store.take([span("a", "b")], HOUR)
    first, second = taken.jobs
    assert await store.answered(first, outcome="judged", hour=HOUR, answer=b"yes", outbox=[TRACE]) == [1]
    assert await store.answers(taken.held) == [b"yes"]
    assert await ledger(store) == {"a": (1, 0, {"judged": 1}), "b": (1, 1, {})}
    await store.released(taken.held)
    assert await store.body(taken.held) is None
    assert await store.payload(first) is None
    assert await store.payload(second) == b"b", "an open job outlives its span"
    assert await store.answered(second, outcome="timeout", hour=HOUR + 1, answer=None, outbox=[]) == []
    assert await ledger(store) == {"a": (1, 0, {"judged": 1}), "b": (1, 0, {"timeout": 1})}


@pytest.mark.parametrize("answer", [None, b"yes"])
async def test_a_job_ends_once(store, answer):
    [taken] = await store.take([span("a")], HOUR)
    assert await store.answered(taken.jobs[0], outcome="judged", hour=HOUR, answer=answer, outbox=[TRACE]) == [1]
    assert await store.answered(taken.jobs[0], outcome="timeout", hour=HOUR, answer=None, outbox=[TRACE]) is None
    assert await ledger(store) == {"a": (1, 0, {"judged": 1})}
    assert await store.parcel(2) is None


async def test_what_is_undone_was_never_there_unless_it_has_ended(store):
    taken = await store.take([span("a", "b"), span("a", body=None)], HOUR)
    await store.answered(taken[0].jobs[0], outcome="judged", hour=HOUR, answer=b"yes", outbox=[])
    await store.undo(taken, HOUR)
    assert await ledger(store) == {"a": (1, 0, {"judged": 1}), "b": (0, 0, {})}
    assert await store.body(taken[0].held) is None
    await store.undo([Taken(None, ())], HOUR)


async def test_who_is_not_wanted_any_more_leaves_nothing(store):
    assert await store.take([span("a")], HOUR, lambda: False) == []
    assert await ledger(store) == {}
    assert (await store.leftovers()).jobs == ()


async def test_each_worker_has_its_own_and_takes_over_what_is_given_to_it(store, tmp_path):
    await store.take([span("a"), span("a", body=None)], HOUR)
    other = await JudgeStore.open(tmp_path / "judge.db", "worker-1")
    assert (await other.leftovers()).jobs == ()
    await other.close()
    heir = await JudgeStore.open(tmp_path / "judge.db", "worker-1", ["worker-0", "worker-9"])
    left = await heir.leftovers()
    assert (len(left.held), len(left.jobs)) == (1, 2)
    assert (await store.leftovers()).jobs == ()
    await heir.close()


async def test_counts_of_many_workers_are_one_ledger_readable_from_outside(store, tmp_path):
    other = await JudgeStore.open(tmp_path / "judge.db", "worker-1")
    counts = {("a", "v1", "sampled_out"): 3, ("a", "v2", "filtered"): 1}
    await asyncio.gather(*(one.count(counts, HOUR + i) for i, one in enumerate((store, other) * 10)))
    found = {(one.judge, one.version): one for one in read_ledger(tmp_path / "judge.db")}
    assert found["a", "v1"].outcomes == {"sampled_out": 60}
    assert found["a", "v2"].seen == 20
    await other.close()


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["take", "end", "ride", "undo", "release", "count"]), st.integers(0, 5)), max_size=25
)


@settings(max_examples=15, deadline=None)
@given(OPERATIONS)
def test_whatever_happens_the_ledger_adds_up(tmp_path_factory, operations):
    async def run() -> None:
        store = await JudgeStore.open(tmp_path_factory.mktemp("store") / "judge.db", "worker-0")
        taken: list[Taken] = []
        for step, (operation, which) in enumerate(operations):
            one = taken[which % len(taken)] if taken else Taken(None, ())
            if operation == "take":
                taken += await store.take([span("a", "b", body=None if which % 2 else b"x")], HOUR + step)
            elif operation in {"end", "ride"}:
                answer = b"x" if operation == "ride" else None
                for job in one.jobs[: 1 + which % 2]:
                    await store.answered(job, outcome="judged", hour=HOUR - step, answer=answer, outbox=[TRACE])
            elif operation == "undo":
                await store.undo([one], HOUR)
            elif operation == "release" and one.held is not None:
                await store.released(one.held)
            elif operation == "count":
                await store.count({("a", "v1", "filtered"): which}, HOUR)
            await ledger(store)
        await store.close()

    asyncio.run(run())


async def test_a_budget_is_taken_from_all_its_limits_or_from_none(store):
    limits = [("", 86400, 0, Spent(-1, -1, 10.0)), ("a", 3600, 0, Spent(-1, 100, -1))]
    assert await store.reserve(Spent(1, 60, 4.0), limits) is None
    assert await store.reserve(Spent(1, 60, 4.0), limits) == limits[1]
    periods = [limit[:3] for limit in limits]
    assert await store.spent(periods) == [Spent(1, 60, 4.0), Spent(1, 60, 4.0)]
    await store.settle(Spent(0, -50, -3.0), periods)
    assert await store.spent(periods) == [Spent(1, 10, 1.0), Spent(1, 10, 1.0)]
    await store.settle(Spent(0, -500, -30.0), periods)
    assert await store.spent(periods) == [Spent(1, 0, 0.0), Spent(1, 0, 0.0)], "nothing is credited"


async def test_workers_that_reserve_at_once_never_pass_the_limit(store, tmp_path):
    other = await JudgeStore.open(tmp_path / "judge.db", "worker-1")
    limits = [("", 86400, 0, Spent(-1, -1, 10.0))]
    asked = [(store, other)[i % 2].reserve(Spent(1, 0, 1.0), limits) for i in range(40)]
    assert (await asyncio.gather(*asked)).count(None) == 10
    await other.close()
    assert read_spent(tmp_path / "judge.db", [("", 86400, 0)]) == [Spent(10, 0, 10.0)]


async def test_a_budget_outlives_a_restart_and_a_clock_that_is_set_back_but_not_for_ever(tmp_path):
    store = await JudgeStore.open(tmp_path / "judge.db", "worker-0")
    day = 86400
    await store.reserve(Spent(1, 0, 1.0), [("", day, 0, NO_LIMIT), ("", 60, 0, NO_LIMIT)])
    await store.close()
    store = await JudgeStore.open(tmp_path / "judge.db", "worker-0")
    await store.reserve(Spent(1, 0, 1.0), [("", day, day, NO_LIMIT)])
    assert await store.spent([("", day, 0)]) == [Spent(1, 0, 1.0)]
    await store.reserve(Spent(1, 0, 1.0), [("", day, 10 * day, NO_LIMIT), ("", 60, 10 * day, NO_LIMIT)])
    assert await store.spent([("", day, 0), ("", 60, 0)]) == [Spent(), Spent()], "what is long past is dropped"
    await store.close()


async def test_the_first_appearance_is_the_earliest_of_all_workers(store):
    assert await store.sight("shop", "v1", "m", 100.0) == 100.0
    assert await store.sight("shop", "v1", "m", 50.0) == 50.0
    assert await store.sight("shop", "v1", "m", 200.0) == 50.0
    assert await store.sightings() == {("shop", "v1", "m"): 50.0}


async def test_a_store_of_a_newer_version_stops_the_start(tmp_path):
    store = await JudgeStore.open(tmp_path / "judge.db", "worker-0")
    await store.close()
    connection = sqlite3.connect(tmp_path / "judge.db")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(ConfigurationError, match="newer version"):
        await JudgeStore.open(tmp_path / "judge.db", "worker-0")


async def test_a_damaged_store_stops_the_start_and_is_left_as_it_is(tmp_path):
    store = await JudgeStore.open(tmp_path / "judge.db", "worker-0")
    await store.take([span("a", body=b"x" * 10_000) for _ in range(50)], HOUR)
    await store.close()
    content = bytearray((tmp_path / "judge.db").read_bytes())
    content[8192:-4096:7] = b"\xff" * len(range(8192, len(content) - 4096, 7))
    (tmp_path / "judge.db").write_bytes(content)
    with pytest.raises(ConfigurationError, match="move"):
        await JudgeStore.open(tmp_path / "judge.db", "worker-0")
    assert (tmp_path / "judge.db").read_bytes() == bytes(content)


def test_a_ledger_that_is_not_there_is_empty_and_a_broken_one_is_told(tmp_path):
    assert read_ledger(tmp_path / "judge.db") == []
    (tmp_path / "judge.db").write_bytes(b"nothing of a database" * 100)
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_ledger(tmp_path / "judge.db")


def test_an_hour_is_counted_from_the_epoch():
    assert hour_of(3_600_000_000_000 * 7 + 1) == 7
