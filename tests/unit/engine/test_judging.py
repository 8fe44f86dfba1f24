"""Judging whatever the judge, the disk and the next hop do: every span once, every job one end, nothing paid twice."""

import asyncio
import functools
import sqlite3

import pytest

from otel_evals.emit.evaluation_span import LateForm
from otel_evals.engine.budget import Limits
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import Refused, Unavailable
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Exchange, Message, ToolCall, Usage
from otel_evals.records.judging import Estimate, JudgeCase, JudgeFailure, Verdict
from otel_evals.records.units import ByteSize, Duration
from otel_evals.spool import judge_known
from otel_evals.spool.judge_rows import StoreFull
from otel_evals.testing.clock import ManualClock
from otel_evals.testing.proto_spans import attribute, judge_events
from tests.unit.engine.judge_rig import (
    ALWAYS,
    GOOD,
    FailingStore,
    ScriptedJudge,
    World,
    exchange,
    open_store,
    selected,
    spec,
    with_answer,
)


@pytest.fixture
async def make_world(tmp_path):
    made = []

    async def make(*specs, start: bool = True, owner: str = "worker-0", adopt=(), counts=True, **settings) -> World:
        world = World(await open_store(tmp_path, owner, adopt), *specs, **settings)
        made.append(world)
        if start:
            await world.judging.start(counts_leftovers=counts)
        return world

    yield make
    for world in made:
        await world.end()
        await world.store.store.close()


async def never(_case) -> Verdict:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_verdict_rides_on_its_span_and_stands_in_the_ledger(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge)
    await world.take(selected(1, judge))
    [span] = await world.until(lambda: world.spans("call 1"))
    [event] = judge_events(span)
    assert attribute(event, "gen_ai.evaluation.score.label") == "pass"
    assert attribute(event, "otel_evals.sampling.probability") == 0.5
    assert attribute(span, "otel_evals.coverage") == "judged"
    assert await world.counts() == {"seen": 1, "judged": 1}
    assert world.total("otel_evals.evaluations.weighted") == 2.0
    assert not world.crashes


NONSENSE = [
    None,
    "pass",
    {"label": "pass", "score": 1.0},
    with_answer(GOOD, score=float("nan")),
    with_answer(GOOD, score=float("inf")),
    with_answer(GOOD, score=-0.01),
    with_answer(GOOD, score=1.01),
    with_answer(GOOD, score=None),
    with_answer(GOOD, score="1.0"),
    with_answer(GOOD, score=True),
    with_answer(GOOD, label=None),
    with_answer(GOOD, label="pass"),
    with_answer(GOOD, label="excellent"),
    with_answer(GOOD, confidence=float("nan")),
    with_answer(GOOD, confidence=2.0),
    with_answer(GOOD, members=(with_answer(GOOD, score=7.0, member="a"),)),
]


@pytest.mark.parametrize("said", NONSENSE, ids=range(len(NONSENSE)))
async def test_what_is_no_verdict_becomes_no_score(make_world, said):
    judge = spec(ScriptedJudge(says=said))
    world = await make_world(judge)
    await world.take(selected(1, judge))
    [span] = await world.until(lambda: world.spans("call 1"))
    [event] = judge_events(span)
    assert attribute(event, "error.type") == "invalid_verdict"
    assert attribute(event, "gen_ai.evaluation.score.value") is None
    assert attribute(event, "gen_ai.evaluation.score.label") is None
    assert attribute(span, "otel_evals.coverage") == "unparseable"
    assert await world.counts() == {"seen": 1, "unparseable": 1}
    assert world.total("otel_evals.evaluations") == 0
    assert not world.crashes


async def test_odd_figures_and_texts_of_a_sound_verdict_are_cut_to_what_can_be_counted_and_sent(make_world):
    said = with_answer(
        GOOD,
        score=1,
        explanation="line\none \ud800 " + "x" * 1_000_000,
        grade="g" * 5000,
        model="m\udfff" * 100,
        usage=Usage(input_tokens=-5, output_tokens=2**70),
        cost=float("nan"),
    )
    judge = spec(ScriptedJudge(says=said))
    world = await make_world(judge, limits=Limits(tokens_per_day=1000, usd_per_day=5.0))
    await world.take(selected(1, judge))
    [span] = await world.until(lambda: world.spans("call 1"))
    [event] = judge_events(span)
    explanation = attribute(event, "gen_ai.evaluation.explanation")
    assert explanation.startswith("line one ")
    assert len(explanation) <= 1000
    assert len(attribute(event, "otel_evals.verdict")) <= 128
    assert len(attribute(event, "otel_evals.evaluator.model")) <= 128
    assert await world.counts() == {"seen": 1, "judged": 1}
    assert world.total("otel_evals.judge.cost") == 0
    assert not world.crashes


@pytest.mark.parametrize(
    ("says", "outcome", "error_type"),
    [
        (ValueError("odd"), "judge_error", "ValueError"),
        (SystemExit(3), "judge_error", "SystemExit"),
        (asyncio.CancelledError(), "judge_error", "judge_error"),
        (TimeoutError(), "timeout", "timeout"),
        (JudgeFailure("no", outcome=CoverageOutcome.RATE_LIMITED, error_type="too_many"), "rate_limited", "too_many"),
        (JudgeFailure("no", outcome=CoverageOutcome.JUDGED, error_type="sly"), "judge_error", "sly"),
        (JudgeFailure("no", outcome="splendid", error_type=""), "judge_error", "judge_error"),
        (JudgeFailure("no", outcome=CoverageOutcome.TIMEOUT, error_type="t", cost=float("inf")), "timeout", "t"),
        (lambda _case: GOOD, "judge_error", "TypeError"),
    ],
    ids=["error", "exit", "cancelled", "timeout", "failure", "claims-judged", "odd-outcome", "odd-cost", "not-async"],
)
async def test_whatever_a_judge_raises_is_an_end_of_this_job_only(make_world, says, outcome, error_type):
    judge = spec(ScriptedJudge(says=says))
    world = await make_world(judge, concurrency=1)
    await world.take(selected(1, judge))
    [span] = await world.until(lambda: world.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == outcome
    if outcome != "rate_limited":
        [event] = judge_events(span)
        assert attribute(event, "error.type") == error_type
    judge.judge.says = GOOD
    await world.take(selected(2, judge))
    [after] = await world.until(lambda: world.spans("call 2"))
    assert attribute(after, "otel_evals.coverage") == "judged"
    assert await world.counts() == {"seen": 2, "judged": 1, outcome: 1}
    assert not world.crashes


@pytest.mark.parametrize(
    "takes",
    [
        ValueError("odd"),
        None,
        Estimate(tokens=-1),
        Estimate(calls=None),
        Estimate(cost=float("nan")),
        Estimate(tokens=2**80),
    ],
)
async def test_an_estimate_that_is_none_asks_nobody_and_credits_nothing(make_world, takes):
    judge = spec(ScriptedJudge())
    judge.judge.takes = takes
    world = await make_world(judge, concurrency=1, limits=Limits(usd_per_day=1.0))
    await world.take(selected(1, judge))
    [span] = await world.until(lambda: world.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == "judge_error"
    assert not judge.judge.asked
    assert await world.counts() == {"seen": 1, "judge_error": 1}
    assert not world.crashes


async def test_a_judge_that_does_not_heed_its_deadline_holds_nobody_up(make_world):
    released = asyncio.Event()

    async def stubborn(_case) -> Verdict:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue
        return GOOD

    judge = spec(ScriptedJudge(says=stubborn))
    world = await make_world(judge, concurrency=1, deadline=Duration(0.05))
    await world.take(selected(1, judge))
    [span] = await world.until(lambda: world.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == "timeout"
    judge.judge.says = GOOD
    await world.take(selected(2, judge))
    await world.until(lambda: world.spans("call 2"))
    released.set()
    assert await world.counts() == {"seen": 2, "timeout": 1, "judged": 1}


async def test_a_clock_that_is_set_back_makes_no_duration_negative(make_world):
    clock = ManualClock()

    async def sets_it_back(_case) -> Verdict:
        clock._time_ns -= 3600 * 10**9
        clock._monotonic += 2.0
        return GOOD

    judge = spec(ScriptedJudge(says=sets_it_back))
    world = await make_world(judge, clock=clock)
    await world.take(selected(1, judge))
    [judgement] = await world.until(lambda: world.judgements)
    assert judgement.ended_ns - judgement.started_ns == 2 * 10**9


async def test_a_case_that_cannot_be_kept_costs_its_verdict_only(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge)
    call = ToolCall(name="add", arguments={"n": 10**100})
    odd = JudgeCase(exchange=Exchange(choices=(Choice(message=Message(role="assistant", tool_calls=(call,))),)))
    await world.take(selected(1, judge, case=odd), selected(2, judge))
    [span] = await world.until(lambda: world.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == "judge_error"
    await world.until(lambda: world.spans("call 2"))
    assert await world.counts() == {"seen": 2, "judge_error": 1, "judged": 1}
    assert world.total("otel_evals.coverage", otel_evals_outcome="judge_error") == 1
    assert world.total("otel_evals.coverage") == 2


async def test_a_job_that_another_version_wrote_ends_and_is_counted(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge, start=False)
    await world.take(selected(1, judge), selected(2, judge, held=False))
    await world.end()

    def spoil(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE jobs SET payload = x'c1'")

    await world.store.store._do(spoil)
    after = await make_world(judge)
    [span] = await after.until(lambda: after.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == "pending"
    await after.until(lambda: after.total("otel_evals.coverage") == 2)
    assert after.total("otel_evals.coverage", otel_evals_outcome="judge_error") == 2
    assert await after.counts() == {"seen": 2, "judge_error": 2}


async def test_jobs_of_a_judge_that_changed_end_with_a_word_and_ask_nobody(make_world):
    old = spec(ScriptedJudge(version="v1"))
    world = await make_world(old, start=False)
    await world.take(*(selected(number, old) for number in range(1, 4)))
    await world.end()
    new = ScriptedJudge(version="v2")
    after = await make_world(spec(new))
    late = await after.until(lambda: len(after.spans("evaluate tone")) == 3 and after.spans("evaluate tone"))
    assert {attribute(span, "error.type") for span in late} == {"judge_changed"}
    assert {attribute(span, "otel_evals.evaluator.version") for span in late} == {"v1"}
    assert [attribute(span, "otel_evals.coverage") for span in after.spans() if span.name.startswith("call")] == [
        "pending"
    ] * 3
    assert not new.asked
    assert await after.counts() == {"seen": 3, "judge_error": 3}
    assert after.total("otel_evals.coverage", otel_evals_outcome="judge_error") == 3


# Disk


async def test_what_the_disk_does_not_take_is_not_paid_twice(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge, limits=Limits(usd_per_day=100.0))
    judge.judge.takes = Estimate(cost=2.0)
    world.store.failing |= {"answered", "settle"}
    await world.take(selected(1, judge, held=False))
    await world.until(lambda: world.store.failed["settle"] >= 2)
    world.store.failing = {"answered"}
    await world.until(lambda: world.store.failed["answered"] >= 2)
    world.store.failing = set()
    await world.until(lambda: world.spans("evaluate tone"))
    assert len(judge.judge.asked) == 1
    assert world.store.calls["reserve"] == 1
    assert await world.counts() == {"seen": 1, "judged": 1}
    assert not world.crashes


async def test_a_held_span_goes_on_once_though_the_store_cannot_forget_it(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge)
    world.store.failing = {"released"}
    await world.take(selected(1, judge))
    await world.until(lambda: world.store.failed["released"] >= 2)
    world.store.failing = set()
    await world.until(lambda: not len(world.hold))
    assert len(world.spans("call 1")) == 1
    assert world.total("otel_evals.spans", otel_evals_outcome="forwarded") == 1 + len(world.spans("chat m-1"))


async def test_a_late_result_goes_out_once_though_the_store_cannot_forget_it(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge, call_traces=False)
    world.store.failing = {"sent"}
    await world.take(selected(1, judge, held=False))
    await world.until(lambda: world.store.failed["sent"] >= 2)
    world.store.failing = set()
    await world.until(lambda: not len(world.outbox))
    assert len(world.spans("evaluate tone")) == 1
    assert world.total("otel_evals.spans", otel_evals_outcome="received") == 1


async def test_an_answer_that_comes_while_its_span_leaves_follows_it(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge, hold=Duration(0.05), call_traces=False)
    world.store.failing = {"answered"}
    await world.take(selected(1, judge))
    [span] = await world.until(lambda: world.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == "pending"
    assert not judge_events(span)
    world.store.failing = set()
    [late] = await world.until(lambda: world.spans("evaluate tone"))
    assert late.parent_span_id == span.span_id
    assert await world.counts() == {"seen": 1, "judged": 1}


async def test_a_store_that_takes_nothing_is_no_crash_and_leaves_nothing(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge)
    world.store.failing = {"take"}
    with pytest.raises(Unavailable):
        await world.take(selected(1, judge))
    assert not world.crashes
    world.store.failing = set()
    assert await world.counts() == {}
    assert world.judging.first_plan(selected(1, judge).key) is None


class SlowStore(FailingStore):
    """Lets a `take` wait until the test lets it go on, before or after the work."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.before, self.after = asyncio.Event(), asyncio.Event()
        self.reached = asyncio.Event()

    async def take(self, *args):
        self.reached.set()
        await self.before.wait()
        taken = await self.store.take(*args)
        await self.after.wait()
        return taken


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize("how", ["cancelled", "too slow"])
async def test_who_went_away_before_its_spans_were_safe_leaves_nothing_behind(make_world, monkeypatch, point, how):
    monkeypatch.setattr("otel_evals.engine.judging._TAKE_PATIENCE", 0.05 if how == "too slow" else 20)
    judge = spec(ScriptedJudge())
    world = await make_world(judge, start=False)
    slow = world.judging._store = SlowStore(world.store.store)
    {"before": slow.after, "after": slow.before}[point].set()
    taking = asyncio.create_task(world.take(selected(1, judge), selected(2, judge, held=False)))
    await slow.reached.wait()
    if how == "cancelled":
        taking.cancel()
    with pytest.raises(asyncio.CancelledError if how == "cancelled" else Unavailable):
        await taking
    slow.before.set()
    slow.after.set()
    await world.until(lambda: not len(world.tasks))
    left = await world.store.store.leftovers()
    assert (left.held, left.jobs) == ((), ())
    assert await world.counts() == {}
    assert not world.crashes


# The end


async def test_the_end_lets_held_spans_go_and_keeps_open_jobs(make_world):
    judge = spec(ScriptedJudge(says=never))
    world = await make_world(judge, concurrency=1)
    await world.take(selected(1, judge), selected(2, judge))
    await world.until(lambda: judge.judge.asked)
    await world.judging.stop(0.5)
    assert sorted(span.name for span in world.spans()) == ["call 1", "call 2"]
    assert {attribute(span, "otel_evals.coverage") for span in world.spans()} == {"pending"}
    await world.end()
    assert await world.counts() == {"seen": 2, "pending": 2}
    judge.judge.says = GOOD
    after = await make_world(judge)
    await after.until(lambda: len(after.spans("evaluate tone")) == 2)
    assert not [span for span in after.spans() if span.name.startswith("call")], "no span goes twice"
    assert await after.counts() == {"seen": 2, "judged": 2}


@pytest.mark.parametrize(
    "failing", [{"payload"}, {"answered"}, {"reserve"}, {"body", "answers", "released", "count", "answered", "sent"}]
)
async def test_the_end_does_not_wait_for_a_disk_that_is_gone(make_world, failing):
    judge = spec(ScriptedJudge())
    world = await make_world(judge, concurrency=2, limits=Limits(usd_per_day=1.0))
    world.store.failing = set(failing)
    await world.take(selected(1, judge), selected(2, judge, held=False))
    await world.store.failure.wait()
    async with asyncio.timeout(10):
        await world.judging.stop(0.5)
    await world.end()
    assert not world.crashes
    world.store.failing = set()
    after = await make_world(judge)
    await after.until(lambda: len(after.spans("call 1")) + len(world.spans("call 1")) == 1)
    await after.until(lambda: after.total("otel_evals.coverage") + world.total("otel_evals.coverage") == 2)
    assert await after.counts() == {"seen": 2, "judged": 2}


async def test_what_waits_for_its_minute_does_not_hold_up_the_end(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge, concurrency=2, limits=Limits(calls_per_minute=1), clock=ManualClock())
    await world.take(selected(1, judge, held=False), selected(2, judge, held=False))
    await world.until(lambda: world.store.calls["reserve"] == 2 and world.judgements)
    async with asyncio.timeout(10):
        await world.judging.stop(60)
    assert await world.counts() == {"seen": 2, "judged": 1, "pending": 1}


async def test_a_span_whose_answer_came_before_a_kill_says_judged_after_it(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge)
    world.next_hop = Unavailable("down")
    await world.take(selected(1, judge))
    await world.until(lambda: world.judgements)
    await world.end()
    after = await make_world(judge)
    [span] = await after.until(lambda: after.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == "judged"
    assert len(judge_events(span)) == 1
    assert len(judge.judge.asked) == 1
    assert await after.counts() == {"seen": 1, "judged": 1}


async def test_an_answer_that_cannot_be_read_does_not_keep_its_span(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge)
    world.next_hop = Unavailable("down")
    await world.take(selected(1, judge))
    await world.until(lambda: world.judgements)
    await world.end()

    def spoil(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE jobs SET answer = x'c1'")

    await world.store.store._do(spoil)
    after = await make_world(judge)
    await after.until(lambda: after.spans("call 1"))
    await after.until(lambda: not len(after.hold))
    assert not (await after.store.store.leftovers()).held


async def test_a_worker_takes_over_the_jobs_and_spans_of_one_that_is_no_more(make_world):
    judge = spec(ScriptedJudge())
    gone = await make_world(judge, start=False, owner="worker-1")
    await gone.take(selected(1, judge), selected(2, judge, held=False))
    await gone.end()
    other = await make_world(judge, owner="worker-0")
    assert not len(other.hold)
    heir = await make_world(judge, owner="worker-2", adopt=("worker-1",))
    await heir.until(lambda: heir.spans("call 1") and len(heir.spans("evaluate tone")) == 2)
    assert await heir.counts() == {"seen": 2, "judged": 2}


async def test_what_was_counted_before_a_worker_died_is_not_counted_again(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge, call_traces=False)
    world.store.failing = {"parcel"}
    await world.take(selected(1, judge, held=False))
    await world.until(lambda: world.judgements)
    await world.end()
    again = await make_world(judge, counts=False)
    await again.until(lambda: again.spans("evaluate tone"))
    assert again.total("otel_evals.spans", otel_evals_outcome="received") == 0
    assert again.total("otel_evals.spans", otel_evals_outcome="forwarded") == 1


async def test_a_next_hop_that_refuses_for_good_ends_the_hold_and_is_counted(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge, call_traces=False)
    world.next_hop = Refused("no", code="INVALID_ARGUMENT")
    await world.take(selected(1, judge))
    await world.until(lambda: world.total("otel_evals.spans", otel_evals_outcome="failed") == 1)
    await world.until(lambda: not len(world.hold))
    assert not (await world.store.store.leftovers()).held
    assert await world.counts() == {"seen": 1, "judged": 1}


# Budget, shadows, forms


async def test_a_budget_that_is_used_up_ends_jobs_as_over_budget_and_asks_nobody(make_world):
    judge = spec(ScriptedJudge(says=with_answer(GOOD, cost=1.0)))
    judge.judge.takes = Estimate(cost=1.0)
    world = await make_world(judge, concurrency=1, limits=Limits(usd_per_day=2.0))
    for number in range(1, 6):
        await world.take(selected(number, judge))
    await world.until(lambda: len([span for span in world.spans() if span.name.startswith("call")]) == 5)
    assert len(judge.judge.asked) == 2
    assert await world.counts() == {"seen": 5, "judged": 2, "over_budget": 3}
    said = [span for span in world.spans() if attribute(span, "otel_evals.coverage") == "over_budget"]
    assert len(said) == 3
    assert not any(judge_events(span) for span in said), "nobody was asked, so nobody failed"


async def test_what_waits_too_long_for_its_turn_is_rate_limited(make_world):
    judge = spec(ScriptedJudge())
    clock = ManualClock()
    world = await make_world(judge, patience=Duration(60), clock=clock)
    world.store.failing = {"payload"}
    await world.take(selected(1, judge, held=False))
    await world.store.failure.wait()
    clock.advance(61)
    world.store.failing = set()
    await world.until(lambda: world.spans("evaluate tone"))
    assert not judge.judge.asked
    assert (await world.counts())["rate_limited"] == 1


async def test_a_span_waits_for_its_active_judge_only_and_a_shadow_stays_out_of_the_sums(make_world):
    active, shadow = spec(ScriptedJudge()), spec(ScriptedJudge(says=never, version="v2"), shadow=True, id="tone-next")
    world = await make_world(active, shadow)
    await world.take(selected(1, active, shadow))
    [span] = await world.until(lambda: world.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == "judged"
    assert await world.counts() == {"seen": 2, "judged": 1, "pending": 1}
    await world.judging.stop(0.1)
    await world.end()
    shadow.judge.says = with_answer(GOOD, label=Label.FAIL, score=0.0)
    after = await make_world(active, shadow)
    [late] = await after.until(lambda: after.spans("evaluate tone"))
    assert attribute(late, "otel_evals.shadow") is True
    assert after.total("otel_evals.evaluations") == 0
    assert after.total("otel_evals.shadow.evaluations") == 1


async def test_outcomes_that_were_final_at_once_are_told_with_the_judges_answer(make_world):
    judge, other = spec(ScriptedJudge(says=ValueError())), spec(ScriptedJudge("second"))
    world = await make_world(judge, other)
    await world.take(selected(1, judge, outcomes=((other, CoverageOutcome.FILTERED),)))
    [span] = await world.until(lambda: world.spans("call 1"))
    assert attribute(span, "otel_evals.coverage") == "judge_error"


@pytest.mark.parametrize("form", [LateForm.CHILD, LateForm.LINK])
async def test_a_verdict_that_is_made_again_after_a_kill_has_the_same_ids(make_world, form):
    judge = spec(ScriptedJudge())

    async def ids():
        world = await make_world(judge, late=form)
        await world.take(selected(1, judge, held=False))
        [late] = await world.until(lambda: world.spans("evaluate tone"))
        [call] = await world.until(lambda: world.spans("chat m-1"))
        await world.end()
        await world.store.store._do(lambda connection: connection.execute("DELETE FROM known") and None)
        return late.trace_id, late.span_id, call.trace_id, call.span_id

    assert await ids() == await ids()


async def test_a_late_result_may_travel_as_a_log_event_alone(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge, late=LateForm.LOG)
    await world.take(selected(1, judge, held=False))
    [record] = await world.until(world.records)
    assert attribute(record, "gen_ai.evaluation.name") == "tone"
    assert attribute(record, "otel_evals.evaluator.type") == "llm_judge"
    assert any(record.span_id)
    assert not world.spans("evaluate tone")


async def test_results_that_ride_are_log_events_too_where_these_are_wanted(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge, log_events=True)
    await world.take(selected(1, judge))
    [span] = await world.until(lambda: world.spans("call 1"))
    [record] = await world.until(world.records)
    assert record.span_id == span.span_id
    assert len(judge_events(span)) == 1


async def test_the_results_of_a_panel_follow_with_ids_of_their_own(make_world):
    members = (with_answer(GOOD, member="a"), with_answer(GOOD, member="b", label=Label.FAIL, score=0.0))
    judge = spec(ScriptedJudge(says=with_answer(GOOD, members=members)))
    world = await make_world(judge)
    await world.take(selected(1, judge, held=False))
    late = await world.until(lambda: len(world.spans("evaluate tone")) == 3 and world.spans("evaluate tone"))
    assert len({span.span_id for span in late}) == 3
    assert {attribute(span, "otel_evals.evaluator.id") for span in late} == {"tone", "tone.a", "tone.b"}
    assert world.total("otel_evals.evaluations") == 1


async def test_a_span_that_is_sent_again_while_it_is_being_taken_is_judged_once(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge)
    copies = [selected(1, judge) for _ in range(3)]
    known = await asyncio.gather(*(world.judging.take([copy]) for copy in copies))
    assert [[one.is_held for one in found.values()] for found in known] == [[], [True], [True]]
    await world.until(lambda: world.spans("call 1") and not len(world.hold))
    assert await world.counts() == {"seen": 1, "judged": 1}
    assert len(world.spans("call 1")) == 1
    [again] = (await world.judging.take([selected(1, judge)])).values()
    assert (again.is_held, again.coverage, again.decision) == (False, CoverageOutcome.JUDGED, ALWAYS)
    assert [result.label for answer in again.answers for result in answer.results] == [Label.PASS]
    assert await world.counts() == {"seen": 1, "judged": 1}
    assert len(judge.judge.asked) == 1


async def test_a_span_that_is_sent_again_to_another_worker_or_run_is_known_there(make_world):
    judge, other = spec(ScriptedJudge()), spec(ScriptedJudge("second"))
    copy = functools.partial(selected, 1, judge, outcomes=((other, CoverageOutcome.FILTERED),), held=False)
    one = await make_world(judge, other, start=False)
    await one.take(copy())
    two = await make_world(judge, other, owner="worker-1")
    [known] = (await two.judging.take([copy()])).values()
    assert (known.is_held, known.coverage, known.answers) == (False, CoverageOutcome.PENDING, ())
    await one.end()
    one = await make_world(judge, other, hold=Duration(0))
    await one.until(lambda: one.spans("evaluate tone"))
    for world in (one, two):
        [known] = (await world.judging.take([copy(), selected(2, judge)])).values()
        assert known.coverage is CoverageOutcome.JUDGED
        assert [answer.results[0].name for answer in known.answers] == ["tone"]
    assert len(judge.judge.asked) == 1, "nothing was taken of a request with a span that is known"
    assert await one.counts() == {"seen": 2, "judged": 1, "filtered": 1}


async def test_outcomes_that_are_final_are_counted_with_the_job_and_never_again(make_world):
    judge, other = spec(ScriptedJudge(says=never)), spec(ScriptedJudge("second"))
    world = await make_world(judge, other)
    one = selected(1, judge, outcomes=((other, CoverageOutcome.SAMPLED_OUT),))
    await world.take(one)
    world.judging.note(one.evaluated)
    assert await world.counts() == {"seen": 2, "pending": 1, "sampled_out": 1}


async def test_memory_of_the_store_is_bounded_in_spans_and_hours(make_world, monkeypatch):
    monkeypatch.setattr(judge_known, "SPANS", 3)
    judge, clock = spec(ScriptedJudge()), ManualClock()
    world = await make_world(judge, clock=clock, start=False)

    async def known() -> int:
        return await world.store.store._do(lambda c: c.execute("SELECT count(*) FROM known").fetchone()[0])

    await world.take(*(selected(number, judge, held=False) for number in range(1, 6)))
    assert await known() == 3
    clock.advance(3 * 3600)
    await world.take(selected(6, judge, held=False))
    assert await known() == 1


@pytest.mark.parametrize("held", [True, False])
async def test_a_span_that_came_again_stays_though_its_first_sender_went_away(make_world, held):
    judge = spec(ScriptedJudge())
    world = await make_world(judge)
    other = await make_world(judge, owner="worker-1")
    slow = world.judging._store = SlowStore(world.store.store)
    slow.before.set()
    taking = asyncio.create_task(world.take(selected(1, judge, held=held), selected(2, judge, held=held)))
    while not await other.store.store.ledger():
        pass  # each look waits for a transaction
    assert await other.judging.take([selected(1, judge, held=held)])
    taking.cancel()
    slow.after.set()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await world.until(lambda: world.spans("call 1" if held else "evaluate tone"))
    assert await world.counts() == {"seen": 1, "judged": 1}, "and the other one is forgotten"


async def test_copies_fail_with_the_first_when_the_disk_does_not_take_it(make_world):
    judge = spec(ScriptedJudge())
    world = await make_world(judge)
    world.store.failing = {"take"}
    outcomes = await asyncio.gather(
        *(world.judging.take([selected(1, judge)]) for _ in range(2)), return_exceptions=True
    )
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    world.store.failing = set()
    assert await world.judging.take([selected(1, judge)]) == {}, "nothing of it was kept"
    assert await world.counts() in ({"seen": 1, "pending": 1}, {"seen": 1, "judged": 1})


async def test_the_plan_by_which_a_span_was_taken_holds_when_it_is_sent_again(make_world):
    judge, other = spec(ScriptedJudge()), spec(ScriptedJudge("second"))
    world = await make_world(judge, other, start=False)
    one = selected(1, judge, outcomes=((other, CoverageOutcome.SAMPLED_OUT),), held=False)
    await world.take(one)
    assert world.judging.may_know(*one.key[:2])
    again = world.judging.first_plan(one.key)
    assert [chosen.spec for chosen in again.selected] == [judge]
    assert again.outcomes == ((other, CoverageOutcome.SAMPLED_OUT),)
    assert again.case is None, "its texts are not kept"


async def test_memory_of_what_was_taken_is_bounded(make_world, monkeypatch):
    monkeypatch.setattr("otel_evals.engine.judging._REMEMBERED", 3)
    judge = spec(ScriptedJudge())
    world = await make_world(judge, start=False)
    spans = [selected(number, judge, held=False) for number in range(1, 6)]
    await world.take(*spans)
    assert [world.judging.first_plan(span.key) is not None for span in spans] == [False, False, True, True, True]
    assert [world.judging.may_know(*span.key[:2]) for span in spans] == [False, False, True, True, True]


async def test_a_store_that_holds_its_bytes_takes_no_more_until_some_have_gone(make_world):
    judge, clock = spec(ScriptedJudge()), ManualClock()
    used = 1 << 20
    world = await make_world(judge, clock=clock, max_disk=ByteSize(used), concurrency=1, start=False)
    big = selected(1, judge, held=False, case=JudgeCase(exchange=exchange(answer="y" * (used // 2))))
    more = selected(2, judge, held=False, case=JudgeCase(exchange=exchange(answer="y" * (used // 2))))
    await world.take(big)
    assert not world.judging.is_full
    with pytest.raises(StoreFull):
        await world.take(more)
    assert world.judging.is_full, "so that nobody asks for every request"
    assert await world.counts() == {"seen": 1, "pending": 1}, "nothing of it was kept"
    await world.judging.start()
    await world.until(lambda: world.spans("evaluate tone"))
    clock.advance(1)
    assert not world.judging.is_full
    await world.take(more)
