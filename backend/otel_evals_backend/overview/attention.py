"""Decides what needs somebody now, from facts. Pure; the page shows at most five lines."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from otel_evals_backend.overview.records import Line
from otel_evals_backend.storage.keys import HOUR_NS
from otel_evals_backend.storage.sums import ResultSum
from otel_evals_backend.web import figures
from otel_evals_backend.web.figures import Rate
from otel_evals_backend.web.quality import Evaluator

LINES: Final = 5
LABELS: Final = 20
"""Labels of each verdict, below which nothing can be said about a judge."""
_OLD_NS: Final = 48 * HOUR_NS
_SILENT: Final = 2
_MINUTES: Final = 1.5
"""That a label takes, about."""


class Labels(msgspec.Struct, frozen=True):
    """What people said of one metric, of answers drawn for them by chance: others tell nothing of a judge."""

    passes: int
    fails: int
    effective: float

    @property
    def missing(self) -> int:
        """About how many labels are missing; 0 where the judge can be known."""
        of_verdicts = max(0, LABELS - self.passes) + max(0, LABELS - self.fails)
        return max(of_verdicts, math.ceil(figures.FLOOR - self.effective), 0)

    @property
    def text(self) -> str:
        """What there is of what is needed."""
        parts = [
            f"{n} of {LABELS} labels of {word} answers"
            for n, word in ((self.fails, "failed"), (self.passes, "passed"))
            if n < LABELS
        ]
        if not parts:
            parts = [f"effective n{figures.GAP}{self.effective:.0f} of {figures.FLOOR}"]
        return " and ".join(parts)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the lines are made from."""

    now_ns: int
    recent: Mapping[Evaluator, Rate] = {}
    """Of the last 24 hours."""
    before: Mapping[Evaluator, Rate] = {}
    """Of the seven days before those."""
    needed: Mapping[str, Labels] = {}
    """Metrics whose judge is not known yet, and the labels that there are."""
    waiting: int = 0
    oldest_ns: int | None = None
    newest_hour: int | None = None
    lone: int = 0
    over_budget: int = 0
    judged: int = 0


def needed_labels(sums: Iterable[ResultSum], known: Mapping[int, Evaluator]) -> dict[str, Labels]:
    """For each metric whose judge is not known yet: the labels that there are."""
    judged: set[str] = set()
    given: dict[str, list[float]] = {}
    for one in sums:
        evaluator = known.get(one.evaluator)
        if evaluator is None or not evaluator.counts:
            continue
        if evaluator.type == "llm_judge":
            judged.add(evaluator.name)
        elif evaluator.type == "human":
            counts = given.setdefault(evaluator.name, [0, 0, 0.0, 0.0])
            for place, value in enumerate(
                (one.drawn_passes, one.drawn - one.drawn_passes, one.weight, one.weight_squared)
            ):
                counts[place] += value
    found: dict[str, Labels] = {}
    for name in judged:
        passes, fails, weight, squared = given.get(name, [0, 0, 0.0, 0.0])
        found[name] = Labels(int(passes), int(fails), weight * weight / squared if squared else 0.0)
    return {name: labels for name, labels in found.items() if labels.missing}


def attention(facts: Facts) -> tuple[Line, ...]:
    """The lines, most urgent first."""
    lines = [*_silent(facts), *_worse(facts), *_queue(facts), *_budget(facts), *_labels(facts), *_lone(facts)]
    return tuple(lines[:LINES])


def _silent(facts: Facts) -> Iterable[Line]:
    if facts.newest_hour is None:
        return
    hours = facts.now_ns // HOUR_NS - facts.newest_hour
    if hours >= _SILENT:
        text = f"No call has been received for {figures.seconds(hours * 3600)}. Is the processor running?"
        yield Line(kind="silent", severity="bad", text=text, path="/evaluations")


def _worse(facts: Facts) -> Iterable[Line]:
    """Metrics whose interval of the last day lies below that of the week before."""
    found: list[tuple[float, Line]] = []
    for evaluator, now in facts.recent.items():
        then = facts.before.get(evaluator)
        if not evaluator.counts or evaluator.type not in ("code", "llm_judge"):
            continue
        if then is None or now.high is None or then.low is None or now.high >= then.low:
            continue
        who = "the judge passes" if evaluator.type == "llm_judge" else "pass"
        text = (
            f"{evaluator.name}: {who} {now.range_text} % in the last 24 hours, "
            f"{then.range_text} % in the 7 days before ({now.n_text})."
        )
        path = f"/evaluations?range=24h&metric={evaluator.name}&label=fail"
        found.append((now.high - then.low, Line(kind="quality", severity="bad", text=text, path=path)))
    return [line for _, line in sorted(found, key=lambda pair: pair[0])[:2]]


def _queue(facts: Facts) -> Iterable[Line]:
    if not facts.waiting or facts.oldest_ns is None or facts.now_ns - facts.oldest_ns < _OLD_NS:
        return
    days = figures.seconds((facts.now_ns - facts.oldest_ns) / 1e9)
    text = f"{figures.count(facts.waiting)} answers wait for review, the oldest for {days}."
    yield Line(kind="queue", severity="warn", text=text, path="/review")


def _budget(facts: Facts) -> Iterable[Line]:
    if not facts.over_budget:
        return
    whole = facts.over_budget + facts.judged
    text = f"The budget of the judges was used up for {figures.part(facts.over_budget, whole)} of the calls they chose."
    yield Line(kind="budget", severity="warn", text=text, path="/evaluations?coverage=over_budget")


def _labels(facts: Facts) -> Iterable[Line]:
    if not facts.needed:
        return
    name, labels = min(facts.needed.items(), key=lambda pair: (pair[1].missing, pair[0]))
    others = len(facts.needed) - 1
    more = f" {others} more {'metric lacks' if others == 1 else 'metrics lack'} labels too." if others else ""
    text = (
        f"{name}: whether its judge is right cannot be said yet: {labels.text}; "
        f"those missing take about {round(_MINUTES * labels.missing)} minutes.{more}"
    )
    yield Line(kind="labels", severity="warn", text=text, path="/review")


def _lone(facts: Facts) -> Iterable[Line]:
    if facts.lone:
        word = "result has" if facts.lone == 1 else "results have"
        text = f"{figures.count(facts.lone)} {word} waited over an hour for the call that {'it' if facts.lone == 1 else 'they'} belong{'s' if facts.lone == 1 else ''} to."  # noqa: E501 - a sentence
        yield Line(kind="unjoined", severity="warn", text=text, path="/evaluations")
