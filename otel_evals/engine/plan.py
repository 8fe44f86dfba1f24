"""What the judges make of one span before any of them is asked: who is to see it, with what probability, and why not.

Pure but for the two figures that it is handed: when a prompt version first appeared, and how far rates are lowered.
`SpanEvaluator` plans every evaluated span; the pipeline hands the selected ones to `judging`; `replay` prints the plan.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final, Protocol

import msgspec

from otel_evals.engine.evaluation import Evaluation
from otel_evals.plugins.protocols import Judge
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Content, Exchange
from otel_evals.records.judging import JudgeCase, SamplingDecision, Step, Target
from otel_evals.records.span import SpanView
from otel_evals.rubrics.applies import missing
from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.sampler import Sampler

_ANSWERED: Final = "answered"
_NO_SLICES: Final[dict[str, str]] = {}
_TELLING: Final = (
    CoverageOutcome.PENDING, CoverageOutcome.JUDGED, CoverageOutcome.JUDGE_ERROR, CoverageOutcome.TIMEOUT,
    CoverageOutcome.UNPARSEABLE, CoverageOutcome.RATE_LIMITED, CoverageOutcome.OVER_BUDGET,
    CoverageOutcome.SAMPLED_OUT, CoverageOutcome.FILTERED, CoverageOutcome.NO_CONTENT,
)  # fmt: skip


class JudgeSpec(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A judge as configured."""

    id: str
    """Evaluator id: its name in the configuration."""
    judge: Judge
    sampler: Sampler
    shadow: bool = False
    model: str | None = None
    """The model that is asked for, when there is one."""

    @property
    def key(self) -> tuple[str, str]:
        """Id and version: what the ledger counts by."""
        return self.id, self.judge.version


class Selection(msgspec.Struct, frozen=True):
    """One judge that is to see a span."""

    spec: JudgeSpec
    decision: SamplingDecision


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The judges' outcomes that are final at once, and those that are to be asked."""

    outcomes: tuple[tuple[JudgeSpec, CoverageOutcome], ...] = ()
    selected: tuple[Selection, ...] = ()
    case: JudgeCase | None = None
    """What the selected judges read."""
    decision: SamplingDecision | None = None
    """Of the first judge that is no shadow: its π and stratum stand on the span."""

    def coverage(self) -> CoverageOutcome:
        """What the span says while no judge has answered."""
        return combined(
            [
                *(outcome for spec, outcome in self.outcomes if not spec.shadow),
                *(CoverageOutcome.PENDING for one in self.selected if not one.spec.shadow),
            ]
        )

    def given_up(self, outcome: CoverageOutcome) -> "Plan":
        """The plan when the selected judges cannot be asked: their outcome is final too."""
        ended = tuple((one.spec, outcome) for one in self.selected)
        return msgspec.structs.replace(self, outcomes=self.outcomes + ended, selected=())


NOBODY: Final = Plan()
"""No judge looks at such spans."""


def combined(outcomes: Sequence[CoverageOutcome]) -> CoverageOutcome:
    """One word for the outcomes of several judges: what is still open first, then what was reached."""
    return next((outcome for outcome in _TELLING if outcome in outcomes), CoverageOutcome.DISABLED)


class SamplingState(Protocol):
    """What sampling depends on beside the span and the configuration."""

    def version_age(self, service: str, version: str, model: str) -> float | None:
        """Seconds since this prompt version and model first appeared; None when that is not tracked."""
        ...

    def throttle(self) -> float:
        """Factor in (0, 1] by which rates are lowered so that the budget lasts."""
        ...


class Stateless:
    """No memory and a full budget: what `replay` decides by."""

    def version_age(self, service: str, version: str, model: str) -> float | None:  # noqa: ARG002 - the protocol's
        """Not tracked."""
        return None

    def throttle(self) -> float:
        """Rates as configured."""
        return 1.0


class Planner:
    """Plans for a set of judges."""

    def __init__(self, specs: Sequence[JudgeSpec], state: SamplingState, slice_keys: tuple[str, ...] = ()) -> None:
        """`slice_keys`: names of the configured extra slice keys, in their order."""
        self._slice_keys = slice_keys
        self._state = state
        self.reconfigure(specs)

    def reconfigure(self, specs: Sequence[JudgeSpec]) -> None:
        """Plan for other judges from now on."""
        self.specs = tuple(specs)
        self._samplers = tuple({id(spec.sampler): spec.sampler for spec in specs}.values())

    @property
    def judges_runs(self) -> bool:
        """Whether any judge looks at whole runs of agents."""
        return any(spec.judge.target is Target.AGENT for spec in self.specs)

    def plan(
        self,
        span: SpanView,
        exchange: Exchange,
        evaluation: Evaluation,
        *,
        version: str,
        extra: tuple[str, ...] = (),
        targets: Collection[Target] = (Target.EXCHANGE,),
        steps: tuple[Step, ...] = (),
    ) -> Plan:
        """What the judges make of a span.

        Args:
            span: the span itself, for rules about attributes.
            exchange: what it says.
            evaluation: what the inline checks found; for a run, what they found in its calls.
            version: what metrics say of its prompt.
            extra: values of the extra slice keys.
            targets: what the span stands for: a call, a run, or both.
            steps: of a run.
        """
        specs = [spec for spec in self.specs if spec.judge.target in targets]
        if not specs:
            return NOBODY
        if exchange.content is not Content.PRESENT:
            return Plan(outcomes=tuple((spec, CoverageOutcome.NO_CONTENT) for spec in specs))
        facts = self._facts(span, exchange, evaluation, version, extra)
        throttle = self._state.throttle()
        drawn = {id(sampler): sampler.decide(facts, throttle=throttle) for sampler in self._samplers}
        decisions = [(spec, drawn[id(spec.sampler)]) for spec in specs]
        first = next((decision for spec, decision in decisions if not spec.shadow), None)
        outcomes = [(spec, CoverageOutcome.SAMPLED_OUT) for spec, decision in decisions if not decision.selected]
        chosen = [(spec, decision) for spec, decision in decisions if decision.selected]
        if not chosen:
            return Plan(outcomes=tuple(outcomes), decision=first)
        case = JudgeCase(exchange=exchange, steps=steps, refused=_refused(evaluation))
        selected: list[Selection] = []
        for spec, decision in chosen:
            if missing(spec.judge.needs, case) is not None:
                outcomes.append((spec, CoverageOutcome.FILTERED))
            else:
                selected.append(Selection(spec, decision))
        return Plan(outcomes=tuple(outcomes), selected=tuple(selected), case=case, decision=first)

    def _facts(
        self, span: SpanView, exchange: Exchange, evaluation: Evaluation, version: str, extra: tuple[str, ...]
    ) -> SamplingFacts:
        model = exchange.response_model or exchange.request_model
        results = evaluation.results

        def attribute(key: str) -> Any:
            found = span.attributes.get(key)
            return span.resource.get(key) if found is None else found

        return SamplingFacts(
            trace_id=exchange.trace_id,
            band=evaluation.decision.band,
            failing=tuple([r.name for r in results if r.label is Label.FAIL]),
            passing=tuple([r.name for r in results if r.label is Label.PASS]),
            reasons=evaluation.decision.reasons,
            service=exchange.service_name,
            provider=exchange.provider,
            model=model,
            prompt_name=exchange.prompt_name,
            prompt_version=version,
            operation=exchange.operation,
            environment=exchange.environment,
            streaming=exchange.streaming,
            slices=dict(zip(self._slice_keys, extra, strict=True)) if extra else _NO_SLICES,
            attribute=attribute,
            version_age=self._state.version_age(exchange.service_name or "", version, model or ""),
        )


def _refused(evaluation: Evaluation) -> bool:
    return any(r.name == _ANSWERED and r.label is Label.FAIL for r in evaluation.results)
