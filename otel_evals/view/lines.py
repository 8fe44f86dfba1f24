"""The view where there is no terminal to draw on: one line every few seconds, and each new kind of failure once."""

from collections.abc import Callable, Iterator
from typing import Final

from otel_evals.records.decision import RiskBand
from otel_evals.view.board import Board, ShownJudge
from otel_evals.view.figures import LEAST
from otel_evals.view.guidance import NO_DESTINATION, how_to_send
from otel_evals.view.judge_figures import JudgeFigures
from otel_evals.view.judge_panel import lag, rate, shares, spent
from otel_evals.view.style import count, duration, percent

Write = Callable[[str], None]
"""Writes one line, without its end, to the reader at once."""

_HOPS: Final = (("gRPC", "grpc"), ("HTTP", "http"), ("metrics", "metrics"), ("ready", "health"))


class PlainLines:
    """Writes what is new."""

    every = 5.0

    def __init__(self, board: Board, write: Write) -> None:
        self._board = board
        self._write = write
        self._told: set[str] = set()
        self._greeted = False

    def draw(self) -> None:
        """Write the addresses at first, then a summary and the new kinds of failures."""
        if not self._greeted:
            self._greeted = True
            for line in greeting(self._board):
                self._write(line)
            return
        self._write(status(self._board))
        if self._board.figures.verdicts or self._board.troubles.latest():
            self._write(judge_status(self._board))
        for failure in reversed(self._board.failures.latest()):
            if failure.check not in self._told:
                self._told.add(failure.check)
                where = ", ".join(part for part in (failure.model, failure.prompt, failure.service) if part)
                self._write(
                    f"first failure of {failure.check}: {failure.explanation} ({where}; trace {failure.trace_id})"
                )
        for trouble in reversed(self._board.troubles.latest()):
            if (kind := f"{trouble.judge} {trouble.kind}") not in self._told:
                self._told.add(kind)
                self._write(f"first {trouble.kind} of {trouble.judge}: {trouble.reason} (trace {trouble.trace_id})")


def greeting(board: Board) -> Iterator[str]:
    """Addresses, where spans go, and how to send some."""
    addresses = board.addresses
    found = ((name, getattr(addresses, field)) for name, field in _HOPS)
    if addresses.pages is not None:
        yield f"pages {addresses.pages}"
    yield "otel-evals up: " + ", ".join(f"{name} {address}" for name, address in found if address is not None)
    yield f"forwarding to {', '.join(board.destinations) or NO_DESTINATION}"
    if board.workers > 1:
        yield f"{board.workers} workers: rates only, single failures are shown with one worker"
    if board.judging.judges:
        yield f"judges {', '.join(_called(judge) for judge in board.judging.judges)}: {board.judging.label}"
    if board.demo:
        yield "demo traffic starts in a moment"
    else:
        yield from how_to_send(addresses)


def status(board: Board) -> str:
    """One line that says how things stand."""
    figures = board.figures
    parts = [
        f"{board.spans.per_second:.1f} spans/s, {board.evaluations.per_second:.1f} evaluations/s",
        f"{count(figures.received)} spans, {count(figures.calls)} calls, {count(figures.evaluations)} evaluations",
    ]
    if figures.calls:
        shares = (f"{b.value} {percent(figures.bands.get(b.value, 0) / figures.calls)}" for b in RiskBand)
        parts.append(f"risk {', '.join(shares)}")
    failing = [c for c in figures.checks if c.failed and c.total >= LEAST and c.rate is not None]
    if failing:
        worst = min(failing, key=lambda c: c.passed / c.total)
        parts.append(f"lowest pass rate {worst.name} {percent(worst.rate)}")
    for destination in figures.destinations:
        said = f"{destination.name} {count(destination.forwarded)} forwarded"
        if destination.waiting or destination.dropped:
            said += f", {count(destination.waiting)} waiting, {count(destination.dropped)} dropped"
        parts.append(said)
    return f"{duration(board.uptime)}  " + "; ".join(parts)


def judge_status(board: Board) -> str:
    """One line that says what the judges have said, of how many spans, how late, and at what cost."""
    said = [judge_words(judge, board.figures.judges[judge.id]) for judge in _known(board)]
    return f"{duration(board.uptime)}  judges: " + "; ".join([*said, spent(board, 0).plain.strip()])


def judge_words(judge: ShownJudge, found: JudgeFigures) -> str:
    """One judge: its rate or agreement, coverage and lag."""
    numbers = zip(("judged", "pending", "sampled out", "not applicable", "lost"), shares(found), strict=True)
    coverage = ", ".join(f"{count(number)} {name}" for name, (number, _) in numbers if number)
    late = lag(found)
    quantiles = "too few for a lag" if late == "too few" else f"lag p50/p95 {late}"
    return f"{judge.id} {rate(judge, found, wide=True).plain} [{coverage}; {quantiles}]"


def _known(board: Board) -> list[ShownJudge]:
    return [judge for judge in board.judging.judges if judge.id in board.figures.judges]


def _called(judge: ShownJudge) -> str:
    return f"{judge.id} (shadow)" if judge.shadow else judge.id
