"""The self-test itself: first whether anybody answers at all, then every trial, then the scores and rulings.

Called by the verb `judge test`.
"""

from collections.abc import Sequence

import msgspec

from otel_evals.records.judging import Estimate
from otel_evals.selftest.asking import Asking, Outcome
from otel_evals.selftest.fitness import Fitness, Ruling, rule
from otel_evals.selftest.knocking import advised, knock
from otel_evals.selftest.score import Score, Tried, score
from otel_evals.selftest.subjects import Bench, Subject
from otel_evals.selftest.trials import Trial


class JudgeReport(msgspec.Struct, frozen=True, kw_only=True):
    """One judge."""

    id: str
    name: str
    version: str
    score: Score
    ruling: Ruling


class AnswererReport(msgspec.Struct, frozen=True, kw_only=True):
    """All judges that are answered by the same."""

    answerer: str
    judges: tuple[JudgeReport, ...]
    score: Score
    ruling: Ruling
    unreachable: str | None = None
    """What the first call came to when nobody answers; nothing more was asked then."""
    unpriced: tuple[str, ...] = ()
    """Models whose price is unknown."""

    @property
    def fitness(self) -> Fitness:
        """The worst of its judges' and its own."""
        found = [self.ruling.fitness, *(judge.ruling.fitness for judge in self.judges)]
        return next((one for one in (Fitness.NOT_FIT, Fitness.UNDECIDED) if one in found), Fitness.FIT)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a test asks, and what that takes at most."""

    trials: tuple[Trial, ...]
    most: Estimate
    unpriced: tuple[str, ...]
    """Models whose price is unknown: `most` does not hold their cost."""


def plan(bench: Bench, trials: Sequence[Trial]) -> Plan:
    """`trials` with their price. Retries are not in it: calls that fail are not billed, as a rule."""
    each = [trial.subject.judge.estimate(trial.case) for trial in trials]
    most = Estimate(
        calls=sum(one.calls for one in each),
        tokens=sum(one.tokens for one in each),
        cost=sum(one.cost for one in each),
    )
    return Plan(trials=tuple(trials), most=most, unpriced=tuple(bench.unpriced(bench.subjects)))


async def self_test(bench: Bench, plan: Plan, asking: Asking, *, seconds: float) -> list[AnswererReport]:
    """Ask, for at most `seconds`, and report by who answers, in the order of the configuration."""
    trials, started = plan.trials, asking.clock.monotonic()
    calls = [(trial.subject.judge, trial.case) for trial in trials]
    outcomes: dict[int, Outcome] = {}
    silent = await knock([trial.subject.answerer for trial in trials], calls, asking, outcomes, seconds=seconds)
    left = [n for n, trial in enumerate(trials) if n not in outcomes and trial.subject.answerer not in silent]
    await asking.run(calls, outcomes, left, seconds=max(0.0, started + seconds - asking.clock.monotonic()))
    tried = [(trials[position], outcomes[position]) for position in sorted(outcomes)]
    answerers = dict.fromkeys(trial.subject.answerer for trial in trials)
    return [_report(bench, answerer, trials, tried, silent.get(answerer)) for answerer in answerers]


def _report(
    bench: Bench, answerer: str, trials: Sequence[Trial], tried: Sequence[Tried], unreachable: str | None
) -> AnswererReport:
    subjects = [subject for subject in bench.subjects if subject.answerer == answerer]
    planned = [trial for trial in trials if trial.subject.answerer == answerer]
    mine = [(trial, outcome) for trial, outcome in tried if trial.subject.answerer == answerer]
    judges = [
        _judge(subject, planned, mine, among_others=len(subjects) > 1)
        for subject in subjects
        if any(trial.subject is subject for trial in planned)
    ]
    whole = score(mine, len(planned))
    return AnswererReport(
        answerer=answerer,
        judges=tuple(judges),
        score=whole,
        ruling=rule(whole),
        unreachable=unreachable or _fell_silent(mine),
        unpriced=tuple(bench.unpriced(subjects)),
    )


def _judge(subject: Subject, planned: Sequence[Trial], tried: Sequence[Tried], *, among_others: bool) -> JudgeReport:
    asked = sum(trial.subject is subject for trial in planned)
    own = score([(trial, outcome) for trial, outcome in tried if trial.subject is subject], asked)
    return JudgeReport(
        id=subject.id,
        name=subject.judge.name,
        version=subject.judge.version,
        score=own,
        ruling=rule(own, among_others=among_others),
    )


def _fell_silent(tried: Sequence[Tried]) -> str | None:
    """What the last call came to when every call after the first went unanswered."""
    outcomes = [outcome for _, outcome in tried]
    if outcomes and all(outcome.unreachable for outcome in outcomes):
        return advised(outcomes[-1])
    return None
