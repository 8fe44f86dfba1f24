"""Trials of all built-in rubrics, and how a scripted judge with given rates answers them."""

import pytest

from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import Label
from otel_evals.records.judging import JudgeFailure, Verdict
from otel_evals.rubrics.question import ask
from otel_evals.rubrics.rubric import builtin_rubrics
from otel_evals.selftest.asking import Outcome
from otel_evals.selftest.subjects import Subject
from otel_evals.selftest.trials import plan_trials
from otel_evals.testing.judge_script import JudgeBehaviour, passes

NONCE = "0123456789abcdef"


class StillJudge:
    """Has what a trial needs of a judge; it is never asked."""

    def __init__(self, rubric) -> None:
        self.name, self.needs, self.version = rubric.name, rubric.needs, "v"


class World:
    """Trials, and the outcomes that judges of given rates give them."""

    def __init__(self, *names: str) -> None:
        rubrics = builtin_rubrics()
        self.subjects = tuple(
            Subject(id=name, judge=StillJudge(rubrics[name]), answerer="m", rubric=rubrics[name])
            for name in names or rubrics
        )
        self.trials = plan_trials(self.subjects)
        self._texts = [
            ask(trial.subject.rubric, trial.case, nonce=NONCE, max_chars=24_000, redact=str).user
            for trial in self.trials
        ]

    def tried(self, tpr=1.0, tnr=1.0, obeys=(), seed="x"):
        """What a judge of these rates says of every trial."""
        behaviour = JudgeBehaviour(tpr=tpr, tnr=tnr, obeys=obeys, seed=seed)
        pairs = []
        for trial, text in zip(self.trials, self._texts, strict=True):
            good = passes(text, behaviour, lambda _, trial=trial: trial.truth is Label.PASS)
            pairs.append((trial, said(Label.PASS if good else Label.FAIL)))
        return pairs


def said(label, **fields):
    return Outcome(verdict=Verdict(label=label, score=float(label is Label.PASS), model="m", **fields), seconds=0.1)


def failure(outcome=CoverageOutcome.UNPARSEABLE, error_type="unreadable_answer"):
    return Outcome(failure=JudgeFailure("why", outcome=outcome, error_type=error_type), seconds=0.2)


@pytest.fixture(scope="session")
def everything():
    return World()


@pytest.fixture(scope="session")
def one_rubric():
    return World("faithfulness")


@pytest.fixture
def says():
    return said


@pytest.fixture
def fails():
    return failure
