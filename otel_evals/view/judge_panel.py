"""The judges' part of the live view: a line a judge, the budget, and the latest judgements that could not be made."""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from otel_evals.records.decision import CoverageOutcome
from otel_evals.view.board import Board, ShownJudge, Spending
from otel_evals.view.judge_figures import LOST, JudgeFigures
from otel_evals.view.panels import WIDE, Lines, cell, heading, join
from otel_evals.view.style import BAD, GOOD, LINK, QUIET, TITLE, WARN, bar, colour_of, count, money, percent, range_of

_NAME: Final = 22
_NARROW_NAME: Final = 21
_NARROW_RATE: Final = 15
_RATE: Final = 29
"""Columns of `shadow agrees 87.3 % of 1 234`."""
_SHORT_RATE: Final = 22
_ROOMY: Final = 126
"""Columns from which there is room for that."""
_COUNT: Final = 7
_COUNTS: Final = ("judged", "pending", "out", "n/a", "lost")
_ALL_COUNTS: Final = 96
"""Columns from which all of them are shown."""
_LAG: Final = 13
_COST: Final = 8
_MOST_TROUBLES: Final = 3
_FEW: Final = 0.8
"""Share of a budget from which it is shown as nearly spent."""


def judges(board: Board, width: int, rows: int) -> Lines:
    """At most `rows` lines; none without judges."""
    shown = board.judging.judges
    if not shown or rows < 2:
        return []
    wide = width >= WIDE
    found = [board.figures.judges.get(judge.id) or JudgeFigures(id=judge.id) for judge in shown]
    lines = [heading("Judges", width, board.judging.label)]
    if wide or rows >= len(shown) + 3:
        lines.append(_head(width, wide=wide))
    lines += [_judge(judge, one, width, wide=wide) for judge, one in zip(shown, found, strict=True)]
    lines.append(spent(board, width))
    return [*lines, *_troubles(board, width)][:rows]


def _head(width: int, *, wide: bool) -> Text:
    names = _COUNTS if width >= _ALL_COUNTS else (_COUNTS[0], _COUNTS[-1])
    return join(
        cell("", _NAME if wide else _NARROW_NAME),
        cell("pass rate, weighted" if wide else "pass rate, w.", _rate_width(width, wide=wide), QUIET),
        cell("coverage", _bar_width(width, wide=wide), QUIET),
        *(cell(name, _COUNT, QUIET, right=True) for name in names),
        cell("lag p50/p95", _LAG, QUIET, right=True),
        *([cell("cost", _COST, QUIET, right=True)] if wide else []),
    )


def _bar_width(width: int, *, wide: bool) -> int:
    counts = len(_COUNTS) if width >= _ALL_COUNTS else 2
    name, cost = (_NAME, 1 + _COST) if wide else (_NARROW_NAME, 0)
    return max(4, width - name - _rate_width(width, wide=wide) - counts * (_COUNT + 1) - _LAG - cost - 3)


def _rate_width(width: int, *, wide: bool) -> int:
    if not wide:
        return _NARROW_RATE
    return _RATE if width >= _ROOMY else _SHORT_RATE


def _judge(judge: ShownJudge, found: JudgeFigures, width: int, *, wide: bool) -> Text:
    length = _bar_width(width, wide=wide)
    parts = shares(found)
    total = sum(number for number, _ in parts)
    numbers = [number for number, _ in parts] if width >= _ALL_COUNTS else [parts[0][0], parts[-1][0]]
    lost = found.lost
    styles = ["", *[QUIET] * (len(numbers) - 2), BAD if lost else QUIET]
    return join(
        cell(judge.id, _NAME if wide else _NARROW_NAME),
        _fitted(rate(judge, found, wide=wide), _rate_width(width, wide=wide)),
        bar([(number / total, style) for number, style in parts] if total else [], length),
        *(cell(count(n), _COUNT, style, right=True) for n, style in zip(numbers, styles, strict=True)),
        cell(lag(found), _LAG, QUIET, right=True),
        *([cell(money(found.cost) if found.cost is not None else "-", _COST, right=True)] if wide else []),
    )


def shares(found: JudgeFigures) -> list[tuple[int, str]]:
    """Spans with the colour of what became of them: judged, pending, sampled out, not applicable, lost."""
    outcomes = found.outcomes
    judged = outcomes.get(CoverageOutcome.JUDGED.value, 0)
    out = outcomes.get(CoverageOutcome.SAMPLED_OUT.value, 0)
    lost = sum(outcomes.get(outcome.value, 0) for outcome in LOST)
    return [
        (judged, GOOD),
        (found.pending, LINK),
        (out, QUIET),
        (sum(outcomes.values()) - judged - out - lost, QUIET),
        (lost, BAD),
    ]


def rate(judge: ShownJudge, found: JudgeFigures, *, wide: bool) -> Text:
    """The weighted pass rate with its interval, or a shadow's agreement with the active judge."""
    if judge.shadow:
        if found.agreement is None:
            return Text(f"shadow, too few: {found.compared}" if wide else f"too few: {found.compared}", QUIET)
        said = Text("shadow agrees " if wide else "agrees ", QUIET).append(percent(found.agreement))
        return said.append(f" of {count(found.compared)}", QUIET) if wide else said
    if found.rate is None or found.interval is None:
        few = f"too few yet: {int(found.effective)} effective" if wide else f"too few: {int(found.effective)}"
        return Text(few, QUIET)
    said = Text(percent(found.rate), colour_of(found.rate))
    return said.append(f" ({range_of(found.interval, digits=1 if wide else 0)})", QUIET)


def lag(found: JudgeFigures) -> str:
    """`1.2 / 3.4 s`; the quantiles are interpolated."""
    half, most = found.quantile(0.5), found.quantile(0.95)
    return "too few" if half is None or most is None else f"{half:.1f} / {most:.1f} s"


def spent(board: Board, width: int) -> Text:
    """What the budgets have spent, or what was spent since the start where there is none; `width` 0 = words only."""
    line = Text(no_wrap=True)
    for spending in board.judging.spendings:
        share = spending.used / spending.limit
        style = BAD if share >= 1 else WARN if share >= _FEW else ""
        line.append(f"{spending.judge} spent {spending.period} ".lstrip(), QUIET)
        line.append(said_spending(spending), style).append(" ")
        if width >= WIDE:
            line.append_text(bar([(min(1.0, share), style or LINK)], 16)).append(" ")
        line.append(f"{percent(share)}   ", style)
    if not board.judging.spendings:
        costs = [judge.cost for judge in board.figures.judges.values() if judge.cost is not None]
        line.append("spent since the start ", QUIET).append(money(sum(costs)) if costs else "unknown")
        line.append(", no budget is set", QUIET)
    if board.judging.throttle < 1:
        line.append(f"rates lowered to {percent(board.judging.throttle)}", WARN)
    line.rstrip()
    if width:
        line.truncate(width)
    return line


def said_spending(spending: Spending) -> str:
    """`$0.0123 of $2.00`."""
    if spending.unit == "USD":
        return f"{money(spending.used)} of {money(spending.limit)}"
    return f"{count(spending.used)} of {count(spending.limit)} tokens"


def _troubles(board: Board, width: int) -> Iterator[Text]:
    for trouble in board.troubles.latest()[:_MOST_TROUBLES]:
        found = board.figures.judges.get(trouble.judge)
        number = found.errors.get(trouble.kind, 0) if found is not None else 0
        line = (
            Text("no verdict ", BAD, no_wrap=True).append(f"{trouble.judge} ").append(f"{count(number)}\u00d7 ", TITLE)
        )
        yield cell_of(line.append(f"{trouble.kind}: {trouble.reason}", QUIET), width)


def cell_of(line: Text, width: int) -> Text:
    """`line`, cut to `width` with an ellipsis."""
    line.truncate(width, overflow="ellipsis")
    return line


def _fitted(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    text.align("left", width)
    return text
