"""From a span that was read to an evaluated one. Pure but for what the trace memory knows by now.

Called by the pipeline for every span that carries a result, and by `replay`, so that both decide alike.
"""

from collections.abc import Sequence

from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.evaluation import Evaluator
from otel_evals.engine.plan import Planner
from otel_evals.engine.reader import Reader, ReadSpan
from otel_evals.engine.traces import Traces
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.exchange import Content, Exchange
from otel_evals.slicing.settings import SliceKey, SliceOrigin
from otel_evals.slicing.versions import PromptVersions


class SpanEvaluator:
    """Assembles the exchange of a span, has it evaluated, and takes the values that metrics are cut by."""

    def __init__(
        self,
        reader: Reader,
        traces: Traces,
        versions: PromptVersions,
        slices: Sequence[SliceKey] = (),
        planner: Planner | None = None,
    ) -> None:
        self._reader = reader
        self._traces = traces
        self._versions = versions
        self._slices = tuple(slices)
        self._planner = planner

    def evaluate(self, read: ReadSpan, evaluator: Evaluator) -> Evaluated:
        """The span with its decision, by what is known of its trace now."""
        exchange = self._reader.exchange(read)
        fingerprint = self._versions.fingerprint(exchange)
        trace = self._traces.get(exchange.trace_id)
        evaluation = evaluator.evaluate(exchange)
        version = self._versions.label(exchange, fingerprint)
        extra = tuple([self._slice(key, read) for key in self._slices])
        plan = None
        if self._planner is not None:
            plan = self._planner.plan(read.span, exchange, evaluation, version=version, extra=extra)
        return Evaluated(
            exchange=exchange,
            evaluation=evaluation,
            coverage=_undecided(exchange) if plan is None else plan.coverage(),
            plan=plan,
            fingerprint=fingerprint,
            prompt_version=version,
            extra=extra,
            in_flight=trace.decision if trace else None,
        )

    def _slice(self, key: SliceKey, read: ReadSpan) -> str:
        if key.origin is SliceOrigin.RESOURCE:
            value = read.span.resource.get(key.attribute)
        elif key.origin is SliceOrigin.ROOT:
            trace = self._traces.get(read.span.trace_id)
            value = trace.root.attributes.get(key.attribute) if trace and trace.root else None
        else:
            value = read.span.attributes.get(key.attribute)
        return "" if value is None else str(value)


def _undecided(exchange: Exchange) -> CoverageOutcome:
    """What a span says where there are no judges."""
    return CoverageOutcome.NO_CONTENT if exchange.content is Content.OFF else CoverageOutcome.DISABLED
