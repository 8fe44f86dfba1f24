"""What the judges make of one span before any of them is asked: who is to see it, with what probability, and why not.

Pure but for the two figures that it is handed: when a prompt version first appeared, and how far rates are lowered.
`SpanEvaluator` plans every evaluated span; the pipeline hands the selected ones to `judging`; `replay` prints the plan.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, Protocol

import msgspec

from otel_evals.engine.evaluation import Evaluation
from otel_evals.plugins.protocols import Judge
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Content, Exchange
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.records.judging import JudgeCase, SamplingDecision, Step, Target
from otel_evals.records.span import SpanView
from otel_evals.rubrics.applies import missing
from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.sampler import Sampler
from otel_evals.spool.draws import Draw

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
    draws: tuple[Draw, ...] = ()
    """Windows of reservoirs that the span is offered to."""
    waits: bool = False
    """Whether it is known only at the end of those windows if the judge sees the span, and with what probability."""


class Drawn(msgspec.Struct, frozen=True):
    """What rates and reservoirs make of one span for one judge."""

    selection: Selection
    is_selected: bool
    """Whether the judge is to see it, perhaps at the end of a window."""
    is_final: bool = True
    """Whether the probability is known."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The judges' outcomes that are final at once, and those that are to be asked."""

    outcomes: tuple[tuple[JudgeSpec, CoverageOutcome], ...] = ()
    selected: tuple[Selection, ...] = ()
    case: JudgeCase | None = None
    """What the selected judges read."""
    decision: SamplingDecision | None = None
    """Of the first judge that is no shadow: its π and stratum stand on the span, when they are known by now."""
    left: tuple[Selection, ...] = ()
    """Judges that the span was not sampled for, and to which feedback may still bring it."""
    facts: SamplingFacts | None = None
    """What sampling knew of it, when feedback is asked for."""

    def coverage(self) -> CoverageOutcome:
        """What the span says while no judge has answered."""
        return combined(
            [
                *(outcome for spec, outcome in self.outcomes if not spec.shadow),
                *(CoverageOutcome.PENDING for one in self.selected if not one.spec.shadow),
            ]
        )

    def light(self) -> "Plan":
        """The plan without the texts of its span: what is remembered of a span that has gone on."""
        return msgspec.structs.replace(self, case=None, facts=None)

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


class Draws(Protocol):
    """The reservoirs."""

    def decide(self, spec: JudgeSpec, decision: SamplingDecision) -> Drawn:
        """What becomes of a span by its rates and by the reservoirs that it is offered to."""
        ...


class RatesOnly:
    """No reservoirs: what `replay` decides by, since a reservoir depends on all other traffic."""

    def decide(self, spec: JudgeSpec, decision: SamplingDecision) -> Drawn:
        """What the rates say."""
        return Drawn(Selection(spec, decision), decision.selected)


KnownFeedback = Callable[[Exchange], FeedbackSignal | None]
"""What a user did with an answer before its span came."""


def _no_feedback(_exchange: Exchange) -> FeedbackSignal | None:
    return None


class Planner:
    """Plans for a set of judges."""

    def __init__(
        self,
        specs: Sequence[JudgeSpec],
        state: SamplingState,
        slice_keys: tuple[str, ...] = (),
        *,
        draws: Draws | None = None,
        feedback: KnownFeedback = _no_feedback,
    ) -> None:
        """Prepare.

        Args:
            specs: the judges.
            state: what sampling depends on beside the span.
            slice_keys: names of the configured extra slice keys, in their order.
            draws: the reservoirs; None = what matches one is sampled by its other rules only.
            feedback: what users did with answers whose spans come after it.
        """
        self._slice_keys = slice_keys
        self._state = state
        self._draws: Draws = RatesOnly() if draws is None else draws
        self._feedback = feedback
        self.reconfigure(specs)

    def reconfigure(self, specs: Sequence[JudgeSpec]) -> None:
        """Plan for other judges from now on."""
        self.specs = tuple(specs)
        self._samplers = tuple({id(spec.sampler): spec.sampler for spec in specs}.values())
        self.signals: frozenset[FeedbackSignal] = frozenset().union(*(s.signals for s in self._samplers))
        """What users do that a rule asks about."""
        self.late_attributes: frozenset[str] = frozenset().union(*(s.late_attributes for s in self._samplers))
        """Attributes of a span that such rules ask about."""

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
        decided = [self._draws.decide(spec, drawn[id(spec.sampler)]) for spec in specs]
        first = next((one for one in decided if not one.selection.spec.shadow), None)
        left = tuple(one.selection for one in decided if not one.is_selected)
        outcomes = [(one.spec, CoverageOutcome.SAMPLED_OUT) for one in left]
        case = None
        if self.signals or len(left) < len(decided):
            case = JudgeCase(exchange=exchange, steps=steps, refused=_refused(evaluation))
        selected: list[Selection] = []
        for one in decided:
            if not one.is_selected or case is None:
                continue
            if missing(one.selection.spec.judge.needs, case) is not None:
                outcomes.append((one.selection.spec, CoverageOutcome.FILTERED))
            else:
                selected.append(one.selection)
        return Plan(
            outcomes=tuple(outcomes),
            selected=tuple(selected),
            case=case,
            decision=first.selection.decision if first is not None and first.is_final else None,
            left=left if self.signals else (),
            facts=facts if self.signals else None,
        )

    def reconsider(self, left: Selection, facts: SamplingFacts, signal: FeedbackSignal) -> SamplingDecision:
        """The decision over a judge that a span was not sampled for, now that its user has spoken."""
        heard = msgspec.structs.replace(facts, feedback=signal)
        return left.spec.sampler.decide_late(heard, left.decision, throttle=self._state.throttle())

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
            feedback=self._feedback(exchange),
            version_age=self._state.version_age(exchange.service_name or "", version, model or ""),
        )


def _refused(evaluation: Evaluation) -> bool:
    return any(r.name == _ANSWERED and r.label is Label.FAIL for r in evaluation.results)
