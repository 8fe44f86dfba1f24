"""Numbers and intervals as text, the one way that they are written here.

No share without the number of cases behind it; unknown is never zero. Used by pages, charts, and CSV alike.
"""

from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, computed_field

from otel_evals.statistics.proportion import wilson

FEW: Final = 20
"""Below this many cases the cases are shown, not a share."""
FLOOR: Final = 30
"""Below this effective number a weighted share is not shown."""
GAP: Final = "\u00a0"
"""Between a number and its unit: no line ends there."""
THIN: Final = "\u202f"
"""Between thousands."""
DASH: Final = "\u2013"
MINUS: Final = "\u2212"
_WIDE: Final = 0.05
_SECOND: Final = 1_000_000_000
_DAY: Final = 86_400
_LITTLE_MONEY: Final = 100
_SAME: Final = 1e-9


class Rate(BaseModel):
    """A share of passes, as it may be shown: with its interval, as "3 of 9", or as not enough."""

    model_config = ConfigDict(frozen=True)

    passes: int = 0
    n: int = 0
    share: float | None = None
    low: float | None = None
    high: float | None = None
    n_effective: float = 0.0
    weighted: bool = False

    @property
    def enough(self) -> bool:
        """Whether there is a share to show."""
        return self.share is not None

    @property
    def share_text(self) -> str:
        """`84 %`; an em dash when there is none."""
        if self.share is None or self.low is None or self.high is None:
            return "—"
        return percent(self.share, digits=_digits(self.low, self.high), counted=self.passes in (0, self.n))

    @property
    def range_text(self) -> str:
        """Low and high end in per cent, with a dash between."""
        if self.low is None or self.high is None:
            return ""
        digits = _digits(self.low, self.high)
        return f"{_plain(self.low, digits)}{DASH}{_plain(self.high, digits)}"

    @property
    def n_text(self) -> str:
        """`n 120`, with the effective number where results have weights."""
        if self.weighted:
            return f"n{GAP}{count(self.n)}, effective {count(round(self.n_effective))}"
        return f"n{GAP}{count(self.n)}"

    @computed_field
    @property
    def text(self) -> str:
        """All of it on one line."""
        if self.enough:
            return f"{self.share_text} ({self.range_text}), {self.n_text}"
        if self.n == 0:
            return "no results"
        if self.n < FEW:
            return f"{self.passes} of {self.n}"
        return f"not enough: effective n{GAP}{round(self.n_effective)} of {FLOOR}"


def rate_of(passes: int, n: int, weight_passes: float, weight: float, weight_squared: float) -> Rate:
    """The weighted share of passes (Hájek) with Wilson's interval on the effective number of cases.

    Args:
        passes: results that pass.
        n: results that pass or fail.
        weight_passes: sum of 1/probability of those that pass.
        weight: the same of all.
        weight_squared: sum of the squares of all.
    """
    if n == 0 or weight <= 0 or weight_squared <= 0:
        return Rate(passes=passes, n=n)
    effective = weight * weight / weight_squared
    weighted = abs(effective - n) > _SAME * n
    if n < FEW or (weighted and effective < FLOOR):
        return Rate(passes=passes, n=n, n_effective=effective, weighted=weighted)
    share = min(1.0, max(0.0, weight_passes / weight))
    low, high = wilson(share, effective)
    return Rate(passes=passes, n=n, share=share, low=low, high=high, n_effective=effective, weighted=weighted)


def percent(share: float, *, digits: int = 0, counted: bool = False) -> str:
    """`84 %`; `<1 %` and `>99 %` where rounding would say none or all and nobody counted that."""
    edge = 10.0**-digits
    number = round(100 * share, digits)
    if not counted and number < edge:
        return f"<{edge:.{digits}f}{GAP}%"
    if not counted and number > 100 - edge:
        return f">{100 - edge:.{digits}f}{GAP}%"
    return f"{_plain(share, digits)}{GAP}%"


def _plain(share: float, digits: int) -> str:
    """In per cent; all and none without decimals."""
    number = round(100 * share, digits)
    return f"{number:.0f}" if number in (0, 100) else f"{number:.{digits}f}"


def _digits(low: float, high: float) -> int:
    return 0 if high - low >= _WIDE else 1


def part(some: int, whole: int) -> str:
    """A counted part: `1 204 of 9 000 (13 %)`; without the percentage where there are few."""
    words = f"{count(some)} of {count(whole)}"
    return words if whole < FEW else f"{words} ({percent(some / whole, counted=some in (0, whole))})"


def points(difference: float, low: float, high: float) -> str:
    """A difference of shares, in points, with a real minus: `+5.2 points (+2.3 to +8.1)`."""
    return f"{_signed(100 * difference)} points ({_signed(100 * low)} to {_signed(100 * high)})"


def _signed(number: float) -> str:
    rounded = round(number, 1)
    if rounded == 0:
        return "0.0"
    return f"{MINUS if rounded < 0 else '+'}{abs(rounded):.1f}"


def count(number: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{number:,}".replace(",", THIN)


def money(dollars: float | None) -> str:
    """US dollars: cents below a hundred; `<$0.01` is not nothing."""
    if dollars is None:
        return "—"
    if 0 < dollars < 0.01:
        return "<$0.01"
    return f"${dollars:.2f}" if dollars < _LITTLE_MONEY else f"${count(round(dollars))}"


def seconds(number: float | None) -> str:
    """A duration in the unit that it is short in."""
    if number is None:
        return "—"
    if number < 1:
        return f"{1000 * number:.0f}{GAP}ms"
    for size, unit in ((_DAY, "d"), (3600, "h"), (60, "min")):
        if number >= 2 * size:
            return f"{number / size:.0f}{GAP}{unit}"
    return f"{number:.1f}{GAP}s"


def moment(ns: int) -> datetime:
    """A time in ns as a datetime, UTC."""
    return datetime.fromtimestamp(ns // _SECOND, UTC)


def iso(ns: int) -> str:
    """For machines: `2026-09-21T12:00:00Z`."""
    return moment(ns).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc(ns: int) -> str:
    """For people: `21 Sep 2026, 12:00 UTC`."""
    when = moment(ns)
    return f"{when.day} {when:%b %Y, %H:%M} UTC"


def day(ns: int) -> str:
    """`21 Sep`."""
    when = moment(ns)
    return f"{when.day} {when:%b}"


def ago(ns: int, now_ns: int) -> str:
    """Relative under a day, else the date."""
    passed = (now_ns - ns) / _SECOND
    if passed < 0 or passed >= _DAY:
        when = moment(ns)
        return f"{when.day} {when:%b}" if abs(passed) < 300 * _DAY else f"{when.day} {when:%b %Y}"
    if passed < 60:
        return "now"
    if passed < 3600:
        return f"{int(passed // 60)}{GAP}min ago"
    return f"{int(passed // 3600)}{GAP}h ago"
