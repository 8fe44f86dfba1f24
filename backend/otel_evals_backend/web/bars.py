"""Small drawings that stand in tables: sparkline, bar with whisker, dot with whisker, counted grid. See `chart`."""

from collections.abc import Iterable, Sequence
from typing import Final

from markupsafe import Markup, escape

from otel_evals_backend.web.chart import Timed, runs
from otel_evals_backend.web.figures import Rate, count

_WIDE: Final = 1000
_TALL: Final = 32
_LEAST: Final = 0.1
"""A sparkline's axis spans ten points at least, so that noise does not look like a fall."""


def common_scale(rows: Iterable[Sequence[Timed]]) -> tuple[float, float] | None:
    """Lowest and highest end of all intervals: the axis that panels share."""
    rates = [point.rate for points in rows for point in points if point.rate.enough]
    if not rates:
        return None
    low = min(rate.low or 0.0 for rate in rates)
    high = max(rate.high or 0.0 for rate in rates)
    if high - low < _LEAST:
        middle = min(max((low + high) / 2, _LEAST / 2), 1 - _LEAST / 2)
        low, high = middle - _LEAST / 2, middle + _LEAST / 2
    return low, high


def sparkline(points: Sequence[Timed], number: int = 1, scale: tuple[float, float] | None = None) -> Markup:
    """A line with its band, without axes, on its own scale or on a common one; words beside it say the figure."""
    own = scale or common_scale([points])
    if own is None or not any(point.rate.enough for point in points):
        return Markup("")
    low, high = own

    def at(i: int, value: float) -> str:
        return f"{_WIDE * (i + 0.5) / len(points):.0f},{2 + (_TALL - 4) * (1 - (value - low) / (high - low)):.1f}"

    shapes: list[str] = []
    for run in runs(points):
        found = [(i, points[i].rate) for i in run]
        if len(run) == 1:
            found = [(run[0], found[0][1])]
            x, y = at(run[0], found[0][1].share or 0.0).split(",")
            shapes.append(f'<polyline class="c-line s{number}" points="{int(x) - 8},{y} {int(x) + 8},{y}"/>')
            continue
        upper = [at(i, rate.high or 0.0) for i, rate in found]
        lower = [at(i, rate.low or 0.0) for i, rate in reversed(found)]
        shapes.append(f'<polygon class="c-area f{number}" points="{" ".join(upper + lower)}"/>')
        line = " ".join(at(i, rate.share or 0.0) for i, rate in found)
        shapes.append(f'<polyline class="c-line s{number}" points="{line}"/>')
    return _svg("spark", _TALL, f'viewBox="0 0 {_WIDE} {_TALL}" preserveAspectRatio="none"', "".join(shapes))


def bar(rate: Rate, number: int = 1) -> Markup:
    """A horizontal bar from nothing to the share, and the interval as a whisker; hatched where there is no estimate."""
    if rate.share is None or rate.low is None or rate.high is None:
        return _svg("bar", 20, "", '<rect width="100%" height="20" fill="url(#hatch)"/>')
    low, high = f"{100 * rate.low:.2f}%", f"{100 * rate.high:.2f}%"
    return _svg(
        "bar",
        20,
        "",
        '<rect class="c-track" width="100%" height="20"/>'
        f'<rect class="c-bar f{number}" width="{100 * rate.share:.2f}%" height="20"/>' + _whisker(low, high, 10),
    )


def dot(rate: Rate, number: int = 1, low: float = 0.0, high: float = 1.0) -> Markup:
    """A dot at the share with its interval, on an axis from `low` to `high`."""
    if rate.share is None or rate.low is None or rate.high is None:
        return _svg("bar", 20, "", '<rect width="100%" height="20" fill="url(#hatch)"/>')

    def x(value: float) -> str:
        return f"{100 * min(1.0, max(0.0, (value - low) / (high - low))):.2f}%"

    return _svg(
        "bar",
        20,
        "",
        '<line class="c-rule" x1="0" x2="100%" y1="10" y2="10"/>'
        + _whisker(x(rate.low), x(rate.high), 10)
        + f'<circle class="c-dot f{number}" cx="{x(rate.share)}" cy="10" r="5"/>',
    )


def part_bar(some: float, whole: float, number: int = 1) -> Markup:
    """A bar without an interval: a counted part."""
    share = some / whole if whole > 0 else 0.0
    return _svg(
        "bar",
        8,
        "",
        '<rect class="c-track" width="100%" height="8"/>'
        f'<rect class="f{number}" width="{100 * min(1.0, share):.2f}%" height="8"/>',
    )


def grid(rows: tuple[str, str], columns: tuple[str, str], cells: tuple[tuple[int, int], tuple[int, int]]) -> Markup:
    """Two by two counts as a table: judge against people."""
    head = Markup("").join(Markup('<th scope="col" class="end">{}</th>').format(name) for name in columns)
    body = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td class="end">{}</td><td class="end">{}</td></tr>').format(
            name, count(some), count(others)
        )
        for name, (some, others) in zip(rows, cells, strict=True)
    )
    frame = Markup('<table class="table"><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table>')
    return frame.format(head, body)


def _whisker(low: str, high: str, y: int) -> str:
    return (
        f'<line class="c-whisker" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>'
        f'<line class="c-whisker" x1="{low}" x2="{low}" y1="{y - 5}" y2="{y + 5}"/>'
        f'<line class="c-whisker" x1="{high}" x2="{high}" y1="{y - 5}" y2="{y + 5}"/>'
    )


def _svg(name: str, height: int, more: str, inner: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and words of this module alone
        f'<svg class="{escape(name)}" width="100%" height="{height}" aria-hidden="true" {more}>{inner}</svg>'
    )
