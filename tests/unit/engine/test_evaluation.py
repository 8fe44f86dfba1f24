"""The evaluator beside its checks: what one span may cost, and what becomes of the rest."""

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from otel_evals.engine.evaluation import Evaluation, Evaluator, VersionedCheck
from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, Label, failed, passed
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.routing.router import Router
from otel_evals.routing.settings import RiskSettings
from otel_evals.text.patterns import Pattern
from otel_evals.text.scan import Scan


@dataclass
class HandClock:
    """Moves when it is told to."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return int(self.now * 1e9)


@dataclass(frozen=True, kw_only=True)
class Costly:
    """A check that takes `cost` seconds of a clock."""

    name: str
    cost: float
    clock: HandClock = field(compare=False)
    band: ClassVar[RiskBand | None] = RiskBand.HIGH
    needs_content: ClassVar[bool] = True

    def patterns(self) -> tuple[Pattern, ...]:
        return ()

    def evaluate(self, scan: Scan) -> Finding | None:
        self.clock.now += self.cost
        return failed("Bad.", 0.25) if "bad" in scan.answer else passed()


EXCHANGE = Exchange(choices=(Choice(message=Message(role="assistant", text="good")),))
TWO = Exchange(choices=(*EXCHANGE.choices, Choice(message=Message(role="assistant", text="bad"))))


def _evaluator(clock: HandClock, budget: float | None, request_budget: float = math.inf) -> Evaluator:
    checks = [Costly(name=name, cost=0.2, clock=clock) for name in ("first", "second", "third")]
    bands = {check.name: check.band for check in checks}
    return Evaluator(
        [VersionedCheck(c, "v1") for c in checks],
        Router(RiskSettings(), bands),
        clock=clock,
        budget=budget,
        request_budget=request_budget,
    )


def test_checks_that_are_left_when_the_time_is_up_fail_with_timeout():
    found = _evaluator(HandClock(), 0.3).evaluate(EXCHANGE)
    assert [r.name for r in found.results] == ["first", "second"]
    assert [(f.name, f.error_type, f.evaluator_version) for f in found.failures] == [("third", "timeout", "v1")]


def test_each_span_has_the_whole_budget():
    evaluator = _evaluator(HandClock(), 1.0)
    assert [len(evaluator.evaluate(EXCHANGE).results) for _ in range(3)] == [3, 3, 3]


def test_the_spans_of_one_request_have_one_budget_together():
    clock = HandClock()
    evaluator = _evaluator(clock, 1.0, request_budget=0.9)
    start, found = clock.monotonic(), []
    for _ in range(3):
        evaluation = evaluator.evaluate(EXCHANGE, worked=clock.monotonic() - start)
        found.append((len(evaluation.results), [failure.error_type for failure in evaluation.failures]))
    assert found == [(3, []), (2, ["timeout"]), (0, ["timeout"] * 3)]


def test_without_a_budget_no_check_is_left_out():
    found = _evaluator(HandClock(), None).evaluate(EXCHANGE)
    assert (len(found.results), found.failures) == (3, ())


def test_its_unbounded_twin_has_no_budget():
    evaluator = _evaluator(HandClock(), 0.3)
    assert len(evaluator.unbounded().evaluate(EXCHANGE).results) == 3
    assert len(evaluator.evaluate(EXCHANGE).failures) == 1


def test_the_worst_choice_is_the_result():
    found = _evaluator(HandClock(), None).evaluate(TWO)
    assert {(r.label, r.score, r.explanation) for r in found.results} == {("fail", 0.25, "Bad.")}


class Panic(BaseException):
    """What an extension in Rust raises."""


@dataclass(frozen=True, kw_only=True)
class Odd:
    """A check of a plug-in that finds what it is given, or raises it."""

    found: Any
    name: ClassVar[str] = "odd"
    band: ClassVar[RiskBand | None] = RiskBand.HIGH
    needs_content: ClassVar[bool] = True

    def patterns(self) -> tuple[Pattern, ...]:
        return ()

    def evaluate(self, scan: Scan) -> Any:
        if isinstance(self.found, BaseException):
            raise self.found
        return self.found


def _beside(odd: Odd) -> Evaluation:
    checks = [odd, Costly(name="sound", cost=0.0, clock=HandClock())]
    return Evaluator([VersionedCheck(c, "v1") for c in checks], Router(RiskSettings(), {})).evaluate(EXCHANGE)


@pytest.mark.parametrize(
    ("found", "error"),
    [
        ("yes", "AttributeError"),
        (Finding(label=Label.FAIL, score=math.nan), "ValueError"),
        (Finding(label=Label.FAIL, score=7.0), "ValueError"),
        (Finding(label="bad", score=0.5), "ValueError"),
        (Finding(label=Label.FAIL, score=None), "TypeError"),
        (SystemExit(3), "SystemExit"),
        (Panic("index out of bounds"), "Panic"),
    ],
)
def test_nonsense_from_one_check_is_its_own_failure_and_costs_no_other_check(found, error):
    evaluation = _beside(Odd(found=found))
    assert [(failure.name, failure.error_type) for failure in evaluation.failures] == [("odd", error)]
    assert [result.name for result in evaluation.results] == ["sound"]


def test_an_explanation_is_bounded_and_can_be_encoded():
    evaluation = _beside(Odd(found=failed("\ud800" + "x" * 100_000, 0.5)))
    assert evaluation.results[0].explanation == "?" + "x" * 999
