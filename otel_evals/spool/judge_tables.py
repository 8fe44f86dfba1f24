"""The tables of the judge store, and how a file of an older format becomes one of this."""

import sqlite3
from typing import Final

from otel_evals.records.errors import ConfigurationError
from otel_evals.spool import draws, judge_known

_CHECKED: Final = 256 << 20
"""Bytes up to which a store is checked when it is opened; beyond, a start would take too long."""

_TABLES: Final = """
CREATE TABLE held (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, held INTEGER REFERENCES held (id) ON DELETE SET NULL,
    judge TEXT NOT NULL, version TEXT NOT NULL, payload BLOB NOT NULL, answer BLOB
);
CREATE INDEX jobs_by_held ON jobs (held) WHERE held IS NOT NULL;
CREATE TABLE outbox (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE ledger (
    judge TEXT NOT NULL, version TEXT NOT NULL, hour INTEGER NOT NULL, outcome TEXT NOT NULL, spans INTEGER NOT NULL,
    PRIMARY KEY (judge, version, hour, outcome)
) WITHOUT ROWID;
CREATE TABLE budget (
    judge TEXT NOT NULL, period INTEGER NOT NULL, start INTEGER NOT NULL,
    calls INTEGER NOT NULL, tokens INTEGER NOT NULL, cost REAL NOT NULL,
    PRIMARY KEY (judge, period, start)
) WITHOUT ROWID;
CREATE TABLE sightings (
    service TEXT NOT NULL, prompt TEXT NOT NULL, model TEXT NOT NULL, first REAL NOT NULL,
    PRIMARY KEY (service, prompt, model)
) WITHOUT ROWID
"""
_LATER: Final = f"""
ALTER TABLE jobs ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN waits_until REAL NOT NULL DEFAULT 0;
{draws.TABLES}
"""
_SIGNALS: Final = "ALTER TABLE outbox ADD COLUMN signal TEXT NOT NULL DEFAULT 'traces'"
_STEPS: Final = (_TABLES, _LATER, _SIGNALS, judge_known.TABLES)
"""What makes each format of the one before."""
_FORMAT: Final = len(_STEPS)


def prepare(connection: sqlite3.Connection) -> None:
    """Bring the file up to this format. Raises ConfigurationError: it is damaged, or of a newer format."""
    _check_intact(connection)
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > _FORMAT:
        raise ConfigurationError(
            f"the judge store has format {found}, this version knows {_FORMAT}: use the newer version, or move it away"
        )
    if found < _FORMAT:
        for step in _STEPS[found:]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_FORMAT}")


def _check_intact(connection: sqlite3.Connection) -> None:
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    if pages * size > _CHECKED:
        return
    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise ConfigurationError(f"the judge store is damaged ({said}): move it away, or restore it from a copy")
