"""A board with believable figures, made through real meters."""

import pytest

from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.evaluation import Evaluation
from otel_evals.engine.measure import Measurements
from otel_evals.records.decision import CoverageOutcome, Decision, RiskBand, Route
from otel_evals.records.evaluation import EvaluationResult, Label
from otel_evals.records.exchange import Exchange
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters
from otel_evals.testing.clock import ManualClock
from otel_evals.view.board import Addresses, Board
from otel_evals.view.failures import LatestFailures

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

    def see(self, times: int = 1, **of) -> None:
        spans = []
        for _ in range(times):
            self._number += 1
            spans.append(evaluated(self._number, **of))
        self.measurements.evaluated(spans, 0)
        self.failures.observe(spans)
        self.meters.add(catalogue.SPANS, 4 * times, "received")

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
