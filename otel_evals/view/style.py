"""Colours and small shapes of the live view.

Every colour is of middle brightness, so that it reads on dark and on light terminals alike; none is set as a
background, and nothing is told by colour alone.
"""

from typing import Final

from rich.text import Text

GOOD: Final = "color(28)"
WARN: Final = "color(166)"
BAD: Final = "color(160)"
LINK: Final = "color(32)"
QUIET: Final = "color(244)"
TITLE: Final = "bold"

_LOW_RATE: Final = 0.9
_FINE_RATE: Final = 0.97


def count(number: float) -> str:
    """A whole number in groups of three: `12 345`."""
    return f"{int(number):,}".replace(",", " ")


def percent(share: float | None) -> str:
    """`97.4 %`; `100 %` only when it is exactly that."""
    if share is None:
        return "-"
    if share >= 1:
        return "100 %"
    return f"{min(share * 100, 99.9):.1f} %"


def money(usd: float) -> str:
    """`$0.0123`; whole cents and amounts from a dollar on have two digits: `$0.05`, `$12.30`."""
    return f"${usd:.2f}" if usd >= 1 or usd == round(usd, 2) else f"${usd:.4f}"


def range_of(interval: tuple[float, float], digits: int) -> str:
    """`83.1-91.0`, in percent."""
    low, high = (share * 100 for share in interval)
    return f"{low:.{digits}f}\u2013{high:.{digits}f}"


def colour_of(share: float | None) -> str:
    """The colour of a pass rate."""
    if share is None:
        return QUIET
    return GOOD if share >= _FINE_RATE else WARN if share >= _LOW_RATE else BAD


def bar(parts: list[tuple[float, str]], width: int) -> Text:
    """A bar of `width` cells from (share, style) parts that add up to one; a part above zero has at least one cell."""
    cells = [max(1, round(share * width)) if share > 0 else 0 for share, _ in parts]
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    text = Text(no_wrap=True)
    for number, (_, style) in zip(cells, parts, strict=True):
        text.append("━" * number, style)
    text.append("━" * (width - sum(cells)), QUIET)
    return text


def rate_bar(share: float | None, width: int) -> Text:
    """The bar of a pass rate: what passed, then what failed."""
    if share is None:
        return bar([], width)
    return bar([(share, GOOD), (1 - share, BAD)], width)


def duration(seconds: float) -> str:
    """`03:07`, or `1:02:03` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
