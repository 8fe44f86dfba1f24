"""Stands in for a judge that a former run had and this one has no more, so that its open jobs come to an end."""

from dataclasses import dataclass

from otel_evals.engine.verdicts import Ended, given_up
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.judging import Estimate, JudgeCase, JudgeFailure, Need, Target, Verdict

_MESSAGE = "the configuration has another judge, or another version of it, by now"


@dataclass(frozen=True, slots=True)
class FormerJudge:
    """A judge that is gone: it says so, costs nothing and is never asked."""

    name: str
    version: str
    target: Target = Target.EXCHANGE
    needs: frozenset[Need] = frozenset()

    @property
    def end(self) -> Ended:
        """How its jobs end."""
        return given_up(CoverageOutcome.JUDGE_ERROR, _MESSAGE, error_type="judge_changed")

    def estimate(self, case: JudgeCase) -> Estimate:  # noqa: ARG002 - the protocol's
        """Nothing."""
        return Estimate(calls=0)

    async def judge(self, case: JudgeCase) -> Verdict:  # noqa: ARG002 - the protocol's
        """Raises: there is nobody to ask."""
        raise JudgeFailure(_MESSAGE, outcome=CoverageOutcome.JUDGE_ERROR, error_type="judge_changed")

    async def close(self) -> None:
        """Nothing to give back."""
