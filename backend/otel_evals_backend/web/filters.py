"""Filters and globals of the templates: numbers and times as `figures` writes them."""

from functools import cache
from typing import Any, Final

from lucide.jinja import lucide
from markupsafe import Markup

from otel_evals_backend.web import bars, chart, figures
from otel_evals_backend.web.assets import asset
from otel_evals_backend.web.keys import KEYS, TITLES


@cache
def icon(name: str, **attributes: Any) -> Markup:
    """An icon as inline SVG. The drawing comes from the library of icons, never from data."""
    return Markup(lucide(name, **attributes))  # noqa: S704 - its own drawing


FILTERS: Final[dict[str, Any]] = {
    "ago": figures.ago,
    "count": figures.count,
    "day": figures.day,
    "iso": figures.iso,
    "money": figures.money,
    "percent": figures.percent,
    "seconds": figures.seconds,
    "utc": figures.utc,
}
"""`{{ n|count }}`, `{{ ns|ago(now_ns) }}`, `{{ share|percent }}` …"""

GLOBALS: Final[dict[str, Any]] = {
    "asset": asset,
    "bar": bars.bar,
    "chart_time": chart.time_text,
    "dot": bars.dot,
    "draw_line": chart.draw,
    "key_groups": KEYS,
    "key_titles": TITLES,
    "lucide": icon,
    "part": figures.part,
    "part_bar": bars.part_bar,
    "sparkline": bars.sparkline,
}
