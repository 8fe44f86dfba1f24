"""The latest failure of each check, seen as the spans are evaluated in this process.

`LatestFailures.observe` is handed to the pipeline and runs on the data path: it looks at labels, keeps the latest
failure of each check, and drops the rest.
"""

from collections.abc import Sequence

import msgspec

from otel_evals.engine.evaluated import Evaluated
from otel_evals.records.evaluation import Label
from otel_evals.view.legible import legible


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One failing evaluation. The explanation never quotes content."""

    check: str
    model: str
    prompt: str
    service: str
    explanation: str
    trace_id: str
    order: int
    """Counts failures as they come."""


class LatestFailures:
    """One failure a check, the latest."""

    def __init__(self) -> None:
        self._by_check: dict[str, Failure] = {}
        self._seen = 0

    def observe(self, spans: Sequence[Evaluated]) -> None:
        """Keep what failed among `spans`."""
        for span in spans:
            for result in span.evaluation.results:
                if result.label is Label.FAIL:
                    self._keep(span, result.name, result.explanation)

    def _keep(self, span: Evaluated, check: str, explanation: str) -> None:
        exchange = span.exchange
        self._seen += 1
        self._by_check[check] = Failure(
            check=check,
            model=legible(exchange.request_model or exchange.response_model or ""),
            prompt=legible(f"{exchange.prompt_name or ''} {span.prompt_version}".strip()),
            service=legible(exchange.service_name or ""),
            explanation=legible(explanation),
            trace_id=exchange.trace_id.hex(),
            order=self._seen,
        )

    def latest(self) -> list[Failure]:
        """Newest first."""
        found = list(self._by_check.values())  # one step: the view asks from another thread
        return sorted(found, key=lambda f: -f.order)
