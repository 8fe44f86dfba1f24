"""What judging has spent, for who watches: read from the judge store, so that it is right with several workers too."""

import asyncio
import logging
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from otel_evals.app.places import JUDGE_STORE, spool_folder
from otel_evals.config.schema import Config
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError
from otel_evals.sampling.throttle import Spending as Pace
from otel_evals.sampling.throttle import throttle
from otel_evals.spool.judge_books import Spent, read_spent
from otel_evals.view.board import Judging, ShownJudge, Spending

_LOG: Final = logging.getLogger(__name__)
_NS: Final = 1_000_000_000
_EVERY: Final = 1.0
_PERIODS: Final = {3600: "this hour", 86400: "today"}


class SpendingReader:
    """The judges of a configuration with their budgets as they stand."""

    def __init__(self, config: Config, label: str, clock: Clock) -> None:
        section = config.judge
        shown = [ShownJudge(id=one.name, shadow=one.shadow) for one in (*section.judges, *section.local)]
        models = dict.fromkeys(one.model.model for one in section.judges if one.model is not None)
        self._shown = Judging(judges=tuple(shown), label=label or ", ".join(models), ledger=_ledger_command(config))
        self._path: Path = spool_folder(config) / JUDGE_STORE
        self._clock = clock
        self._read = 0.0
        self._limits = [
            (judge, period, allowed)
            for judge, limits in (("", section.budget), *section.budgets.items())
            for period, allowed in limits.periods()
            if period in _PERIODS
        ]

    @property
    def shown(self) -> Judging:
        """As last read."""
        return self._shown

    async def refresh(self) -> Judging:
        """Read anew, once a second at most. What cannot be read stays as it was."""
        now = self._clock.monotonic()
        if self._limits and (not self._read or now - self._read >= _EVERY):
            self._read = now
            try:
                self._shown = await asyncio.to_thread(self._look)
            except ConfigurationError as error:
                _LOG.warning("%s", error)
        return self._shown

    def _look(self) -> Judging:
        now = self._clock.time_ns() / _NS
        periods = [(judge, period, int(now // period) * period) for judge, period, _ in self._limits]
        spent = read_spent(self._path, periods)
        found = [
            (Spending(judge=judge, period=_PERIODS[period], unit=unit, used=used, limit=limit), now - start, period)
            for (judge, period, start), (_, _, allowed), one in zip(periods, self._limits, spent, strict=True)
            for unit, used, limit in _limited(one, allowed)
        ]
        paces = (Pace(spent=s.used, budget=s.limit, elapsed=elapsed, period=period) for s, elapsed, period in found)
        return msgspec.structs.replace(
            self._shown, spendings=tuple(spending for spending, _, _ in found), throttle=throttle(paces)
        )


def _limited(spent: Spent, allowed: Spent) -> Iterator[tuple[str, float, float]]:
    if allowed.cost >= 0:
        yield "USD", spent.cost, allowed.cost
    if allowed.tokens >= 0:
        yield "tokens", spent.tokens, allowed.tokens


def _ledger_command(config: Config) -> str:
    """The command that reads these books; addresses that are the usual ones are left out."""
    usual, own = Config(), config.receive
    flags = [f"--data {shlex.quote(config.data)}"] if config.data != usual.data else []
    for flag, listen, default in (
        ("--grpc", own.grpc.listen, usual.receive.grpc.listen),
        ("--http", own.http.listen, usual.receive.http.listen),
    ):
        if listen is not None and listen != default:
            flags.append(f"{flag} {listen}")
    return " ".join(["otel-evals judge ledger", *flags])
