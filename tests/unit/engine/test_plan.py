"""One word for the outcomes of several judges."""

import pytest

from otel_evals.engine.plan import Plan, Selection, combined
from otel_evals.records.decision import CoverageOutcome as Outcome
from tests.unit.engine.judge_rig import ALWAYS, ScriptedJudge, spec

ACTIVE, SHADOW = spec(ScriptedJudge()), spec(ScriptedJudge(), shadow=True, id="next")


@pytest.mark.parametrize(
    ("outcomes", "word"),
    [
        ([], "disabled"),
        ([Outcome.SAMPLED_OUT, Outcome.FILTERED], "sampled_out"),
        ([Outcome.JUDGED, Outcome.PENDING], "pending"),
        ([Outcome.TIMEOUT, Outcome.JUDGED], "judged"),
        ([Outcome.OVER_BUDGET, Outcome.JUDGE_ERROR], "judge_error"),
    ],
    ids=["none", "not asked", "open", "answered", "failed"],
)
def test_what_is_open_comes_first_then_what_was_reached(outcomes, word):
    assert combined(outcomes).value == word


def test_a_shadow_says_nothing_about_the_span():
    plan = Plan(outcomes=((ACTIVE, Outcome.FILTERED),), selected=(Selection(SHADOW, ALWAYS),))
    assert plan.coverage() is Outcome.FILTERED


def test_selected_judges_that_cannot_be_asked_have_ended():
    plan = Plan(outcomes=((SHADOW, Outcome.FILTERED),), selected=(Selection(ACTIVE, ALWAYS),))
    given_up = plan.given_up(Outcome.RATE_LIMITED)
    assert given_up.selected == ()
    assert {one.id: outcome.value for one, outcome in given_up.outcomes} == {
        "next": "filtered",
        "tone": "rate_limited",
    }
    assert given_up.coverage() is Outcome.RATE_LIMITED
