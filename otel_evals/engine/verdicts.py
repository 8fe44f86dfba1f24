"""How a judgement ended, and what it says on the wire."""

import msgspec

from otel_evals.engine.plan import JudgeSpec
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult, EvaluatorType
from otel_evals.records.exchange import Usage
from otel_evals.records.judging import JudgeFailure, SamplingDecision, Verdict

_MISMATCH = "model_mismatch"
_NOT_ASKED = (CoverageOutcome.OVER_BUDGET, CoverageOutcome.RATE_LIMITED)


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one judgement: a verdict, or why there is none."""

    coverage: CoverageOutcome
    verdict: Verdict | None = None
    error_type: str = ""
    message: str = ""
    usage: Usage = Usage()
    cost: float | None = 0.0
    """USD; None = unknown."""
    calls: int = 0
    """Calls of an endpoint that were made; 0 when the judge was not asked, or remembered the answer."""
    model: str | None = None
    started_ns: int = 0
    ended_ns: int = 0

    @property
    def mismatched(self) -> bool:
        """Whether another model than the pinned one answered."""
        return self.error_type == _MISMATCH

    @property
    def was_asked(self) -> bool:
        """Whether the judge was asked at all; if not, nobody failed and the coverage says everything."""
        return self.coverage not in _NOT_ASKED

    def results(self, spec: JudgeSpec, decision: SamplingDecision) -> tuple[EvaluationResult, ...]:
        """The result, then those of a panel's members as shadows; empty without a verdict."""
        if self.verdict is None:
            return ()
        members = [_result(spec, decision, member, shadow=True) for member in self.verdict.members]
        return (_result(spec, decision, self.verdict, shadow=spec.shadow), *members)

    def failure(self, spec: JudgeSpec, decision: SamplingDecision) -> EvaluationFailure:
        """What is said when there is no verdict."""
        return EvaluationFailure(
            name=spec.judge.name,
            error_type=self.error_type,
            message=self.message,
            evaluator_id=spec.id,
            evaluator_version=spec.judge.version,
            evaluator_type=EvaluatorType.LLM_JUDGE,
            evaluator_model=self.model,
            sampling_probability=decision.probability,
            sampling_stratum=decision.stratum or None,
            shadow=spec.shadow,
        )


def _result(spec: JudgeSpec, decision: SamplingDecision, verdict: Verdict, *, shadow: bool) -> EvaluationResult:
    return EvaluationResult(
        name=spec.judge.name,
        label=verdict.label,
        score=verdict.score,
        explanation=verdict.explanation,
        evaluator_id=f"{spec.id}.{verdict.member}" if verdict.member else spec.id,
        evaluator_version=spec.judge.version,
        evaluator_type=EvaluatorType.LLM_JUDGE,
        evaluator_model=verdict.model,
        verdict=verdict.grade,
        confidence=verdict.confidence,
        cached=verdict.cached,
        sampling_probability=decision.probability,
        sampling_stratum=decision.stratum or None,
        shadow=shadow,
    )


def judged(verdict: Verdict) -> Ended:
    """The end with a verdict. One by another model than the pinned one is none: no figure may mix the two."""
    calls = 0 if verdict.cached else max(1, len(verdict.members))
    if verdict.mismatched:
        return Ended(
            coverage=CoverageOutcome.JUDGE_ERROR,
            error_type=_MISMATCH,
            message="another model than the pinned one answered; its verdict is not used",
            usage=verdict.usage,
            cost=verdict.cost,
            calls=calls,
            model=verdict.model,
        )
    return Ended(
        coverage=CoverageOutcome.JUDGED,
        verdict=verdict,
        usage=verdict.usage,
        cost=verdict.cost,
        calls=calls,
        model=verdict.model,
    )


def failed(failure: JudgeFailure) -> Ended:
    """The end with a failure of the judge."""
    return Ended(
        coverage=failure.outcome,
        error_type=failure.error_type,
        message=str(failure),
        usage=failure.usage,
        cost=failure.cost,
        calls=1,
        model=failure.model,
    )


def given_up(coverage: CoverageOutcome, message: str, *, error_type: str | None = None, calls: int = 0) -> Ended:
    """The end without an answer; what a call cost, if one was made, is unknown."""
    return Ended(
        coverage=coverage,
        error_type=error_type or coverage.value,
        message=message,
        cost=None if calls else 0.0,
        calls=calls,
    )
