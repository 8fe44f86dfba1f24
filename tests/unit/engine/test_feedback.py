"""Words of users: how they are read and counted, and how they bring spans to judges."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.evaluation import Evaluation
from otel_evals.engine.feedback import Feedback, FeedbackReader
from otel_evals.engine.late_feedback import LateFeedback, said
from otel_evals.engine.plan import JudgeSpec, Planner, Stateless
from otel_evals.engine.recent import EarlyWords, RecentSpans
from otel_evals.records.decision import CoverageOutcome, Decision, RiskBand, Route
from otel_evals.records.exchange import Exchange
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.records.judging import Need, SamplingDecision
from otel_evals.records.span import SpanView
from otel_evals.sampling.match import MatchSettings
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import SamplingRule, SamplingSettings
from otel_evals.spool.judge_store import JudgeStore
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters
from otel_evals.testing.builders import logs_body, span_id, trace_id
from otel_evals.testing.clock import ManualClock
from tests.unit.engine.judge_rig import ScriptedJudge, World, exchange

DOWN, EDIT = FeedbackSignal.THUMBS_DOWN, FeedbackSignal.EDIT
RESULT = "gen_ai.evaluation.result"
USER = {"otel_evals.evaluator.type": "user"}
SAMPLER = Sampler(
    SamplingSettings(
        rules=(
            SamplingRule(name="feedback", match=MatchSettings(feedback=(DOWN,)), rate=1.0),
            SamplingRule(
                name="edited", match=MatchSettings(feedback=(EDIT,), attributes={"tier": ("gold",)}), rate=1.0
            ),
            SamplingRule(name="baseline", rate=1e-9),
        )
    )
)


def total(meters: Meters, instrument: Any, **labels: str) -> float:
    for series in meters.snapshot().series:
        if series.instrument.name == instrument.name:
            keys = [key.replace(".", "_") for key in series.instrument.keys]
            return sum(v for k, v in series.values if labels.items() <= dict(zip(keys, k, strict=False)).items())
    return 0.0


# Reading


def heard(body: bytes) -> tuple[list[Feedback], Meters]:
    found: list[Feedback] = []
    meters = Meters()
    reader = FeedbackReader(meters, found.append)
    reader.read(body)
    reader.read(body)
    return found, meters


def test_a_signal_is_read_with_what_it_says_of_its_answer_and_counted_once() -> None:
    more = {"gen_ai.response.id": "r-1", "gen_ai.conversation.id": "c-1", "otel_evals.feedback.signal": "regenerate"}
    found, meters = heard(logs_body((RESULT, None, {**USER, **more}), trace=7, span=8))
    [one] = found
    assert (one.signal, one.trace_id, one.span_id) == (FeedbackSignal.REGENERATE, trace_id(7), span_id(8))
    assert (one.response_id, one.conversation_id) == ("r-1", "c-1")
    assert one.at_ns > 0
    signal = {"otel_evals_feedback_signal": "regenerate", "service_name": "shop"}
    assert total(meters, catalogue.FEEDBACK, **signal) == 1


@pytest.mark.parametrize(("label", "signal"), [("pass", FeedbackSignal.THUMBS_UP), ("fail", DOWN)])
def test_a_label_without_a_signal_is_a_thumb(label, signal) -> None:
    found, _ = heard(logs_body(("", None, {**USER, "event.name": RESULT, "gen_ai.evaluation.score.label": label})))
    assert [one.signal for one in found] == [signal]


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        (RESULT, {"otel_evals.evaluator.type": "llm_judge", "gen_ai.evaluation.score.label": "fail"}),
        (RESULT, {**USER, "otel_evals.feedback.signal": "shrug", "gen_ai.evaluation.score.label": "fail"}),
        (RESULT, {**USER, "otel_evals.feedback.signal": 7}),
        ("another.event", {**USER, "otel_evals.feedback.signal": "edit"}),
    ],
    ids=["a-judge", "an-unknown-signal", "no-text", "another-event"],
)
def test_what_is_no_signal_of_a_user_is_left_alone(name, attributes) -> None:
    found, meters = heard(logs_body((name, None, attributes)))
    assert found == []
    assert total(meters, catalogue.FEEDBACK) == 0


def test_ids_of_zeros_are_no_ids() -> None:
    [one], _ = heard(logs_body((RESULT, None, {**USER, "otel_evals.feedback.signal": "edit"}), trace=0, span=0))
    assert (one.trace_id, one.span_id) == (b"", b"")


# What follows


class Hearing:
    """Spans that no rate samples, and a judge that feedback may bring them to."""

    def __init__(self, store: JudgeStore, judge: ScriptedJudge, **more: Any) -> None:
        self.judge = judge
        self.spec = JudgeSpec(id=judge.name, judge=judge, sampler=SAMPLER, **more)
        self.world = World(store, self.spec)
        self.early = EarlyWords(60.0, ManualClock())
        self.planner = Planner([self.spec], Stateless(), feedback=lambda e: said(self.early, e))
        recent = RecentSpans(1 << 20, 60.0, ManualClock())
        self.late = LateFeedback(self.planner, self.world.judging, recent, self.early, self.world.tasks)

    def span(self, number: int = 1, **attributes: str) -> Evaluated:
        one = msgspec.structs.replace(exchange(number), response_id=f"r-{number}", conversation_id="c")
        evaluation = Evaluation(results=(), failures=(), decision=Decision(band=RiskBand.LOW, route=Route.PASS))
        view = SpanView(trace_id=one.trace_id, span_id=one.span_id, attributes=attributes)
        plan = self.planner.plan(view, one, evaluation, version="v1")
        return Evaluated(exchange=one, evaluation=evaluation, coverage=plan.coverage(), plan=plan, prompt_version="v1")

    def pass_by(self, *spans: Evaluated) -> None:
        """What the pipeline does with spans that are safe."""
        for span in spans:
            self.world.judging.note(span)
        self.late.remember(spans)

    async def counts(self) -> dict[str, int]:
        await self.world.ledger.flush()
        [found] = await self.world.judging._store.ledger()
        assert found.adds_up
        return {"seen": found.seen, **{k: v for k, v in found.outcomes.items() if v}}


@pytest.fixture
async def hearing(tmp_path: Path) -> AsyncIterator[Hearing]:
    store = await JudgeStore.open(tmp_path / "judge.sqlite", "one")
    made = Hearing(store, ScriptedJudge())
    await made.world.judging.start()
    yield made
    await made.world.tasks.close()
    await store.close()
    assert made.world.crashes == []


def word(number: int = 1, signal: FeedbackSignal = DOWN) -> Feedback:
    return Feedback(signal=signal, trace_id=trace_id(number), span_id=span_id(1))


async def test_a_word_judges_a_span_late_once_and_its_one_outcome_moves(hearing) -> None:
    hearing.pass_by(hearing.span())
    assert hearing.late.hear(word())
    assert hearing.late.hear(word())
    await hearing.world.until(lambda: hearing.world.judgements)
    [judgement] = hearing.world.judgements
    assert (judgement.outcome.sampling_probability, judgement.outcome.sampling_stratum) == (1.0, "feedback")
    await hearing.world.until(lambda: hearing.world.spans("evaluate tone"))
    assert len(hearing.judge.asked) == 1
    assert await hearing.counts() == {"seen": 1, "judged": 1}
    meters = hearing.world.meters
    assert total(meters, catalogue.EVALUATIONS) == 1
    assert total(meters, catalogue.EVALUATIONS_WEIGHTED) == 0
    assert total(meters, catalogue.COVERAGE) == 0, "the span was counted when it went by"
    assert total(meters, catalogue.COVERAGE_PENDING) == 0


@pytest.mark.parametrize("about", [{"response_id": "r-1"}, {"conversation_id": "c"}], ids=["response", "conversation"])
async def test_a_word_finds_its_span_by_other_ids_too(hearing, about) -> None:
    hearing.pass_by(hearing.span())
    assert hearing.late.hear(Feedback(signal=DOWN, **about))
    await hearing.world.until(lambda: hearing.world.judgements)


async def test_a_word_of_an_unknown_span_waits_for_it_and_joins_its_first_decision(hearing) -> None:
    assert not hearing.late.hear(word())
    span = hearing.span()
    assert [one.decision.stratum for one in span.plan.selected] == ["feedback"]
    hearing.pass_by(span)
    assert len(hearing.world.judging._work) == 0, "it is no late judgement beside that of its plan"


async def test_a_word_that_comes_while_its_span_is_on_its_way_is_not_lost(hearing) -> None:
    span = hearing.span()
    assert not hearing.late.hear(word())
    hearing.pass_by(span)
    await hearing.world.until(lambda: hearing.world.judgements)


async def test_a_rule_about_attributes_still_sees_them(hearing) -> None:
    hearing.pass_by(hearing.span(1, tier="gold"), hearing.span(2, tier="tin"))
    assert hearing.late.hear(word(2, EDIT))
    assert hearing.late.hear(word(1, EDIT))
    await hearing.world.until(lambda: hearing.world.judgements)
    assert [case.exchange.trace_id for case in hearing.judge.asked] == [trace_id(1)]
    assert hearing.late.hear(word(2, DOWN)), "another signal may still bring it"
    await hearing.world.until(lambda: len(hearing.judge.asked) == 2)


async def test_a_signal_that_no_rule_asks_about_changes_nothing_and_is_not_kept(hearing) -> None:
    assert hearing.late.hear(word(1, FeedbackSignal.COPY))
    assert hearing.early.about(exchange(1)) == ()


async def test_what_a_judge_needs_is_asked_of_late_spans_too(tmp_path) -> None:
    judge = ScriptedJudge()
    judge.needs = frozenset({Need.DOCUMENTS})
    store = await JudgeStore.open(tmp_path / "judge.sqlite", "one")
    made = Hearing(store, judge)
    made.pass_by(made.span())
    made.late.hear(word())
    assert await made.counts() == {"seen": 1, "sampled_out": 1}
    await made.world.tasks.close()
    await store.close()
    assert judge.asked == []


async def test_a_full_disk_costs_the_judgement_not_the_next_chance(hearing) -> None:
    hearing.pass_by(hearing.span(1, tier="gold"))
    hearing.world.store.failing.add("take")
    hearing.late.hear(word())
    await hearing.world.store.failure.wait()
    hearing.world.store.failing.clear()
    await hearing.world.until(lambda: hearing.late._recent.get((trace_id(1), span_id(1))).left)
    hearing.late.hear(word(1, EDIT))
    await hearing.world.until(lambda: hearing.world.judgements)
    assert await hearing.counts() == {"seen": 1, "judged": 1}


async def test_a_span_that_a_reservoir_has_let_go_is_judged_for_what_was_heard_meanwhile(hearing) -> None:
    span = hearing.span()
    [left] = span.plan.left
    waiting = msgspec.structs.replace(left, waits=True)
    plan = msgspec.structs.replace(span.plan, left=(), outcomes=(), selected=(waiting,))
    hearing.late.remember([msgspec.structs.replace(span, plan=plan)])
    hearing.late.hear(word())
    assert not hearing.judge.asked
    await hearing.world.judging._store.count({(*hearing.spec.key, CoverageOutcome.SAMPLED_OUT.value): 1}, 0)
    settled = SamplingDecision(selected=False, probability=0.2, stratum="hourly", uniform=0.5)
    hearing.late.left_out((trace_id(1), span_id(1)), hearing.spec, settled)
    await hearing.world.until(lambda: hearing.world.judgements)
    assert hearing.world.judgements[0].outcome.sampling_probability == 1.0
    assert await hearing.counts() == {"seen": 1, "judged": 1}


def test_an_exchange_without_words_is_no_news() -> None:
    assert said(EarlyWords(60.0, ManualClock()), Exchange()) is None
