"""From a span that was read to an evaluated one. Pure but for what the trace memory knows by now.

Called by the pipeline for every span that carries a result, and by `replay`, so that both decide alike.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.evaluation import Evaluation, Evaluator
from otel_evals.engine.plan import Planner
from otel_evals.engine.reader import Reader, ReadSpan
from otel_evals.engine.runs import Below, Run, Runs
from otel_evals.engine.traces import Traces
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.exchange import Content, Exchange
from otel_evals.records.judging import Step, Target
from otel_evals.records.reading import SpanRole
from otel_evals.slicing.settings import SliceKey, SliceOrigin
from otel_evals.slicing.versions import PromptVersions

_CALL: Final = (Target.EXCHANGE,)
_RUN: Final = (Target.AGENT,)
_BOTH: Final = (Target.EXCHANGE, Target.AGENT)


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
        self._runs = Runs() if planner is not None and planner.judges_runs else None

    @property
    def judges_runs(self) -> bool:
        """Whether any judge looks at whole runs of agents."""
        return self._runs is not None

    def evaluate(self, read: ReadSpan, evaluator: Evaluator, *, worked: float = 0.0) -> Evaluated:
        """The span with its decision, by what is known of its trace now; `worked` as for the evaluator."""
        exchange = self._reader.exchange(read)
        trace = self._traces.get(exchange.trace_id)
        evaluation = evaluator.evaluate(exchange, worked=worked)
        targets = _BOTH if read.reading.role is SpanRole.AGENT else _CALL
        in_flight = trace.decision if trace else None
        evaluated = self._planned(read, exchange, evaluation, targets=targets, in_flight=in_flight)
        if self._runs is not None and targets is _CALL:
            self._runs.add(exchange, evaluation)
        return evaluated

    def run(self, read: ReadSpan) -> Evaluated | None:
        """A run of an agent whose calls lie below its span; None when no judge looks at runs, or it says nothing."""
        if self._runs is None or not self._reader.is_run(read):
            return None
        exchange, span = self._reader.exchange(read), read.span
        trace = self._traces.get(span.trace_id)
        known = self._runs.of(span.trace_id, Below(trace.parents if trace else {}, span.span_id))
        exchange = _completed(exchange, known)
        return self._planned(read, exchange, known.evaluation, targets=_RUN, steps=known.steps, is_run=True)

    def _planned(
        self,
        read: ReadSpan,
        exchange: Exchange,
        evaluation: Evaluation,
        *,
        targets: tuple[Target, ...],
        steps: tuple[Step, ...] = (),
        is_run: bool = False,
        in_flight: str | None = None,
    ) -> Evaluated:
        """The evaluated span with its version, its slices, and what the judges make of it."""
        fingerprint = self._versions.fingerprint(exchange)
        version = self._versions.label(exchange, fingerprint)
        extra = tuple([self._slice(key, read) for key in self._slices])
        plan = None
        if self._planner is not None:
            plan = self._planner.plan(
                read.span, exchange, evaluation, version=version, extra=extra, targets=targets, steps=steps
            )
        return Evaluated(
            exchange=exchange,
            evaluation=evaluation,
            coverage=_undecided(exchange) if plan is None else plan.coverage(),
            plan=plan,
            is_run=is_run,
            fingerprint=fingerprint,
            prompt_version=version,
            extra=extra,
            in_flight=in_flight,
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


def _completed(exchange: Exchange, known: Run) -> Exchange:
    """The exchange of a run: what its own span says, else the question of its first call and the answer of its last."""
    messages, choices = exchange.messages, exchange.choices
    if not any(m.role == "user" and m.text for m in messages) and known.question is not None:
        messages = (*messages, known.question)
    if not any(c.message.text for c in choices) and known.choice is not None:
        choices = (known.choice,)
    if messages is exchange.messages and choices is exchange.choices:
        return exchange
    content = Content.PRESENT if messages and choices else exchange.content
    return msgspec.structs.replace(exchange, messages=messages, choices=choices, content=content)
