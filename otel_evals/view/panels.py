"""The parts of the live view, each a list of lines (rich texts) that fits a width and a number of rows."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final

from rich.text import Text

from otel_evals.records.decision import RiskBand
from otel_evals.view.board import Board
from otel_evals.view.figures import CheckFigures, SliceFigures
from otel_evals.view.guidance import NO_DESTINATION, how_to_send
from otel_evals.view.style import (
    BAD,
    GOOD,
    LINK,
    QUIET,
    TITLE,
    WARN,
    bar,
    colour_of,
    count,
    duration,
    percent,
    rate_bar,
)

Lines = list[Text]

_NAME: Final = 18
"""Columns of a check's name: the longest of the built-in ones."""
_TRACE: Final = 32
_MODEL: Final = 20
WIDE: Final = 118
"""Columns from which checks and slices stand side by side, and a failure needs one line."""
_HUGE: Final = 160
"""Columns from which a failure also names its prompt."""
_WORST: Final = 25
"""Columns of `citation_integrity 91.4 %`."""
_BANDS: Final = ((RiskBand.LOW, GOOD), (RiskBand.MEDIUM, WARN), (RiskBand.HIGH, BAD))


def cell(text: str, width: int, style: str = "", *, right: bool = False) -> Text:
    """`text` in exactly `width` columns, cut with an ellipsis."""
    made = Text(text, style, no_wrap=True)
    made.truncate(width, overflow="ellipsis")
    made.align("right" if right else "left", width)
    return made


def join(*parts: Text | str) -> Text:
    """Parts side by side, one column apart."""
    return Text(" ", no_wrap=True).join(part if isinstance(part, Text) else Text(part) for part in parts)


def heading(title: str, width: int, note: str = "") -> Text:
    """A title with a rule to the end of the line."""
    line = Text(no_wrap=True).append(title, TITLE)
    if note:
        line.append(f"  {note}", QUIET)
    line.append(" ")
    line.append("─" * max(0, width - line.cell_len), QUIET)
    line.truncate(width)
    return line


def header(board: Board, width: int) -> Lines:
    """Title, addresses, rates, risk and destinations: five lines."""
    title = Text(no_wrap=True).append("otel-evals", TITLE)
    title.append("  demo traffic" if board.demo else "  live", LINK)
    if board.addresses.pages is not None:
        title.append("  pages ", QUIET).append(board.addresses.pages, LINK)
    if board.workers > 1:
        title.append(f"  {board.workers} workers", QUIET)
    right = f"{duration(board.uptime)}  Ctrl-C ends"
    title.append(right.rjust(max(1, width - title.cell_len)), QUIET)
    return [title, _addresses(board), *_rates(board, width), _risk(board, width), _destinations(board)]


def _addresses(board: Board) -> Text:
    found, line = board.addresses, Text(no_wrap=True)
    for name, address in (("gRPC ", found.grpc), ("HTTP ", found.http), ("", found.metrics)):
        if address is not None:
            line.append(f"{name}", QUIET)
            line.append(address.removeprefix("http://") if name else address, LINK)
            line.append("  ")
    return line


def _rates(board: Board, width: int) -> Lines:
    figures = board.figures
    course = max(0, min(24, (width - 68) // 2))
    line = Text(no_wrap=True)
    for rate, unit, total in (
        (board.spans, "spans/s", figures.received),
        (board.evaluations, "evaluations/s", figures.evaluations),
    ):
        line.append(f"{rate.per_second:6.1f}", TITLE)
        line.append(f" {unit} ")
        if course:
            line.append(rate.course(course).ljust(course), LINK)
        line.append(f" {count(total)}   ", QUIET)
    line.append(f"{count(figures.calls)} calls", QUIET)
    line.truncate(width)
    return [line]


def _risk(board: Board, width: int) -> Text:
    bands, calls = board.figures.bands, board.figures.calls
    shares = [(bands.get(band.value, 0) / calls if calls else 0.0, style) for band, style in _BANDS]
    line = Text("risk ", QUIET, no_wrap=True).append_text(bar(shares, max(10, min(60, width - 52))))
    for (band, style), (share, _) in zip(_BANDS, shares, strict=True):
        line.append(f"  {band.value} ", QUIET)
        line.append(percent(share) if calls else "-", style)
    return line


def _destinations(board: Board) -> Text:
    line = Text("forwarded ", QUIET, no_wrap=True)
    if not board.destinations:
        return line.append(NO_DESTINATION, WARN)
    known = {d.name: d for d in board.figures.destinations}
    for name in board.destinations:
        found = known.get(name)
        line.append(f"{name} ", LINK)
        line.append(f"{count(found.forwarded) if found else 0} sent")
        if found and found.waiting:
            line.append(f", {count(found.waiting)} waiting", WARN)
        if found and found.retries:
            line.append(f", {count(found.retries)} retries", WARN)
        if found and found.dropped:
            line.append(f", {count(found.dropped)} dropped", BAD)
        line.append("   ")
    return line


def checks(found: Sequence[CheckFigures], width: int, rows: int, *, columns: int) -> Lines:
    """Pass rate by check, in `columns` columns; what never failed gives way when there is no room for all."""
    inner = (width - 3 * (columns - 1)) // columns
    shown = list(found)
    if len(shown) > (rows - 1) * columns:
        worst = sorted(shown, key=lambda c: c.rate if c.rate is not None else 2)[: (rows - 1) * columns]
        shown = [c for c in shown if c in worst]
    per_column = -(-len(shown) // columns)
    lines = [_check(check, inner) for check in shown]
    note = "failed / results" if inner >= 54 else "failed"
    if len(shown) < len(found):
        note += f", {len(found) - len(shown)} more"
    table = [heading("Pass rate by check", width, note)]
    for row in range(per_column):
        cells = lines[row::per_column] if per_column else []
        table.append(Text("   ", no_wrap=True).join(cells))
    return table


def _check(check: CheckFigures, width: int) -> Text:
    of = width >= 54
    failed = f"{count(check.failed)} / {count(check.total)}" if of else count(check.failed)
    tail = 16 if of else 4
    length = max(4, width - _NAME - 6 - tail - 3)
    return join(
        cell(check.name, _NAME),
        rate_bar(check.rate, length),
        cell(percent(check.rate), 6, colour_of(check.rate), right=True),
        cell(failed, tail, QUIET, right=True),
    )


def slices(found: Sequence[SliceFigures], width: int, rows: int) -> Lines:
    """Calls by model and prompt version; the busiest where there is no room for all."""
    worst = min(_WORST, max(10, width - 51))
    rest = width - worst - 7 - 8 - 4
    model = rest * 53 // 100
    prompt = rest - model
    shown = sorted(found[: rows - 1], key=attrgetter("model", "prompt"))  # versions of a prompt stand together
    more = f"  +{len(found) - len(shown)} more" if len(found) > len(shown) else ""
    head = join(
        cell(f"Model{more}", model, TITLE),
        cell("prompt version", prompt, TITLE),
        cell("calls", 7, QUIET, right=True),
        cell("low risk", 8, QUIET, right=True),
        cell("worst check", worst, QUIET),
    )
    return [head, *(_slice(s, model, prompt, worst) for s in shown)]


def _slice(found: SliceFigures, model: int, prompt: int, worst: int) -> Text:
    check = found.worst
    said = f"{check.name} {percent(check.rate)}" if check is not None else ""
    return join(
        cell(found.model, model),
        cell(found.prompt, prompt),
        cell(count(found.calls), 7, right=True),
        cell(percent(found.clean), 8, colour_of(found.clean), right=True),
        cell(said, worst, colour_of(check.rate if check is not None else None)),
    )


def failures(board: Board, width: int, rows: int) -> Lines:
    """The latest failure of each check, newest first; two lines each where there is no room for one."""
    if board.workers > 1:
        return [heading("Latest failures", width, "shown with one worker only: run without --workers to see them")]
    lines = [heading("Latest failures", width, "of each check")]
    wide = width >= WIDE
    for failure in board.failures.latest():
        model = _MODEL if wide else width - _NAME - _TRACE - 2
        one = [cell(failure.check, _NAME, BAD), cell(failure.model, model)]
        trace = cell(failure.trace_id, _TRACE, QUIET)
        if wide:
            if width >= _HUGE:
                one.append(cell(failure.prompt, _MODEL))
            said = width - sum(part.cell_len + 1 for part in one) - _TRACE - 1
            lines.append(join(*one, cell(failure.explanation, said), trace))
        else:
            lines += [join(*one, trace), cell(f"  {failure.explanation}", width, QUIET)]
    return lines[: rows if wide else rows - 1 + rows % 2]


def log(lines: Iterable[str], width: int, rows: int) -> Lines:
    """The last log lines."""
    shown = list(lines)[-rows:] if rows > 0 else []
    return [cell(line, width, WARN if "level=warn" in line or "level=err" in line else QUIET) for line in shown]


def waiting(board: Board, width: int) -> Lines:
    """What stands in the middle while there is nothing to show."""
    if board.figures.received:
        said = ["Spans arrive, but no GenAI call is among them yet."]
    elif board.demo:
        said = ["The demo traffic starts in a moment."]
    else:
        said = ["Waiting for the first span.", "", *how_to_send(board.addresses)]
    return [Text(), *(cell(f"  {line}", width) for line in said)]
