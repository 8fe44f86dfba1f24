"""Line charts as SVG drawn here: an estimate and its interval over time, without a script, in any width.

What a chart looks like is decided by classes in `app.css`; `standalone` writes the colours into a file of its own. The
line is never smoothed, never joined over missing buckets, and broken where the evaluator's version changes.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Protocol

import msgspec
from markupsafe import Markup, escape

from otel_evals_backend.web.figures import Rate, day, moment

HEIGHT: Final = 200
_WIDE: Final = 1000
_STEPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
_TICKS: Final = 5
_PAD: Final = 6
_X_LABELS: Final = 7
_COLOURS: Final = {
    "c-rule": 'stroke="#d3d8de"', "c-axis": 'stroke="#77808b"', "c-hatch": 'stroke="#77808b" stroke-opacity="0.5"',
    "c-version": 'stroke="#525a64"', "c-deploy": 'stroke="#525a64" stroke-dasharray="4 3"',
    "c-alarm": 'fill="#9c1c12"', "c-judge": 'stroke="#525a64"', "c-target": 'stroke="#16191d" stroke-dasharray="1 3"',
    "c-line": 'fill="none" stroke-width="2" vector-effect="non-scaling-stroke"', "c-area": 'fill-opacity="0.16"',
    "c-whisker": 'stroke="#16191d" stroke-width="1.5"', "c-dot": 'stroke="#ffffff"', "c-cross": 'display="none"',
    "s1": 'stroke="#1a56b0"', "s2": 'stroke="#c8500e" stroke-dasharray="7 3"',
    "s3": 'stroke="#018f7b" stroke-dasharray="2 3"', "s4": 'stroke="#580f46" stroke-dasharray="9 3 2 3"',
    "f1": 'fill="#1a56b0"', "f2": 'fill="#c8500e"', "f3": 'fill="#018f7b"', "f4": 'fill="#580f46"',
}  # fmt: skip


class Timed(Protocol):
    """What has a rate at a time, of a version."""

    @property
    def rate(self) -> Rate:
        """Its rate."""
        ...

    @property
    def version(self) -> str:
        """Of the evaluator: a line breaks where it changes."""
        ...


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket of one series."""

    at_ns: int
    rate: Rate
    version: str = ""
    href: str = ""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One line; points of the same bucket stand at the same place in all series of a chart."""

    name: str
    points: tuple[Point, ...]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened: a version (solid line), a deployment (dashed), an alarm (triangle)."""

    at_ns: int
    kind: str
    text: str


class LineChart(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn. At most four series."""

    title: str
    series: tuple[Series, ...]
    step_ns: int
    marks: tuple[Mark, ...] = ()
    target: float | None = None
    height: int = HEIGHT

    @property
    def moments(self) -> list[int]:
        """The begin of each bucket."""
        return [point.at_ns for point in self.series[0].points] if self.series else []

    @property
    def by_hours(self) -> bool:
        """Whether a bucket is shorter than a day."""
        return self.step_ns < 86_400_000_000_000


def scale(rates: Sequence[Rate], target: float | None = None) -> tuple[float, float, float]:
    """Lowest and highest value of the axis, and the distance of its ticks: from the data, with padding."""
    lows = [rate.low for rate in rates if rate.low is not None] + ([target] if target is not None else [])
    highs = [rate.high for rate in rates if rate.high is not None] + ([target] if target is not None else [])
    low, high = (min(lows), max(highs)) if lows else (0.0, 1.0)
    step = next((step for step in _STEPS if (high - low) / step <= _TICKS - 1), _STEPS[-1])
    if not lows:
        return 0.0, 1.0, 0.25
    bottom = max(0, int(low / step + 1e-9)) * step
    top = min(1.0, -(-high // step) * step)
    return bottom, max(top, bottom + step), step


def labels_text(value: float, step: float) -> str:
    """A tick in per cent."""
    return f"{100 * value:.0f} %" if step >= _STEPS[0] else f"{100 * value:.1f} %"


def time_text(at_ns: int, *, by_hours: bool) -> str:
    """A bucket's name: `21 Sep`, or `14:00`."""
    return f"{moment(at_ns):%H:%M}" if by_hours else day(at_ns)


def draw(chart: LineChart) -> Markup:
    """The chart for a page: axis and plot, side by side in the grid of `.chart-grid`."""
    bottom, top, step = _axis(chart)
    labels = _labels(chart, bottom, top, step)
    height = chart.height + 24
    return Markup(  # noqa: S704 - put together here, every text in it is escaped
        f'<svg width="44" height="{height}" aria-hidden="true">{labels}</svg>'
        f'<svg width="100%" height="{height}" aria-hidden="true" data-plot>{_plot(chart, bottom, top, step)}'
        f'<line class="c-cross" x1="0" x2="0" y1="0" y2="{chart.height}" visibility="hidden"/></svg>'
    )


def standalone(chart: LineChart, width: int = 960) -> str:
    """The chart as a file of its own: colours written in, title above."""
    bottom, top, step = _axis(chart)
    inner = (
        f'<text x="0" y="16" font-weight="600" font-size="14">{escape(chart.title)}</text>'
        f'<svg y="32" width="44" overflow="visible">{_labels(chart, bottom, top, step)}</svg>'
        f'<svg x="44" y="32" width="{width - 60}" height="{chart.height + 24}" overflow="visible">'
        f"{_plot(chart, bottom, top, step)}</svg>"
    )
    defs = (
        '<defs><pattern id="hatch" patternUnits="userSpaceOnUse" width="6" height="6" patternTransform="rotate(45)">'
        '<line class="c-hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
    )
    coloured = re.sub(r'class="([^"]*)"', _coloured, defs + inner)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{chart.height + 72}" '
        f'viewBox="-8 -8 {width} {chart.height + 72}" font-family="sans-serif" font-size="12" fill="#16191d">'
        f'<rect x="-8" y="-8" width="100%" height="100%" fill="#ffffff"/>{coloured}</svg>'
    )


def _coloured(found: re.Match[str]) -> str:
    return " ".join(_COLOURS[name] for name in found[1].split() if name in _COLOURS)


def _axis(chart: LineChart) -> tuple[float, float, float]:
    return scale([point.rate for series in chart.series for point in series.points], chart.target)


def _ticks(bottom: float, top: float, step: float) -> list[float]:
    return [bottom + i * step for i in range(round((top - bottom) / step) + 1)]


def _y(value: float, chart: LineChart, bottom: float, top: float) -> float:
    return round(_PAD + (chart.height - 2 * _PAD) * (1 - (value - bottom) / (top - bottom)), 2)


def _labels(chart: LineChart, bottom: float, top: float, step: float) -> str:
    return "".join(
        f'<text x="36" y="{_y(tick, chart, bottom, top) + 4}" text-anchor="end">{labels_text(tick, step)}</text>'
        for tick in _ticks(bottom, top, step)
    )


def _plot(chart: LineChart, bottom: float, top: float, step: float) -> str:
    buckets = len(chart.moments)
    parts = [
        f'<line class="{"c-axis" if tick == 0 else "c-rule"}" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
        for tick in _ticks(bottom, top, step)
        for y in [_y(tick, chart, bottom, top)]
    ]
    if bottom > 0:  # the axis does not begin at nothing, and says so
        y = chart.height - 1
        parts.append(f'<path class="c-line c-axis" d="M0 {y} l4 -4 l4 4 l4 -4 l4 4"/>')
    if buckets:
        parts += [*_hatches(chart, buckets), *_times(chart, buckets), *_marks(chart)]
        shapes = "".join(
            _shapes(series, number, chart, bottom, top) for number, series in enumerate(chart.series[:4], 1)
        )
        parts.append(
            f'<svg width="100%" height="{chart.height}" viewBox="0 0 {_WIDE} {chart.height}" '
            f'preserveAspectRatio="none">{shapes}</svg>'
        )
        parts += _lone(chart, buckets, bottom, top)
        if not any(runs(series.points) for series in chart.series):
            parts.append(
                f'<text class="strong" x="50%" y="{chart.height // 2 + 4}" text-anchor="middle">'
                f"not enough results {'an hour' if chart.by_hours else 'a day'}</text>"
            )
    if chart.target is not None:
        y = _y(chart.target, chart, bottom, top)
        parts.append(f'<line class="c-target" x1="0" x2="100%" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="100%" y="{y - 4}" text-anchor="end">target {100 * chart.target:g} %</text>')
    return "".join(parts)


def _hatches(chart: LineChart, buckets: int) -> list[str]:
    """Where there are results but not enough of them, in the only series or in all."""
    poor = [
        all(not series.points[i].rate.enough for series in chart.series)
        and any(series.points[i].rate.n for series in chart.series)
        for i in range(buckets)
    ]
    return [
        f'<rect x="{100 * i / buckets:.3f}%" width="{100 / buckets:.3f}%" y="0" height="{chart.height}" '
        'fill="url(#hatch)"/>'
        for i, flag in enumerate(poor)
        if flag
    ]


def _times(chart: LineChart, buckets: int) -> list[str]:
    every = max(1, -(-buckets // _X_LABELS))
    shown = range(every // 2, buckets, every)
    return [
        f'<text class="{"t2" if number % 2 else "t1"}" x="{100 * (i + 0.5) / buckets:.3f}%" y="{chart.height + 18}" '
        f'text-anchor="middle">{time_text(chart.moments[i], by_hours=chart.by_hours)}</text>'
        for number, i in enumerate(shown)
    ]


def _marks(chart: LineChart) -> list[str]:
    begin, whole = chart.moments[0], len(chart.moments) * chart.step_ns
    parts: list[str] = []
    for number, mark in enumerate(chart.marks, 1):
        x = f"{min(100.0, max(0.0, 100 * (mark.at_ns - begin) / whole)):.3f}%"
        if mark.kind == "alarm":
            parts.append(f'<svg x="{x}" y="0" overflow="visible"><path class="c-alarm" d="M0 2 l6 10 h-12 z"/></svg>')
        else:
            name = "c-deploy" if mark.kind == "deploy" else "c-version"
            parts.append(f'<line class="{name}" x1="{x}" x2="{x}" y1="0" y2="{chart.height}"/>')
        parts.append(f'<text class="strong" x="{x}" y="10" dx="4">{number}</text>')
    return parts


def runs(points: Sequence[Timed]) -> list[list[int]]:
    """Stretches of neighbouring buckets that have an estimate by one version of the evaluator."""
    found: list[list[int]] = []
    for i, point in enumerate(points):
        if not point.rate.enough:
            continue
        if found and found[-1][-1] == i - 1 and points[i - 1].version == point.version:
            found[-1].append(i)
        else:
            found.append([i])
    return found


def _shapes(series: Series, number: int, chart: LineChart, bottom: float, top: float) -> str:
    parts: list[str] = []
    for run in runs(series.points):
        if len(run) == 1:
            continue
        line, lows, highs = _path(series, run, chart, bottom, top)
        parts.append(f'<polygon class="c-area f{number}" points="{" ".join(highs + lows[::-1])}"/>')
        parts.append(f'<polyline class="c-line s{number}" points="{" ".join(line)}"/>')
    return "".join(parts)


def _path(
    series: Series, run: list[int], chart: LineChart, bottom: float, top: float
) -> tuple[list[str], list[str], list[str]]:
    line: list[str] = []
    lows: list[str] = []
    highs: list[str] = []
    for i in run:
        rate = series.points[i].rate
        x = round(_WIDE * (i + 0.5) / len(series.points), 1)
        for values, value in ((line, rate.share), (lows, rate.low), (highs, rate.high)):
            values.append(f"{x},{_y(value or 0.0, chart, bottom, top)}")
    return line, lows, highs


def _lone(chart: LineChart, buckets: int, bottom: float, top: float) -> list[str]:
    """A bucket without neighbours: a dot with its whisker."""
    parts: list[str] = []
    for number, series in enumerate(chart.series[:4], 1):
        for run in runs(series.points):
            rate = series.points[run[0]].rate
            if len(run) == 1 and rate.low is not None and rate.high is not None and rate.share is not None:
                x = f"{100 * (run[0] + 0.5) / buckets:.3f}%"
                low, high = _y(rate.low, chart, bottom, top), _y(rate.high, chart, bottom, top)
                parts.append(f'<line class="c-whisker" x1="{x}" x2="{x}" y1="{low}" y2="{high}"/>')
                y = _y(rate.share, chart, bottom, top)
                parts.append(f'<circle class="c-dot f{number}" cx="{x}" cy="{y}" r="4"/>')
    return parts


def version_marks(points: Sequence[Point], what: str) -> tuple[Mark, ...]:
    """A mark wherever the version of the evaluator changes."""
    known = [point for point in points if point.version]
    return tuple(
        Mark(at_ns=after.at_ns, kind="version", text=f"{what}: {before.version[:12]} → {after.version[:12]}")
        for before, after in pairwise(known)
        if before.version != after.version
    )
