"""How a judgement ended: a verdict of another model is none, and a failure is never a score."""

import msgspec

from otel_evals.engine.verdicts import failed, given_up, judged
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.exchange import Usage
from otel_evals.records.judging import JudgeFailure
from tests.unit.engine.judge_rig import ALWAYS, GOOD, ScriptedJudge, spec

JUDGE = spec(ScriptedJudge())


def test_a_verdict_becomes_a_result_with_its_probability():
    [result] = judged(GOOD).results(JUDGE, ALWAYS)
    assert (result.label.value, result.score, result.sampling_probability) == ("pass", 1.0, 0.5)
    assert (result.evaluator_id, result.evaluator_version, result.evaluator_model) == ("tone", "v1", "m-1")
    assert not result.shadow


def test_a_verdict_of_another_model_is_a_failure_that_was_paid_for():
    ended = judged(msgspec.structs.replace(GOOD, mismatched=True, usage=Usage(input_tokens=7)))
    assert ended.coverage is CoverageOutcome.JUDGE_ERROR
    assert ended.mismatched
    assert ended.results(JUDGE, ALWAYS) == ()
    assert (ended.usage.input_tokens, ended.cost) == (7, 0.5)
    failure = ended.failure(JUDGE, ALWAYS)
    assert (failure.error_type, failure.evaluator_model) == ("model_mismatch", "m-1")


def test_members_of_a_panel_are_shadows_under_names_of_their_own():
    members = (msgspec.structs.replace(GOOD, member="a"), msgspec.structs.replace(GOOD, member="b"))
    ended = judged(msgspec.structs.replace(GOOD, members=members))
    results = ended.results(JUDGE, ALWAYS)
    assert [(r.evaluator_id, r.shadow) for r in results] == [("tone", False), ("tone.a", True), ("tone.b", True)]
    assert ended.calls == 2


def test_an_answer_from_the_cache_took_no_call():
    assert judged(msgspec.structs.replace(GOOD, cached=True)).calls == 0


def test_a_failure_keeps_what_it_cost():
    failure = JudgeFailure(
        "cut", outcome=CoverageOutcome.UNPARSEABLE, error_type="cut", usage=Usage(output_tokens=9), cost=0.1
    )
    ended = failed(failure)
    assert (ended.coverage.value, ended.error_type, ended.usage.output_tokens, ended.cost) == (
        "unparseable", "cut", 9, 0.1,
    )  # fmt: skip


def test_who_was_not_asked_has_not_failed_and_cost_nothing():
    ended = given_up(CoverageOutcome.OVER_BUDGET, "used up")
    assert (ended.was_asked, ended.cost, ended.calls) == (False, 0.0, 0)
    asked = given_up(CoverageOutcome.TIMEOUT, "too late", calls=1)
    assert (asked.was_asked, asked.cost, asked.error_type) == (True, None, "timeout")
