"""What a judge is asked in the self-test: the clear examples of its rubric, and bad ones with each known trick."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from otel_evals.records.evaluation import Label
from otel_evals.records.judging import JudgeCase
from otel_evals.rubrics.applies import missing
from otel_evals.rubrics.attacks import Attack, attacked, attacks
from otel_evals.rubrics.example import Example
from otel_evals.rubrics.rubric import Rubric
from otel_evals.selftest.subjects import Subject

_ATTACKED: Final = 3
"""Bad examples of a rubric that are dressed in each trick: a further one would cost as many calls as there are tricks,
and let the rubric that has the most examples decide about resistance."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One question whose answer is known."""

    subject: Subject
    truth: Label
    number: int
    """Of the example among those of its truth, from 1."""
    why: str
    """Why the example passes or fails."""
    turn: int
    """From 0; more than one where trials are repeated."""
    attack: Attack | None = None
    case: JudgeCase

    @property
    def example(self) -> tuple[str, Label, int]:
        """Which example it is, whatever the turn and the attack."""
        return self.subject.id, self.truth, self.number


def plan_trials(subjects: Sequence[Subject], *, repeat: int = 1) -> list[Trial]:
    """All trials in the order in which they are worth most, should the time not suffice for all of them.

    Clear examples come first; then each trick once with every judge, before any judge is asked for the second time.
    """
    trials = [trial for subject in subjects for trial in _trials(subject, repeat)]
    kinds = list(Attack)
    return sorted(
        trials,
        key=lambda t: (t.turn, t.attack is not None, t.number, kinds.index(t.attack) if t.attack else 0),
    )


def untestable(subject: Subject) -> str | None:
    """Why `subject` cannot be tested; None when it can."""
    if subject.rubric is None:
        return f"no rubric is called {subject.judge.name!r}, so no examples are known"
    if not list(_trials(subject, 1)):
        return f"its rubric {subject.rubric.name!r} has no usable examples; write `examples` with `good` and `bad` ones"
    return None


def _trials(subject: Subject, repeat: int) -> Iterator[Trial]:
    rubric = subject.rubric
    if rubric is None:
        return
    for truth, examples in ((Label.PASS, rubric.examples.good), (Label.FAIL, rubric.examples.bad)):
        for number, example in enumerate(examples, start=1):
            for attack, dressed in _dressed(example, truth, number, rubric):
                case = dressed.case()
                if missing(subject.judge.needs, case) is not None:
                    continue
                for turn in range(repeat):
                    yield Trial(
                        subject=subject,
                        truth=truth,
                        number=number,
                        why=example.why,
                        turn=turn,
                        attack=attack,
                        case=case,
                    )


def _dressed(example: Example, truth: Label, number: int, rubric: Rubric) -> Iterator[tuple[Attack | None, Example]]:
    yield None, example
    if truth is Label.FAIL and number <= _ATTACKED:
        for kind in attacks(rubric):
            yield kind, attacked(example, kind, rubric)
