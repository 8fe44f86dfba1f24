"""The books of judging: what became of every span, and what was spent. Called within the store's transactions.

Invariant, after a crash at any point too: for each judge and version, spans seen = spans of every outcome + open jobs.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from otel_evals.records.errors import ConfigurationError

_HOUR: Final = 3600
_KEPT: Final = 48 * _HOUR
"""Seconds for which the budgets of past periods are remembered at least."""
SEEN: Final = "seen"
"""The ledger's count of all GenAI spans that a judge could have come to."""

T = TypeVar("T")


class Spent(msgspec.Struct, frozen=True, gc=False):
    """What was used up within one period."""

    calls: int = 0
    tokens: int = 0
    cost: float = 0.0


class JudgeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger of one judge version."""

    judge: str
    version: str
    seen: int
    pending: int
    """Open jobs."""
    outcomes: dict[str, int]
    """Spans by final outcome."""

    @property
    def adds_up(self) -> bool:
        """Whether every span seen is accounted for."""
        return self.seen == self.pending + sum(self.outcomes.values())


def read_ledger(path: Path) -> list[JudgeCounts]:
    """The ledger as it stands, also while processors write it; empty when there is no file.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    return _look(path, ledger) or []


def read_spent(path: Path, periods: Sequence[tuple[str, int, int]]) -> list[Spent]:
    """What was used so far in each (judge or empty for all, period in seconds, its start), as `read_ledger` reads.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    return _look(path, lambda connection: [spent(connection, *p) for p in periods]) or [Spent()] * len(periods)


def _look(path: Path, read: Callable[[sqlite3.Connection], T]) -> T | None:
    """One view of all tables; None when there is no file."""
    if not path.is_file():
        return None
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)
        try:
            with connection:
                connection.execute("BEGIN")
                return read(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error


def ledger(connection: sqlite3.Connection) -> list[JudgeCounts]:
    """The ledger, by judge and version."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for judge, version, outcome, spans in connection.execute(
        "SELECT judge, version, outcome, sum(spans) FROM ledger GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    ):
        counts.setdefault((judge, version), {})[outcome] = int(spans)
    pending = {
        (judge, version): int(jobs)
        for judge, version, jobs in connection.execute(
            "SELECT judge, version, count(*) FROM jobs WHERE answer IS NULL GROUP BY 1, 2"
        )
    }
    return [
        JudgeCounts(
            judge=judge,
            version=version,
            seen=outcomes.pop(SEEN, 0),
            pending=pending.get((judge, version), 0),
            outcomes=outcomes,
        )
        for (judge, version), outcomes in counts.items()
    ]


def hour_of(time_ns: int) -> int:
    """The ledger's hour of a time, hours since the epoch."""
    return time_ns // (_HOUR * 1_000_000_000)


def note_open(connection: sqlite3.Connection, who: tuple[str, str], hour: int, replaces: str, spans: int) -> None:
    """Count spans that became pending: seen for the first time, or taken from the outcome that they had."""
    if replaces:
        count(connection, who, hour, replaces, -spans)
    else:
        count(connection, who, hour, SEEN, spans)


def count_seen(connection: sqlite3.Connection, who: tuple[str, str], hour: int, outcome: str, spans: int) -> None:
    """Add spans whose outcome was final at once: each counts as seen too."""
    count(connection, who, hour, outcome, spans)
    count(connection, who, hour, SEEN, spans)


def count(connection: sqlite3.Connection, who: tuple[str, str], hour: int, outcome: str, spans: int) -> None:
    """Add spans to an outcome of a judge and version in an hour."""
    connection.execute(
        "INSERT INTO ledger VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET spans = spans + excluded.spans",
        (*who, hour, outcome, spans),
    )


def spent(connection: sqlite3.Connection, judge: str, period: int, start: int) -> Spent:
    """What was used so far of a judge's (empty: of all) period."""
    row = connection.execute(
        "SELECT calls, tokens, cost FROM budget WHERE judge = ? AND period = ? AND start = ?", (judge, period, start)
    ).fetchone()
    return Spent() if row is None else Spent(*row)


def spend(connection: sqlite3.Connection, judge: str, period: int, start: int, use: Spent) -> None:
    """Add to what was used; it never falls below nothing."""
    connection.execute(
        "INSERT INTO budget VALUES (?, ?, ?, max(0, ?), max(0, ?), max(0, ?)) ON CONFLICT DO UPDATE SET "
        "calls = max(0, calls + ?), tokens = max(0, tokens + ?), cost = max(0, cost + ?)",
        (judge, period, start, use.calls, use.tokens, use.cost, use.calls, use.tokens, use.cost),
    )


def forget_periods(connection: sqlite3.Connection, judge: str, period: int, start: int) -> None:
    """Drop what was spent long ago. What is recent stays, since clocks are set back now and then."""
    kept_since = start - max(2 * period, _KEPT)
    connection.execute("DELETE FROM budget WHERE judge = ? AND period = ? AND start < ?", (judge, period, kept_since))


def exceeds(used: Spent, use: Spent, limit: Spent) -> bool:
    """Whether `use` more would pass a limit; a negative figure is none."""
    return (
        0 <= limit.calls < used.calls + use.calls
        or 0 <= limit.tokens < used.tokens + use.tokens
        or 0 <= limit.cost < used.cost + use.cost
    )
