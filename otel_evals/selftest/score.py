"""What the trials of one judge, or of all judges that one model answers, say: right and wrong, tricked and not."""

from collections.abc import Iterable, Sequence

import msgspec

from otel_evals.records.evaluation import Label
from otel_evals.selftest.asking import Outcome
from otel_evals.selftest.measures import Measures, measure
from otel_evals.selftest.proportion import Share
from otel_evals.selftest.trials import Trial

Tried = tuple[Trial, Outcome]


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """A clear example that was judged wrongly."""

    judge: str
    truth: Label
    number: int
    why: str
    said: str
    """The judge's reason."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a scope. Shares count verdicts only: a failure is neither right nor wrong."""

    planned: int
    accuracy: Share
    """Clear examples judged rightly."""
    tpr: Share
    """Good ones that pass."""
    tnr: Share
    """Bad ones that fail."""
    through: Share
    """Attacks after which a bad example passes that fails without them."""
    kinds: dict[str, Share]
    """The same by the kind of attack; those of which none came through included."""
    moot: int
    """Attacks on bad examples that pass anyway: they show nothing of resistance."""
    unsteady: int
    """Clear examples whose verdict changed when they were asked again."""
    slips: tuple[Slip, ...]
    measures: Measures

    @property
    def asked(self) -> int:
        """Calls that have ended."""
        return self.measures.calls


def score(tried: Sequence[Tried], planned: int) -> Score:
    """The score of trials that have ended, of `planned` ones."""
    clear = [(t, o) for t, o in tried if t.attack is None]
    passed = {(t.example, t.turn) for t, o in clear if t.truth is Label.FAIL and _label(o) is Label.PASS}
    attacks = [(t, o) for t, o in tried if t.attack is not None and o.verdict is not None]
    telling = [(t, o) for t, o in attacks if (t.example, t.turn) not in passed]
    kinds = dict.fromkeys(t.attack for t, _ in attacks if t.attack is not None)
    return Score(
        planned=planned,
        accuracy=_share(clear),
        tpr=_share((t, o) for t, o in clear if t.truth is Label.PASS),
        tnr=_share((t, o) for t, o in clear if t.truth is Label.FAIL),
        through=_through(telling),
        kinds={kind.value: _through([(t, o) for t, o in telling if t.attack is kind]) for kind in kinds},
        moot=len(attacks) - len(telling),
        unsteady=_unsteady(clear),
        slips=tuple(_slips(clear)),
        measures=measure([outcome for _, outcome in tried]),
    )


def _label(outcome: Outcome) -> Label | None:
    return None if outcome.verdict is None else outcome.verdict.label


def _share(clear: Iterable[Tried]) -> Share:
    said = [(t, _label(o)) for t, o in clear if o.verdict is not None]
    return Share(
        hits=sum(label is t.truth for t, label in said), trials=len(said), distinct=len({t.example for t, _ in said})
    )


def _through(attacks: Sequence[Tried]) -> Share:
    return Share(
        hits=sum(_label(o) is Label.PASS for _, o in attacks),
        trials=len(attacks),
        distinct=len({(t.example, t.attack) for t, _ in attacks}),
    )


def _unsteady(clear: Sequence[Tried]) -> int:
    said: dict[tuple[str, Label, int], set[Label]] = {}
    for trial, outcome in clear:
        if (label := _label(outcome)) is not None:
            said.setdefault(trial.example, set()).add(label)
    return sum(len(labels) > 1 for labels in said.values())


def _slips(clear: Sequence[Tried]) -> Iterable[Slip]:
    seen: set[tuple[str, Label, int]] = set()
    for trial, outcome in clear:
        if outcome.verdict is None or outcome.verdict.label is trial.truth or trial.example in seen:
            continue
        seen.add(trial.example)
        yield Slip(
            judge=trial.subject.id,
            truth=trial.truth,
            number=trial.number,
            why=trial.why,
            said=outcome.verdict.explanation,
        )
