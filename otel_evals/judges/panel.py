"""Several judges that vote: an ordinary judge whose verdict follows from those of its members.

A member that fails does not vote. More than half must have voted for `majority` and `mean`; `all` needs every vote,
unless one has said fail already.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from otel_evals.judges.settings import Vote
from otel_evals.lifecycle.tasks import CrashReport, Tasks
from otel_evals.plugins.protocols import Judge
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Usage
from otel_evals.records.judging import Estimate, JudgeCase, JudgeFailure, Need, Target, Verdict

_VERSION_LENGTH: Final = 12


class Panel:
    """A judge made of judges of one name and target.

    Args:
        members: name → judge, in the order of the verdict's `members`.
        vote: how they decide.
        on_crash: told of a member's task that died of an unexpected error.
        threshold: mean score from which `mean` passes.

    Raises:
        ConfigurationError: fewer than two members, or members of different names or targets.
    """

    def __init__(
        self, members: Mapping[str, Judge], vote: Vote, *, on_crash: CrashReport, threshold: float = 0.5
    ) -> None:
        if len(members) < 2:
            raise ConfigurationError("a panel has two members or more")
        if len({(member.name, member.target) for member in members.values()}) > 1:
            raise ConfigurationError("the members of a panel decide one thing: same rubric name, same target")
        self._members = dict(members)
        self._first = next(iter(self._members.values()))
        self._vote = vote
        self._threshold = threshold
        self._tasks = Tasks(on_crash)
        parts = [*(f"{name}={member.version}" for name, member in members.items()), vote.value, repr(threshold)]
        self._version = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_VERSION_LENGTH]
        self._needs = frozenset[Need]().union(*(member.needs for member in members.values()))

    @property
    def name(self) -> str:
        """The members' name."""
        return self._first.name

    @property
    def version(self) -> str:
        """Hash of the members' versions and the way they vote."""
        return self._version

    @property
    def target(self) -> Target:
        """The members' target."""
        return self._first.target

    @property
    def needs(self) -> frozenset[Need]:
        """What any member needs."""
        return self._needs

    def estimate(self, case: JudgeCase) -> Estimate:
        """What all members take together."""
        each = [member.estimate(case) for member in self._members.values()]
        return Estimate(
            calls=sum(one.calls for one in each),
            tokens=sum(one.tokens for one in each),
            cost=sum(one.cost for one in each),
        )

    async def judge(self, case: JudgeCase) -> Verdict:
        """The panel's verdict; the members' stand in it.

        Raises:
            JudgeFailure: too few voted. It carries what all of them cost.
        """
        running = [
            self._tasks.spawn(_vote_of(name, member, case), f"panel {self.name} {name}")
            for name, member in self._members.items()
        ]
        # Cancelling the gathering cancels the members: nobody waits for them any more.
        said = await asyncio.gather(*running)
        verdicts = [one for one in said if isinstance(one, Verdict)]
        failures = [one for one in said if isinstance(one, JudgeFailure)]
        usage, cost = _paid(said)
        if not self._is_quorate(verdicts):
            raise JudgeFailure(
                f"{len(failures)} of {len(said)} members of the panel failed, first: {failures[0]}",
                outcome=failures[0].outcome,
                error_type=failures[0].error_type,
                usage=usage,
                cost=cost,
            )
        return self._decided(verdicts, usage, cost)

    def _is_quorate(self, verdicts: Sequence[Verdict]) -> bool:
        if self._vote is Vote.ALL:
            return len(verdicts) == len(self._members) or any(one.label is Label.FAIL for one in verdicts)
        return len(verdicts) * 2 > len(self._members)

    def _decided(self, verdicts: list[Verdict], usage: Usage, cost: float | None) -> Verdict:
        passed = sum(one.label is Label.PASS for one in verdicts)
        mean = sum(one.score for one in verdicts) / len(verdicts)
        if self._vote is Vote.MEAN:
            passes, score = mean >= self._threshold, mean
        elif self._vote is Vote.ALL:
            passes, score = passed == len(verdicts), min(one.score for one in verdicts)
        else:
            passes, score = passed * 2 > len(verdicts), passed / len(verdicts)
        label = Label.PASS if passes else Label.FAIL
        speaker = next((one for one in verdicts if one.label is label), verdicts[0])
        confidences = [one.confidence for one in verdicts if one.confidence is not None]
        models = {one.model for one in verdicts}
        return Verdict(
            label=label,
            score=score,
            explanation=speaker.explanation,
            confidence=sum(confidences) / len(confidences) if len(confidences) == len(verdicts) else None,
            model=models.pop() if len(models) == 1 else None,
            usage=usage,
            cost=cost,
            duration=max(one.duration for one in verdicts),
            cached=all(one.cached for one in verdicts),
            mismatched=any(one.mismatched for one in verdicts),
            members=tuple(verdicts),
        )

    async def close(self) -> None:
        """Stop what runs and close the members."""
        await self._tasks.close()
        for member in self._members.values():
            await member.close()


async def _vote_of(name: str, member: Judge, case: JudgeCase) -> Verdict | JudgeFailure:
    try:
        return msgspec.structs.replace(await member.judge(case), member=name)
    except JudgeFailure as failure:
        return failure
    except Exception as error:  # noqa: BLE001 - a member may be anybody's plug-in; the others still vote
        return JudgeFailure(
            f"member {name} of the panel raised {type(error).__name__}",
            outcome=CoverageOutcome.JUDGE_ERROR,
            error_type="judge_error",
        )


def _paid(said: Sequence[Verdict | JudgeFailure]) -> tuple[Usage, float | None]:
    """What all members took; a cost is unknown as soon as one is."""
    costs = [one.cost for one in said]
    known = [cost for cost in costs if cost is not None]
    usage = Usage(
        input_tokens=_sum([one.usage.input_tokens for one in said]),
        output_tokens=_sum([one.usage.output_tokens for one in said]),
        cache_read_tokens=_sum([one.usage.cache_read_tokens for one in said]),
        reasoning_tokens=_sum([one.usage.reasoning_tokens for one in said]),
    )
    return usage, sum(known) if len(known) == len(costs) else None


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
