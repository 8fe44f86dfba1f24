"""Reservoirs in the judge store: the smallest numbers that were drawn in each window, common to all workers.

Of each window the k smallest numbers are kept, and the next one, which is the inclusion probability of the k. A number
stands for a trace, so to offer it again changes nothing. Tests compare it with the model `testing.bottom_k.BottomK`.
"""

import sqlite3
from typing import Final

import msgspec

TABLES: Final = """
CREATE TABLE draws (
    reservoir TEXT NOT NULL, period INTEGER NOT NULL, u REAL NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (reservoir, period, u)
) WITHOUT ROWID
"""


class Draw(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One window of one reservoir."""

    rule: str
    """The sampling rule that it is of."""
    reservoir: str
    """What tells it from all others: whose it is, its rule, its size, its salt."""
    window: int
    k: int
    per: float
    """Length of the window, s."""
    until: float
    """End of the window, s since the epoch."""

    @property
    def key(self) -> tuple[str, int]:
        """Reservoir and window."""
        return self.reservoir, self.window


def offer(connection: sqlite3.Connection, draw: Draw, u: float) -> float:
    """Draw the number `u` of a trace; the threshold after it."""
    connection.execute(
        "INSERT INTO draws VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (draw.reservoir, draw.window, u, draw.until)
    )
    found = threshold(connection, draw)
    connection.execute(
        "DELETE FROM draws WHERE reservoir = ? AND period = ? AND u > ?", (draw.reservoir, draw.window, found)
    )
    return found


def threshold(connection: sqlite3.Connection, draw: Draw) -> float:
    """The smallest number that is out, 1 while all are in: it only falls."""
    row = connection.execute(
        "SELECT u FROM draws WHERE reservoir = ? AND period = ? ORDER BY u LIMIT 1 OFFSET ?",
        (draw.reservoir, draw.window, draw.k),
    ).fetchone()
    return 1.0 if row is None else float(row[0])


def forget(connection: sqlite3.Connection, now: float, longest: float) -> None:
    """Drop windows that no job of any worker can wait for: none is longer than `longest` seconds."""
    connection.execute(
        "DELETE FROM draws WHERE until < "
        "min(?, (SELECT coalesce(min(waits_until), 9e18) FROM jobs WHERE waits_until > 0)) - ?",
        (now, longest),
    )
