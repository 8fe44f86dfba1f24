"""The risk rule, explainable in a minute.

The band is the worst band among the failing evaluations; `escalate` or more different medium reasons make high. The
reasons are the failing names that carry a band, worst first, then by name. The route is the one configured for the
band. An evaluation that failed to run gives no band: it is counted on its own.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from otel_evals.records.decision import Decision, RiskBand
from otel_evals.records.evaluation import EvaluationResult, Label
from otel_evals.routing.settings import RiskSettings

_RANK: Final = {RiskBand.HIGH: 0, RiskBand.MEDIUM: 1, RiskBand.LOW: 2}


class Router:
    """Decides band, reasons and route from results. `bands` are the checks' own, by evaluation name."""

    def __init__(self, settings: RiskSettings, bands: Mapping[str, RiskBand | None]) -> None:
        self._bands = {**bands, **settings.bands}
        self._escalate = settings.escalate
        routes = {RiskBand.HIGH: settings.high, RiskBand.MEDIUM: settings.medium, RiskBand.LOW: settings.low}
        self._routes = routes
        self._clean = Decision(band=RiskBand.LOW, route=routes[RiskBand.LOW])

    def decide(self, results: Iterable[EvaluationResult]) -> Decision:
        """The decision that follows from `results`; their order does not matter."""
        banded = {
            (_RANK[band], result.name)
            for result in results
            if result.label is Label.FAIL and (band := self._bands.get(result.name)) is not None
        }
        if not banded:
            return self._clean
        ordered = sorted(banded)
        rank = ordered[0][0]
        if self._escalate and sum(r == _RANK[RiskBand.MEDIUM] for r, _ in ordered) >= self._escalate:
            rank = 0
        band = next(b for b, r in _RANK.items() if r == rank)
        return Decision(band=band, route=self._routes[band], reasons=tuple(name for _, name in ordered))
