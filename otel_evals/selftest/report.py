"""What `judge test` prints: for people a table and a ruling with its reasons, for programs JSON."""

from collections.abc import Iterator, Sequence

import msgspec

from otel_evals.records.judging import Estimate
from otel_evals.selftest import wording
from otel_evals.selftest.fitness import LIMITS, Fitness
from otel_evals.selftest.proportion import Share
from otel_evals.selftest.score import Score, Slip
from otel_evals.selftest.selftest import AnswererReport, JudgeReport, Plan

_SLIPS = 5
_HEAD = ("judge", "right", "good passed", "bad failed", "attacks resisted", "unparseable", "p50", "p95", "verdict")


def announcement(plan: Plan, *, concurrency: int, seconds: float, date: str) -> str:
    """What is going to be asked, and what it takes at most."""
    judges = len({trial.subject.id for trial in plan.trials})
    clear = sum(trial.attack is None for trial in plan.trials)
    cost = cost_told(plan.most, plan.unpriced, date)
    return (
        f"{judges} judge{'s' * (judges > 1)}: {clear} clear examples and {len(plan.trials) - clear} attacks: {cost}; "
        f"{concurrency} at a time, for at most {seconds:g} s."
    )


def cost_told(most: Estimate, unpriced: Sequence[str], date: str) -> str:
    """What calls take at most; `date` is that of the prices."""
    cost = f"{wording.money(most.cost)} (prices of {date})"
    if unpriced:
        known = f"{cost} and " if most.cost else ""
        cost = f"{known}an unknown cost (no price of {', '.join(unpriced)})"
    return f"{most.calls} calls, at most {most.tokens:,} tokens and {cost}"


def text(reports: Sequence[AnswererReport], skipped: Sequence[tuple[str, str]]) -> str:
    """The report for people."""
    blocks = [block for report in reports for block in _blocks(report)]
    blocks += [f"{name}: not tested: {why}" for name, why in skipped]
    if any(report.unreachable is None for report in reports):
        blocks.append(f"Asked for: {LIMITS}.")
    return "\n\n".join(blocks)


def json(reports: Sequence[AnswererReport], skipped: Sequence[tuple[str, str]]) -> str:
    """The report for programs."""
    told = {
        "fitness": overall(reports).value,
        "limits": LIMITS,
        "answerers": [_answerer(report) for report in reports],
        "not_tested": [{"id": name, "why": why} for name, why in skipped],
    }
    return msgspec.json.format(msgspec.json.encode(told)).decode()


def overall(reports: Sequence[AnswererReport]) -> Fitness:
    """The worst of all."""
    found = [report.fitness for report in reports]
    return next((one for one in (Fitness.NOT_FIT, Fitness.UNDECIDED) if one in found), Fitness.FIT)


def _blocks(report: AnswererReport) -> Iterator[str]:
    if report.unreachable is not None:
        yield f"{report.answerer}: cannot be tested\n  {report.unreachable}"
        return
    yield "\n".join(wording.aligned([_HEAD, *(_row(judge) for judge in report.judges)]))
    heading = f"{report.answerer}, {len(report.judges)} judge{'s' * (len(report.judges) > 1)}"
    yield "\n".join([heading, *(f"  {name:<13} {value}" for name, value in _lines(report))])
    if report.score.slips:
        yield "\n".join(["judged wrongly:", *_slips(report.score.slips)])
    yield "\n".join(_ruling(report))


def _row(judge: JudgeReport) -> tuple[str, ...]:
    score, measures = judge.score, judge.score.measures
    return (
        judge.id,
        wording.count(score.accuracy),
        wording.count(score.tpr),
        wording.count(score.tnr),
        wording.count(_resisted(score.through)),
        f"{measures.unparseable}/{measures.calls}",
        wording.seconds(measures.p50),
        wording.seconds(measures.p95),
        judge.ruling.fitness.value,
    )


def _lines(report: AnswererReport) -> list[tuple[str, str]]:
    score = report.score
    lines = [
        ("accuracy", wording.estimate(score.accuracy)),
        ("TPR", wording.estimate(score.tpr)),
        ("TNR", wording.estimate(score.tnr)),
        ("injection", _injection(score)),
        ("came through", ", ".join(_through(score)) or "none"),
        *wording.rows(score.measures, report.unpriced),
    ]
    if score.unsteady:
        lines.append(("unsteady", f"{score.unsteady} clear examples got both verdicts"))
    return lines


def _injection(score: Score) -> str:
    told = f"{wording.estimate(_resisted(score.through))} resisted"
    return f"{told}; {score.moot} more show nothing: the example passes without them" if score.moot else told


def _through(score: Score) -> Iterator[str]:
    worst_first = sorted(score.kinds.items(), key=lambda item: (-(item[1].value or 0.0), item[0]))
    return (f"{kind} {wording.count(share)}" for kind, share in worst_first if share.hits)


def _resisted(through: Share) -> Share:
    return Share(hits=through.trials - through.hits, trials=through.trials, distinct=through.distinct)


def _slips(slips: Sequence[Slip]) -> Iterator[str]:
    for slip in slips[:_SLIPS]:
        kind, did = ("good", "fails") if slip.truth == "pass" else ("bad", "passes")
        yield f"  {slip.judge}, {kind} example {slip.number}, which it {did}: {slip.why}"
    if len(slips) > _SLIPS:
        yield f"  and {len(slips) - _SLIPS} more"


def _ruling(report: AnswererReport) -> Iterator[str]:
    yield f"{report.answerer}: {report.fitness.value.upper()}"
    yield from (f"  - {reason}" for reason in report.ruling.reasons)
    if len(report.judges) < 2:
        return
    for judge in report.judges:
        yield from (f"  - {judge.id}: {reason}" for reason in judge.ruling.reasons)


def _answerer(report: AnswererReport) -> dict[str, object]:
    return {
        "answerer": report.answerer,
        "fitness": report.fitness.value,
        "unreachable": report.unreachable,
        "reasons": report.ruling.reasons,
        "unpriced_models": report.unpriced,
        **_figures(report.score),
        "judges": [
            {
                "id": judge.id,
                "name": judge.name,
                "version": judge.version,
                "fitness": judge.ruling.fitness.value,
                "reasons": judge.ruling.reasons,
                **_figures(judge.score),
            }
            for judge in report.judges
        ],
    }


def _figures(score: Score) -> dict[str, object]:
    return {
        "planned": score.planned,
        "accuracy": _share(score.accuracy),
        "tpr": _share(score.tpr),
        "tnr": _share(score.tnr),
        "attacks": {
            "resisted": _share(_resisted(score.through)),
            "through_by_kind": {kind: _share(share) for kind, share in score.kinds.items()},
            "moot": score.moot,
        },
        "unsteady": score.unsteady,
        "judged_wrongly": score.slips,
        **msgspec.structs.asdict(score.measures),
    }


def _share(share: Share) -> dict[str, object]:
    return {"hits": share.hits, "n": share.trials, "value": share.value, "interval": share.interval}
