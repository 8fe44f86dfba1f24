"""The risk rule: worst band, reasons in a stable order, the configured route."""

import itertools

import pytest

from otel_evals.records.decision import RiskBand, Route
from otel_evals.records.evaluation import EvaluationResult, Label
from otel_evals.routing.router import Router
from otel_evals.routing.settings import RiskSettings

BANDS = {
    "pii": RiskBand.HIGH,
    "complete": RiskBand.HIGH,
    "language": RiskBand.MEDIUM,
    "repetition": RiskBand.MEDIUM,
    "user_pushback": RiskBand.MEDIUM,
    "answered": None,
}


def result(name: str, label: Label = Label.FAIL) -> EvaluationResult:
    return EvaluationResult(name=name, label=label, score=0.0, explanation="", evaluator_id=name, evaluator_version="1")


def decide(*names: str, **settings):
    return Router(RiskSettings(**settings), BANDS).decide([result(n) for n in names])


@pytest.mark.parametrize(
    ("failing", "band", "route"),
    [
        ((), RiskBand.LOW, Route.PASS),
        (("answered",), RiskBand.LOW, Route.PASS),
        (("language",), RiskBand.MEDIUM, Route.JUDGE),
        (("language", "repetition"), RiskBand.MEDIUM, Route.JUDGE),
        (("pii", "language"), RiskBand.HIGH, Route.HUMAN),
        (("unknown_plugin_without_band",), RiskBand.LOW, Route.PASS),
    ],
)
def test_the_worst_failing_band_decides(failing, band, route) -> None:
    decision = decide(*failing)
    assert (decision.band, decision.route) == (band, route)


def test_passing_results_carry_no_risk() -> None:
    decision = Router(RiskSettings(), BANDS).decide([result("pii", Label.PASS)])
    assert decision.band is RiskBand.LOW
    assert decision.reasons == ()


def test_reasons_come_worst_first_then_by_name_whatever_the_order_of_results() -> None:
    names = ("repetition", "complete", "language", "pii")
    found = {decide(*order).reasons for order in itertools.permutations(names)}
    assert found == {("complete", "pii", "language", "repetition")}


def test_many_independent_weak_signals_are_a_strong_one() -> None:
    medium = ("language", "repetition", "user_pushback")
    assert decide(*medium).band is RiskBand.HIGH
    assert decide(*medium, escalate=0).band is RiskBand.MEDIUM
    assert decide(*medium[:2], escalate=2).band is RiskBand.HIGH


def test_bands_and_routes_are_configuration() -> None:
    assert decide("answered", bands={"answered": RiskBand.MEDIUM}).band is RiskBand.MEDIUM
    assert decide("pii", bands={"pii": None}).band is RiskBand.LOW
    assert decide("pii", high=Route.BLOCK).route is Route.BLOCK


def test_nothing_is_ever_blocked_unless_the_configuration_says_so() -> None:
    routes = {decide(*names).route for n in range(len(BANDS)) for names in itertools.combinations(BANDS, n)}
    assert Route.BLOCK not in routes
