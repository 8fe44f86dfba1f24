"""A board with believable figures, made through real meters."""

from typing import Any, cast

import pytest

from otel_evals.emit.evaluation_span import Judgement
from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.evaluation import Evaluation
from otel_evals.engine.judge_measure import JudgeMeasurements
from otel_evals.engine.measure import Measurements
from otel_evals.engine.plan import JudgeSpec
from otel_evals.plugins.protocols import Judge
from otel_evals.records.decision import CoverageOutcome, Decision, RiskBand, Route
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult, EvaluatorType, Label
from otel_evals.records.exchange import Exchange, Usage
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import SamplingSettings
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters
from otel_evals.testing.clock import ManualClock
from otel_evals.view.board import Addresses, Board, Judging, ShownJudge, Spending
from otel_evals.view.failures import LatestFailures

WHERE = ("",) * len(catalogue.SLICE_KEYS)
CHECKS = (
    "non_empty", "complete", "structured_output", "citation_integrity", "retrieval_support", "answered",
    "wrong_refusal", "pii", "secrets", "prompt_injection", "tool_calls", "language", "repetition", "user_pushback",
)  # fmt: skip


def evaluated(number: int, *, model="gpt-4.1-mini", version="3", failing=(), checks=CHECKS, said="It fails."):
    results = tuple(
        EvaluationResult(
            name=name,
            label=Label.FAIL if name in failing else Label.PASS,
            score=0.0 if name in failing else 1.0,
            explanation=said if name in failing else "",
            evaluator_id=name,
            evaluator_version="v1",
        )
        for name in checks
    )
    band = RiskBand.HIGH if failing else RiskBand.LOW
    return Evaluated(
        exchange=Exchange(
            trace_id=number.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            request_model=model,
            prompt_name="support-answer",
            service_name="shop",
        ),
        evaluation=Evaluation(
            results=results, failures=(), decision=Decision(band=band, route=Route.PASS, reasons=tuple(failing))
        ),
        coverage=CoverageOutcome.DISABLED,
        prompt_version=version,
    )


class NamedJudge:
    """A judge as far as measurements look at it."""

    def __init__(self, name: str) -> None:
        self.name, self.version = name, "v1"


def spec(judge_id: str, *, name: str = "faithfulness", shadow: bool = False) -> JudgeSpec:
    return JudgeSpec(
        id=judge_id, judge=cast("Judge", NamedJudge(name)), sampler=Sampler(SamplingSettings()), shadow=shadow
    )


def judgement(
    judge: JudgeSpec, number: int, *, fails: bool, probability: float, lag: float, error: str | None
) -> Judgement:
    said: dict[str, Any] = {
        "name": judge.judge.name,
        "evaluator_id": judge.id,
        "evaluator_version": "v1",
        "evaluator_type": EvaluatorType.LLM_JUDGE,
        "sampling_probability": probability,
        "shadow": judge.shadow,
    }
    if error is None:
        label = Label.FAIL if fails else Label.PASS
        outcome = EvaluationResult(label=label, score=0.0 if fails else 1.0, explanation="", **said)
    else:
        outcome = EvaluationFailure(error_type=error, message="the answer is no verdict", **said)
    return Judgement(
        outcome=outcome,
        coverage=CoverageOutcome.UNPARSEABLE if error else CoverageOutcome.JUDGED,
        trace_id=number.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        response_id=None,
        resource=b"",
        started_ns=0,
        ended_ns=0,
        lag=lag,
        usage=Usage(),
        cost=0.001,
        request_model="m",
        calls=1,
    )


class Desk:
    """A board, and the meters and clock behind it."""

    def __init__(self, **board) -> None:
        self.clock, self.meters = ManualClock(), Meters()
        self.measurements = Measurements(self.meters, {})
        self.failures = LatestFailures()
        settings = {"demo": True, "workers": 1, "destinations": ()} | board
        self.board = Board(failures=self.failures, clock=self.clock, **settings)
        self.board.addresses = Addresses(
            grpc="127.0.0.1:4317", http="http://127.0.0.1:4318", metrics="http://127.0.0.1:9464/metrics"
        )
        self._number = 0
        self._judgements = JudgeMeasurements(self.meters, self.measurements, self.board.troubles.observe)
        self._judged: dict[str, int] = {}

    def see(self, times: int = 1, **of) -> None:
        spans = []
        for _ in range(times):
            self._number += 1
            spans.append(evaluated(self._number, **of))
        self.measurements.evaluated(spans, 0)
        self.failures.observe(spans)
        self.meters.add(catalogue.SPANS, 4 * times, "received")

    def judge(
        self,
        times: int = 1,
        *,
        judge: JudgeSpec,
        fails: bool = False,
        probability: float = 0.5,
        lag: float = 0.8,
        error: str | None = None,
    ) -> None:
        """So many judgements of spans of their own, or of those of another judge that came in the same order."""
        for _ in range(times):
            seen = self._judged.get(judge.id, 0)
            self._judged[judge.id] = seen + 1
            self._judgements.ended(
                judge,
                judgement(judge, seen, fails=fails, probability=probability, lag=lag, error=error),
                WHERE,
                mismatched=False,
            )

    def sampled_out(self, judge: JudgeSpec, times: int) -> None:
        for _ in range(times):
            self._judgements.outcome(judge, CoverageOutcome.SAMPLED_OUT, WHERE)

    def tick(self, seconds: float = 1.0) -> Board:
        self.clock.advance(seconds)
        self.board.refresh(self.meters.snapshot())
        return self.board


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def make_desk():
    return Desk


@pytest.fixture
def busy(desk) -> Board:
    desk.tick()
    desk.see(90)
    desk.see(60, version="4")
    desk.see(20, version="4", failing=("citation_integrity",), said="1 of 2 citations names an unknown source.")
    desk.see(30, model="claude-haiku-4-5")
    desk.see(2, model="claude-haiku-4-5", failing=("pii",), said="The answer holds 1 e-mail address.")
    return desk.tick(10)


SCRIPTED = Judging(
    judges=(ShownJudge(id="faithfulness"), ShownJudge(id="faithfulness_next", shadow=True)),
    label="scripted judge, errs on purpose",
    spendings=(Spending(judge="", period="today", unit="USD", used=0.0123, limit=2.0),),
)


@pytest.fixture
def judge() -> JudgeSpec:
    return spec("faithfulness")


@pytest.fixture
def shadow() -> JudgeSpec:
    return spec("faithfulness_next", shadow=True)


@pytest.fixture
def judging(make_desk, judge, shadow) -> Desk:
    """A desk with two judges that have seen enough."""
    desk = make_desk(judging=SCRIPTED)
    desk.see(200)
    desk.judge(60, judge=judge)
    desk.judge(20, judge=judge, fails=True, probability=1.0, lag=4.0)
    desk.judge(50, judge=shadow)
    desk.judge(30, judge=shadow, fails=True)
    desk.judge(3, judge=judge, error="unreadable_answer")
    desk.sampled_out(judge, 117)
    return desk
