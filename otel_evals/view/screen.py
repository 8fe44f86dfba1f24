"""The live view as one picture: the parts laid out for the size of the terminal.

From 80 by 24 on nothing is cut that matters; more room shows more. A picture has exactly as many lines as the terminal,
so that the next one covers it without a flicker.
"""

from typing import Final

from rich.text import Text

from otel_evals.view import judge_panel, panels
from otel_evals.view.board import Board
from otel_evals.view.panels import Lines

_LOG_ROWS: Final = 4
_ROOMY: Final = 30
"""Rows from which there are empty lines between the parts."""
_MARGIN: Final = 1


def picture(board: Board, width: int, height: int) -> Text:
    """The board in `height` lines of `width` columns."""
    inner = max(40, width - 2 * _MARGIN)
    lines = _lines(board, inner, height)[:height]
    lines += [Text()] * (height - len(lines))
    shown = [Text(" " * _MARGIN).append_text(line) for line in lines]
    for line in shown:
        line.truncate(width)
    return Text("\n", no_wrap=True).join(shown)


def _lines(board: Board, width: int, height: int) -> Lines:
    gap: Lines = [Text()] if height >= _ROOMY else []
    top = [*panels.header(board, width), *gap]
    log = panels.log(board.log_lines, width, min(_LOG_ROWS, max(1, height // 20)))
    room = height - len(top) - len(log)
    if not board.figures.calls:
        middle = panels.waiting(board, width)
    elif width >= panels.WIDE:
        middle = _side_by_side(board, width, room, gap)
    else:
        middle = _stacked(board, width, room, gap)
    filler: Lines = [Text()] * max(0, room - len(middle))
    return [*top, *middle[:room], *filler, *log]


def _side_by_side(board: Board, width: int, room: int, gap: Lines) -> Lines:
    left = min(84, max(56, width * 40 // 100))
    right = width - left - 3
    judges = judge_panel.judges(board, width, room // 3)
    if judges:
        judges += gap
        room -= len(judges)
    rows = max(4, room * 6 // 10)
    checks = panels.checks(board.figures.checks, left, rows, columns=1)
    slices = panels.slices(board.figures.slices, right, rows)
    upper = max(len(checks), len(slices))
    blank = Text(" " * left)
    checks += [blank] * (upper - len(checks))
    slices += [Text()] * (upper - len(slices))
    beside = [_fitted(c, left).append("   ").append_text(s) for c, s in zip(checks, slices, strict=True)]
    return [*beside, *gap, *judges, *panels.failures(board, width, room - upper - len(gap))]


def _stacked(board: Board, width: int, room: int, gap: Lines) -> Lines:
    judges = judge_panel.judges(board, width, room * 45 // 100)
    if judges:
        judges += gap
        room -= len(judges)
    checks = panels.checks(board.figures.checks, width, max(4, room * 5 // 10), columns=2)
    rest = room - len(checks) - 2 * len(gap)
    for_failures = rest // 2 - 1 + rest // 2 % 2  # a heading and two lines each
    slices = panels.slices(board.figures.slices, width, rest - for_failures)
    failures = panels.failures(board, width, rest - len(slices))
    return [*checks, *gap, *judges, *slices, *gap, *failures]


def _fitted(line: Text, width: int) -> Text:
    line.truncate(width)
    line.pad_right(width - line.cell_len)
    return line
