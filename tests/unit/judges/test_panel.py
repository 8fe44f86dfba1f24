import asyncio

import pytest

from otel_evals.judges.panel import Panel
from otel_evals.judges.settings import Vote
from otel_evals.plugins.protocols import Judge
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Exchange, Usage
from otel_evals.records.judging import Estimate, JudgeCase, JudgeFailure, Need, Target, Verdict

CASE = JudgeCase(exchange=Exchange())
DOWN = JudgeFailure(
    "down",
    outcome=CoverageOutcome.UNPARSEABLE,
    error_type="empty_answer",
    usage=Usage(input_tokens=7, output_tokens=0),
    cost=0.25,
)


class Member:
    """A judge that says one thing."""

    def __init__(self, says, *, name="tone", target=Target.EXCHANGE, needs=frozenset(), version="1"):
        self.says, self.name, self.target, self.needs, self.version = says, name, target, needs, version
        self.closed = False

    def estimate(self, case):
        return Estimate(calls=1, tokens=100, cost=0.5)

    async def judge(self, case):
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    async def close(self):
        self.closed = True


def says(label: Label, score: float | None = None, **fields) -> Verdict:
    fields = {"usage": Usage(input_tokens=10, output_tokens=1), "cost": 1.0, "model": "m", **fields}
    return Verdict(label=label, score=float(label is Label.PASS) if score is None else score, **fields)


PASS, FAIL = says(Label.PASS, explanation="fine"), says(Label.FAIL, explanation="bad")


def panel(*members, vote=Vote.MAJORITY, **settings) -> Panel:
    crashes = []
    named = {f"m{number}": m if hasattr(m, "judge") else Member(m) for number, m in enumerate(members)}
    return Panel(named, vote, on_crash=lambda *crash: crashes.append(crash), **settings)


@pytest.mark.parametrize(
    ("vote", "members", "label", "score"),
    [
        (Vote.MAJORITY, (PASS, PASS, FAIL), Label.PASS, 2 / 3),
        (Vote.MAJORITY, (PASS, FAIL, FAIL), Label.FAIL, 1 / 3),
        (Vote.MAJORITY, (PASS, FAIL), Label.FAIL, 0.5),
        (Vote.MAJORITY, (PASS, PASS, DOWN), Label.PASS, 1.0),
        (Vote.MEAN, (says(Label.FAIL, 0.4), says(Label.PASS, 0.9)), Label.PASS, 0.65),
        (Vote.MEAN, (says(Label.FAIL, 0.4), says(Label.FAIL, 0.4), says(Label.PASS, 0.5)), Label.FAIL, 1.3 / 3),
        (Vote.ALL, (PASS, PASS, PASS), Label.PASS, 1.0),
        (Vote.ALL, (PASS, PASS, FAIL), Label.FAIL, 0.0),
        (Vote.ALL, (DOWN, PASS, FAIL), Label.FAIL, 0.0),
    ],
)
async def test_the_verdict_follows_from_the_votes(vote, members, label, score):
    verdict = await panel(*members, vote=vote).judge(CASE)
    assert (verdict.label, verdict.score) == (label, pytest.approx(score))
    assert verdict.explanation in {PASS.explanation if label is Label.PASS else FAIL.explanation, ""}


@pytest.mark.parametrize(
    ("vote", "members"),
    [
        (Vote.MAJORITY, (PASS, DOWN)),
        (Vote.MAJORITY, (PASS, DOWN, DOWN)),
        (Vote.MEAN, (PASS, PASS, DOWN, DOWN)),
        (Vote.ALL, (PASS, PASS, DOWN)),
        (Vote.ALL, (DOWN, DOWN)),
    ],
)
async def test_too_few_votes_are_a_failure_with_what_they_cost(vote, members):
    with pytest.raises(JudgeFailure) as caught:
        await panel(*members, vote=vote).judge(CASE)
    failed = members.count(DOWN)
    assert (caught.value.outcome, caught.value.error_type) == (CoverageOutcome.UNPARSEABLE, "empty_answer")
    assert caught.value.cost == pytest.approx(0.25 * failed + 1.0 * (len(members) - failed))
    assert caught.value.usage.input_tokens == 7 * failed + 10 * (len(members) - failed)


async def test_the_members_verdicts_are_kept_with_their_names_and_all_is_paid():
    verdict = await panel(PASS, DOWN, FAIL, PASS).judge(CASE)
    assert [(one.member, one.label) for one in verdict.members] == [
        ("m0", Label.PASS),
        ("m2", Label.FAIL),
        ("m3", Label.PASS),
    ]
    assert verdict.cost == pytest.approx(3.25)
    assert verdict.usage.input_tokens == 37


async def test_a_cost_is_unknown_as_soon_as_one_is():
    assert (await panel(PASS, says(Label.PASS, cost=None)).judge(CASE)).cost is None


async def test_a_plug_in_that_breaks_does_not_stop_the_others():
    assert (await panel(PASS, PASS, ValueError("boom")).judge(CASE)).label is Label.PASS
    with pytest.raises(JudgeFailure) as caught:
        await panel(PASS, ValueError("boom")).judge(CASE)
    assert caught.value.error_type == "judge_error"
    assert "boom" not in str(caught.value)


async def test_members_run_at_one_time():
    meeting = asyncio.Barrier(3)

    class Meeting(Member):
        async def judge(self, case):
            await meeting.wait()
            return self.says

    assert (await panel(Meeting(PASS), Meeting(PASS), Meeting(PASS)).judge(CASE)).label is Label.PASS


async def test_a_cancelled_panel_leaves_no_member_running():
    began, ended = asyncio.Event(), asyncio.Event()

    class Endless(Member):
        async def judge(self, case):
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    voting = asyncio.ensure_future(panel(PASS, Endless(PASS)).judge(CASE))
    await began.wait()
    voting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await voting
    await ended.wait()


async def test_one_mismatched_member_marks_the_verdict_and_different_models_leave_none():
    verdict = await panel(PASS, says(Label.PASS, model="other", mismatched=True)).judge(CASE)
    assert verdict.mismatched
    assert verdict.model is None


def test_the_version_follows_members_and_vote():
    versions = {
        panel(PASS, PASS).version,
        panel(PASS, Member(PASS, version="2")).version,
        panel(PASS, PASS, vote=Vote.ALL).version,
        panel(PASS, PASS, vote=Vote.MEAN, threshold=0.7).version,
        panel(PASS, PASS, PASS).version,
    }
    assert len(versions) == 5


async def test_it_is_a_judge_that_needs_takes_and_closes_what_its_members_do():
    members = [Member(PASS, needs=frozenset({Need.ANSWER})), Member(PASS, needs=frozenset({Need.QUESTION}))]
    whole = panel(*members)
    assert isinstance(whole, Judge)
    assert whole.needs == {Need.ANSWER, Need.QUESTION}
    assert whole.estimate(CASE) == Estimate(calls=2, tokens=200, cost=1.0)
    await whole.close()
    assert all(member.closed for member in members)


@pytest.mark.parametrize(
    "members",
    [(PASS,), (PASS, Member(PASS, name="other")), (PASS, Member(PASS, target=Target.AGENT))],
)
def test_members_that_do_not_decide_one_thing_are_refused(members):
    with pytest.raises(ConfigurationError):
        panel(*members)
