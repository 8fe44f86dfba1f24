"""What is left to say when `up` has ended: what was seen, how good it was, where it was worst, how to go on."""

from collections.abc import Iterator

from rich.text import Text

from otel_evals.records.decision import RiskBand
from otel_evals.view.board import Board
from otel_evals.view.figures import LEAST, Figures, SliceFigures
from otel_evals.view.judge_panel import spent
from otel_evals.view.lines import judge_words
from otel_evals.view.style import QUIET, TITLE, colour_of, count, duration, percent, rate_bar

_NAME = 18
_BAR = 24


def summary(board: Board) -> Iterator[Text]:
    """The lines of the summary."""
    figures = board.figures
    yield Text().append("otel-evals", TITLE).append(f"  {duration(board.uptime)}", QUIET)
    yield Text(
        f"{count(figures.received)} spans received, {count(figures.calls)} GenAI calls, "
        f"{count(figures.evaluations)} evaluations"
    )
    yield from _fates(board)
    if figures.calls:
        shares = (f"{b.value} {percent(figures.bands.get(b.value, 0) / figures.calls)}" for b in RiskBand)
        yield Text(f"risk {', '.join(shares)}")
        yield Text()
        yield from _checks(figures)
    if board.judging.judges and any(judge.id in figures.judges for judge in board.judging.judges):
        yield Text()
        yield from _judges(board)
    worst = worst_slice(figures)
    if worst is not None:
        yield Text()
        yield Text("Worst slice", TITLE)
        yield from _slice(worst)
    yield Text()
    yield Text("How to go on", TITLE)
    steps = list(_next_steps(board))
    width = max(len(command) for command, _ in steps) + 2
    for command, meaning in steps:
        yield Text(f"  {command:<{width}}").append(meaning, QUIET)


def worst_slice(figures: Figures) -> SliceFigures | None:
    """The model and prompt version with the lowest share of calls at low risk, among those with enough calls."""
    known = [s for s in figures.slices if s.calls >= LEAST and s.clean is not None and s.clean < 1]
    return min(known, key=lambda s: s.bands.get(RiskBand.LOW.value, 0) / s.calls, default=None)


def _fates(board: Board) -> Iterator[Text]:
    figures = board.figures
    for destination in figures.destinations:
        yield Text(
            f"{destination.name}: {count(destination.forwarded)} forwarded, {count(destination.waiting)} waiting, "
            f"{count(destination.dropped)} dropped"
        )
    refused = figures.spans.get("refused", 0)
    if refused or figures.waiting:
        yield Text(f"{count(refused)} spans refused for now, {count(figures.waiting)} on disk for the next run")


def _checks(figures: Figures) -> Iterator[Text]:
    for check in figures.checks:
        line = Text(f"{check.name:<{_NAME}} ", no_wrap=True).append_text(rate_bar(check.rate, _BAR))
        line.append(f" {percent(check.rate):>7}", colour_of(check.rate))
        line.append(f"  {count(check.failed)} of {count(check.total)} failed", QUIET)
        if check.errors:
            line.append(f", {count(check.errors)} could not be evaluated", QUIET)
        yield line


def _judges(board: Board) -> Iterator[Text]:
    yield Text().append("Judges", TITLE).append(f"  {board.judging.label}", QUIET)
    for judge in board.judging.judges:
        found = board.figures.judges.get(judge.id)
        if found is not None:
            yield Text(f"  {judge_words(judge, found)}")
            for kind, number in sorted(found.errors.items()):
                yield Text(f"    {count(number)} without a verdict: {kind}", QUIET)
    yield Text("  ").append_text(spent(board, 0))


def _slice(found: SliceFigures) -> Iterator[Text]:
    said = Text(f"  {found.model}, {found.prompt}: ")
    yield said.append(percent(found.clean), colour_of(found.clean)).append(
        f" of {count(found.calls)} calls at low risk"
    )
    if (check := found.worst) is not None:
        yield (
            Text(f"  {check.name}: ")
            .append(percent(check.rate), colour_of(check.rate))
            .append(f" pass, {count(check.failed)} of {count(check.total)} fail")
        )


def _next_steps(board: Board) -> Iterator[tuple[str, str]]:
    if board.judging.judges and board.judging.ledger:
        yield board.judging.ledger, "what became of every span, by judge"
    if board.demo:
        yield "otel-evals up", "wait for your own traffic"
    if not board.destinations:
        yield "otel-evals up --forward http://HOST:4317", "pass evaluated spans on"
    yield "otel-evals processor --forward URL", "the same as a service, without a view"
    yield "otel-evals config show", "every setting and its origin"
