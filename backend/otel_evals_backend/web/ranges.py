"""The time range of a page, from its address: `range=24h|7d|30d|90d`, or `from=…&to=…`. Whole hours, UTC.

Up to 48 hours are shown by hours, longer ranges by days.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from fastapi import Depends, HTTPException, Query, Request
from sqlalchemy import select

from otel_evals_backend.context import Context, Here
from otel_evals_backend.storage.keys import DAY_NS, HOUR_NS
from otel_evals_backend.storage.tables import spans
from otel_evals_backend.web import figures

CHOICES: Final = {"24h": 24, "7d": 7 * 24, "30d": 30 * 24, "90d": 90 * 24}
"""Name and hours."""
WORDS: Final = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days"}
USUAL: Final = "7d"
_FIRST_DAY: Final = "24h"
"""What pages show when nobody chose, as long as all there is fits into it: a week would be one point at its end."""
_BY_HOURS: Final = 48
_LONGEST: Final = 800 * 24
_SECOND: Final = 1_000_000_000


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """From the first hour to before the last one, in hours since 1970."""

    from_hour: int
    to_hour: int
    name: str = USUAL
    """The choice; "" for an own range."""
    kept: tuple[tuple[str, str], ...] = ()
    """What else stands in the address of the page."""

    @property
    def own(self) -> bool:
        """Whether somebody wrote it."""
        return not self.name

    @property
    def by_hours(self) -> bool:
        """Whether it is shown by hours."""
        return self.to_hour - self.from_hour <= _BY_HOURS

    @property
    def step_ns(self) -> int:
        """Length of a bucket."""
        return HOUR_NS if self.by_hours else DAY_NS

    @property
    def buckets(self) -> range:
        """Numbers of the hours or days that it touches."""
        if self.by_hours:
            return range(self.from_hour, self.to_hour)
        return range(self.from_hour // 24, (self.to_hour - 1) // 24 + 1)

    @property
    def from_ns(self) -> int:
        """First moment."""
        return self.from_hour * HOUR_NS

    @property
    def to_ns(self) -> int:
        """First moment after it."""
        return self.to_hour * HOUR_NS

    @property
    def words(self) -> str:
        """`the last 7 days`, or from when to when."""
        if self.name:
            return f"the last {WORDS[self.name]}"
        return f"{figures.day(self.from_ns)} to {figures.day(self.to_ns - 1)}"

    @property
    def from_text(self) -> str:
        """For the field of a form."""
        return f"{figures.moment(self.from_ns):%Y-%m-%dT%H:%M}"

    @property
    def to_text(self) -> str:
        """For the field of a form."""
        return f"{figures.moment(self.to_ns):%Y-%m-%dT%H:%M}"

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """Its part of an address."""
        return (("range", self.name),) if self.name else (("from", self.from_text), ("to", self.to_text))

    def address(self, path: str, **more: str) -> str:
        """`path` with this range and `more`; empty values are left out."""
        return f"{path}?{urlencode([*self.query, *((key, value) for key, value in more.items() if value)])}"

    def links(self, path: str) -> list[tuple[str, str, bool]]:
        """The choices: word, address, whether it is this one."""
        return [
            (
                f"{name[:-1]}\N{NO-BREAK SPACE}{name[-1]}",
                f"{path}?{urlencode([('range', name), *self.kept])}",
                name == self.name,
            )
            for name in CHOICES
        ]


def range_of(
    now_ns: int, name: str = "", start: str = "", end: str = "", kept: Iterable[tuple[str, str]] = ()
) -> Range:
    """The range that an address names.

    Raises:
        ValueError: it cannot be read; the message says how to write it.
    """
    now = -(-now_ns // HOUR_NS)
    others = tuple(kept)
    if start or end:
        first = _hour(start) if start else 0
        last = _hour(end) if end else now
        if not 0 < last - first <= _LONGEST:
            raise ValueError("the range must begin before it ends, and be at most 800 days long")
        return Range(from_hour=first, to_hour=last, name="", kept=others)
    if name and name not in CHOICES:
        raise ValueError(f"range is one of {', '.join(CHOICES)}, or from and to as 2026-09-21T12:00")
    chosen = name or USUAL
    return Range(from_hour=now - CHOICES[chosen], to_hour=now, name=chosen, kept=others)


def _hour(written: str) -> int:
    try:
        at = datetime.fromisoformat(written)
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError("write times as 2026-09-21T12:00, UTC") from error
    return int(seconds * _SECOND) // HOUR_NS


async def _is_young(context: Context) -> bool:
    """Whether there are spans, and all of them began within the last day."""
    oldest = select(spans.c.start_ns).order_by(spans.c.day, spans.c.start_ns).limit(1)
    async with context.database.read() as connection:
        began = (await connection.execute(oldest)).scalar()
    now = -(-context.clock.time_ns() // HOUR_NS)
    return began is not None and began >= (now - CHOICES[_FIRST_DAY]) * HOUR_NS


async def _of_request(
    request: Request,
    here: Here,
    name: Annotated[str, Query(alias="range", description="24h, 7d, 30d or 90d. Default: 7d.", max_length=8)] = "",
    start: Annotated[str, Query(alias="from", description="Begin, ISO 8601, UTC.", max_length=40)] = "",
    end: Annotated[str, Query(alias="to", description="End, ISO 8601, UTC. Default: now.", max_length=40)] = "",
) -> Range:
    kept = [(key, value) for key, value in request.query_params.multi_items() if key not in ("range", "from", "to")]
    if not (name or start or end or request.url.path.startswith("/api/")) and await _is_young(here):
        name = _FIRST_DAY
    try:
        return range_of(here.clock.time_ns(), name, start, end, kept)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


InRange = Annotated[Range, Depends(_of_request)]
"""Parameter of a route that shows a time range."""
