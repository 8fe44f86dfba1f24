"""What judges have made of the spans that they were selected for: one that is sent again is known to all workers.

A span is found by its ids and content (`NewSpan.key`). Kept are the latest `SPANS` spans, each for `HOURS` and up to
an hour more, longer than senders try; what is older is taken for new. Called within the store's transactions.
"""

import sqlite3
from typing import Final

from otel_evals.spool.judge_rows import Known, KnownVerdict

SPANS: Final = 50_000
"""Spans that are known at one time: some 100 MB with long explanations."""
HOURS: Final = 1

TABLES: Final = """
CREATE TABLE known (
    id INTEGER PRIMARY KEY, span BLOB NOT NULL UNIQUE, first BLOB NOT NULL, hour INTEGER NOT NULL,
    wanted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE verdicts (
    known INTEGER NOT NULL REFERENCES known (id) ON DELETE CASCADE, judge TEXT NOT NULL, version TEXT NOT NULL,
    outcome TEXT NOT NULL, answer BLOB, PRIMARY KEY (known, judge, version)
) WITHOUT ROWID;
ALTER TABLE jobs ADD COLUMN span BLOB;
ALTER TABLE held ADD COLUMN span BLOB;
CREATE INDEX held_by_span ON held (span) WHERE span IS NOT NULL
"""


def remember(connection: sqlite3.Connection, key: bytes, first: bytes, hour: int) -> None:
    """Know a span from now on, and forget what is too old or too much."""
    row = connection.execute("INSERT INTO known (span, first, hour) VALUES (?, ?, ?)", (key, first, hour)).lastrowid
    connection.execute("DELETE FROM known WHERE id <= ?", ((row or 0) - SPANS,))
    # Ids follow time, so the old are at the beginning; more of them go than come.
    connection.execute(
        "DELETE FROM known WHERE id IN (SELECT id FROM known ORDER BY id LIMIT 16) AND hour < ?", (hour - HOURS,)
    )


def recall(connection: sqlite3.Connection, key: bytes) -> Known | None:
    """What is known of a span that is sent again, which `drop` spares from now on; None when it is new."""
    row = connection.execute(
        "UPDATE known SET wanted = 1 WHERE span = ? RETURNING id, first, EXISTS (SELECT 1 FROM held WHERE span = ?)",
        (key, key),
    ).fetchone()
    if row is None:
        return None
    verdicts = connection.execute(
        "SELECT judge, version, outcome, answer FROM verdicts WHERE known = ? ORDER BY judge, version", (row[0],)
    )
    return Known(key, is_held=bool(row[2]), first=row[1], verdicts=tuple(KnownVerdict(*found) for found in verdicts))


def conclude(
    connection: sqlite3.Connection, key: bytes | None, who: tuple[str, str], outcome: str, answer: bytes | None
) -> None:
    """Keep how a judge ended with a span, if it is still known."""
    connection.execute(
        "INSERT OR REPLACE INTO verdicts SELECT id, ?, ?, ?, ? FROM known WHERE span = ?", (*who, outcome, answer, key)
    )


def drop(connection: sqlite3.Connection, key: bytes) -> bool:
    """Forget a span whose sender was not answered; False when it was sent again meanwhile, and relied upon."""
    connection.execute("DELETE FROM known WHERE span = ? AND NOT wanted", (key,))
    return connection.execute("SELECT 1 FROM known WHERE span = ?", (key,)).fetchone() is None
