"""What judging may cost: hard limits, reserved before a call and settled after it, common to all workers.

A limit on calls a minute only spreads calls out; a limit on tokens or money of an hour or a day ends judging for the
rest of it. Long before that the rates of sampling are lowered (`sampling.throttle`), so that the last hours of a day
are still sampled. Periods are those of UTC.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

import msgspec

from otel_evals.records.clock import Clock
from otel_evals.records.exchange import Usage
from otel_evals.records.judging import Estimate
from otel_evals.sampling.throttle import Spending, throttle
from otel_evals.spool.judge_books import Spent
from otel_evals.spool.judge_store import JudgeStore

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_NS: Final = 1_000_000_000
_NONE: Final = -1
_ALL: Final = ""

Limit = tuple[str, int, int, Spent]
"""Judge (empty: all), period in seconds, its start in seconds since the epoch, what it may use."""


Positive = Annotated[int, msgspec.Meta(gt=0)]
Money = Annotated[float, msgspec.Meta(gt=0)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hard limits. None = none."""

    calls_per_minute: Annotated[
        Positive | None, msgspec.Meta(description="Calls a minute; beyond, they wait. Default: none.")
    ] = None
    tokens_per_hour: Annotated[
        Positive | None, msgspec.Meta(description="Tokens an hour, in and out. Default: none.")
    ] = None
    tokens_per_day: Annotated[Positive | None, msgspec.Meta(description="Tokens a day (UTC). Default: none.")] = None
    usd_per_hour: Annotated[Money | None, msgspec.Meta(description="US dollars an hour. Default: none.")] = None
    usd_per_day: Annotated[Money | None, msgspec.Meta(description="US dollars a day (UTC). Default: none.")] = None

    def periods(self) -> Iterator[tuple[int, Spent]]:
        """Each limited period with what it may use; a negative figure is no limit."""
        if self.calls_per_minute is not None:
            yield _MINUTE, Spent(self.calls_per_minute, _NONE, _NONE)
        for period, tokens, cost in (
            (_HOUR, self.tokens_per_hour, self.usd_per_hour),
            (_DAY, self.tokens_per_day, self.usd_per_day),
        ):
            if tokens is not None or cost is not None:
                yield period, Spent(_NONE, _NONE if tokens is None else tokens, _NONE if cost is None else cost)

    @property
    def limits_money(self) -> bool:
        """Whether the price of a judge has to be known."""
        return self.usd_per_hour is not None or self.usd_per_day is not None


class Reservation(msgspec.Struct, frozen=True):
    """What was taken out of the budget for one judgement."""

    use: Spent
    limits: tuple[Limit, ...]


class Refusal(msgspec.Struct, frozen=True):
    """The limit that a judgement would pass."""

    period: int
    again: float
    """Seconds until the next period begins."""

    @property
    def is_pace(self) -> bool:
        """Whether waiting a little is all that it asks for."""
        return self.period == _MINUTE


class Budget:
    """The limits of all judges together and of each."""

    def __init__(self, store: JudgeStore, limits: Limits, own: Mapping[str, Limits], clock: Clock) -> None:
        """`limits` are those of all judges together, `own` those of single judges by id."""
        self._store = store
        self._clock = clock
        self._limits = {_ALL: tuple(limits.periods())} | {judge: tuple(each.periods()) for judge, each in own.items()}

    async def reserve(self, judge: str, estimate: Estimate) -> Reservation | Refusal:
        """Take the most that a judgement may use out of every budget that it falls under. Raises Unavailable."""
        limits = tuple(self._present(_ALL)) + tuple(self._present(judge))
        use = Spent(estimate.calls, estimate.tokens, estimate.cost)
        if not limits:
            return Reservation(use, ())
        refused = await self._store.reserve(use, limits)
        if refused is None:
            return Reservation(use, limits)
        _, period, start, _ = refused
        return Refusal(period, max(0.0, start + period - self._now()))

    async def settle(self, reservation: Reservation, usage: Usage, cost: float | None) -> None:
        """Correct a reservation by what was reported; what is unknown counts as reserved. Raises Unavailable."""
        if not reservation.limits:
            return
        reserved = reservation.use
        tokens = (usage.input_tokens or 0) + (usage.output_tokens or 0)
        if cost is None and usage.input_tokens is None and usage.output_tokens is None:
            tokens = reserved.tokens
        # Calls stay as reserved: a minute's limit is about how often an endpoint is asked.
        difference = Spent(0, tokens - reserved.tokens, 0.0 if cost is None else cost - reserved.cost)
        if difference != Spent():
            await self._store.settle(difference, [limit[:3] for limit in reservation.limits])

    async def factor(self) -> float:
        """By how much sampling rates are lowered now, in (0, 1]: the tightest budget decides. Raises Unavailable."""
        limits = [limit for judge in self._limits for limit in self._present(judge) if limit[1] != _MINUTE]
        if not limits:
            return 1.0
        spent = await self._store.spent([limit[:3] for limit in limits])
        return throttle(self._spendings(limits, spent))

    def _spendings(self, limits: list[Limit], spent: list[Spent]) -> Iterator[Spending]:
        now = self._now()
        for (_, period, start, allowed), used in zip(limits, spent, strict=True):
            for budget, so_far in ((allowed.tokens, used.tokens), (allowed.cost, used.cost)):
                if budget >= 0:
                    yield Spending(spent=so_far, budget=budget, elapsed=now - start, period=period)

    def _present(self, judge: str) -> Iterator[Limit]:
        now = self._now()
        for period, allowed in self._limits.get(judge, ()):
            yield judge, period, int(now // period) * period, allowed

    def _now(self) -> float:
        return self._clock.time_ns() / _NS
