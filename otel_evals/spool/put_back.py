"""Puts a database file back that was deleted or replaced while it is in use.

Its content is still there for those that have it open, so the first of them to notice writes it down again, under the
database's own write lock; the others find a mark in what they have open, and open what lies there now. So nothing is
lost, whoever wrote in between. A file that was put in its place is set aside.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

_MOVED: Final = 0x6D6F7665
"""Application id of a database whose content has been put back elsewhere."""
_BESIDE: Final = ("-wal", "-shm")

Identity = tuple[int, int]


def identity(path: Path) -> Identity | None:
    """Which file this is; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_moved(connection: sqlite3.Connection) -> bool:
    """Whether someone has put back what this connection has open."""
    return connection.execute("PRAGMA application_id").fetchone()[0] == _MOVED


def put_back(connection: sqlite3.Connection, path: Path, log: Identity | None) -> Path | None:
    """Write what `connection` has open, within its write transaction, to `path`, and mark the former as moved.

    Args:
        connection: has the database open, and its write lock.
        path: where it belongs.
        log: the write-ahead log that lay beside it.

    Returns:
        Where the file has gone that lay there instead; None when there was none.

    Raises:
        OSError, sqlite3.Error: it cannot be put back now.
    """
    fresh, aside = (path.with_name(path.name + end) for end in (".new", ".replaced"))
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh.unlink(missing_ok=True)
    copy = sqlite3.connect(fresh, isolation_level=None)
    try:
        _copy(connection, copy)
    finally:
        copy.close()
    is_replaced = path.exists()
    _clear(path, aside if is_replaced and log_of(path) != log else None)
    if is_replaced:
        path.replace(aside)
    fresh.replace(path)
    _sync(path.parent)
    connection.execute(f"PRAGMA application_id = {_MOVED}")
    return aside if is_replaced else None


def _copy(connection: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    """Row by row: a backup by SQLite itself cannot be made within a transaction, nor from a file without a name."""
    copy.execute("PRAGMA synchronous = FULL")
    copy.execute("BEGIN")
    made = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!' "
        "ORDER BY type = 'index'"
    ).fetchall()
    for kind, name, sql in made:
        copy.execute(sql)
        if kind == "table":
            rows = connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - a name of its own
            marks = ", ".join("?" * len(rows.description))
            copy.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)  # noqa: S608
    copy.execute(f"PRAGMA user_version = {connection.execute('PRAGMA user_version').fetchone()[0]}")
    copy.execute("COMMIT")


def _clear(path: Path, aside: Path | None) -> None:
    """Take away what lies beside the file: with a file of its own it goes along, else it is of no use any more."""
    for end in _BESIDE:
        left = _beside(path, end)
        if aside is not None and left.exists():
            left.replace(_beside(aside, end))
        else:
            left.unlink(missing_ok=True)


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def log_of(path: Path) -> Identity | None:
    """Which write-ahead log lies beside a database."""
    return identity(_beside(path, "-wal"))


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
