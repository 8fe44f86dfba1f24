"""Brings a database to the present schema at start, one process at a time; refuses one that cannot be ours.

Called by `app` at start, by restoring, and by the commands that look into a database. All steps are one transaction: a
process that is killed midway leaves the database as it was. A revision that throws something away says so by the
attribute `destructive`, and a backup is written before it.
"""

import logging
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals_backend.storage.backup import backup
from otel_evals_backend.storage.database import Database, Engine
from otel_evals_backend.storage.faults import damaged

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

HEAD: Final = "0003"
"""The newest revision: a database that has it needs no Alembic, whose import takes a third of a second."""
_LOG: Final = logging.getLogger(__name__)
_LOCK: Final = 7_305_911_402
"""Key of PostgreSQL's advisory lock: any number that nobody else takes."""
_PATIENCE: Final = 600.0
"""Seconds to wait for another process that migrates."""
_EXAMINED: Final = 2 << 30
"""Bytes: a larger file of SQLite is not read through at every start; `otel-evals backend check` does."""
_OURS: Final = "known_spans"
"""A table that every revision of ours has."""


def alembic_config() -> "Config":
    """Alembic's configuration, without a file."""
    from alembic.config import Config  # noqa: PLC0415 - see HEAD

    config = Config()
    config.set_main_option("script_location", str(files("otel_evals_backend.storage") / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see HEAD

    return ScriptDirectory.from_config(alembic_config())


def known_revisions() -> set[str]:
    """All revisions that this version of the program knows."""
    return {script.revision for script in _scripts().walk_revisions()}


def head_revision() -> str | None:
    """The revision of the schema that this version of the program works with."""
    return _scripts().get_current_head()


async def migrate(database: Database, *, folder: Path | None = None) -> None:
    """Bring the database to the newest revision.

    Args:
        database: open.
        folder: for the backup before a destructive step. Default: beside SQLite's file; PostgreSQL needs it.

    Raises:
        ConfigurationError: the database is damaged, of a newer version of the program, or something else's.
        Unavailable: it cannot be reached.
    """
    await _examine(database)
    async with database.write(patience=_PATIENCE) as connection:
        await lock(database, connection)
        present = await connection.run_sync(revision_of)
        if present == HEAD:
            return
        await _save(database, present, folder)
        await connection.run_sync(upgrade)


async def lock(database: Database, connection: AsyncConnection) -> None:
    """Be the only one who changes the schema, until the transaction ends. SQLite's writer is alone anyhow."""
    if database.engine is Engine.POSTGRESQL:
        for limit in ("lock_timeout", "statement_timeout"):
            await connection.execute(text(f"SET LOCAL {limit} = '{_PATIENCE * 1000:.0f}'"))
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None for an empty database.

    Raises:
        ConfigurationError: it is of a newer version of the program, or not ours at all.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if not {"alembic_version", _OURS} <= tables:
        raise ConfigurationError("backend.database: it holds tables of something else: name an empty database")
    rows: Any = connection.execute(text("SELECT version_num FROM alembic_version"))
    present: str = rows.scalar_one()
    if present != HEAD and present not in known_revisions():
        raise ConfigurationError(
            f"the database is of a newer version of otel-evals (its schema is {present}): upgrade the program, or "
            "restore a backup that the older one made"
        )
    return present


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database of `connection` to `revision`, in its transaction."""
    from alembic import command  # noqa: PLC0415 - see HEAD

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def _save(database: Database, present: str | None, folder: Path | None) -> None:
    """Write a backup when a step ahead throws something away."""
    if present is None:
        return
    ahead = [script for script in _scripts().iterate_revisions("head", present) if script.revision != present]
    if not any(getattr(script.module, "destructive", False) for script in ahead):
        return
    if folder is None and database.engine is Engine.SQLITE:
        folder = Path(str(database.url.database)).parent
    if folder is None:
        raise ConfigurationError("this upgrade throws old data away: name the data folder, where a backup goes first")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"before-{ahead[0].revision}.backup"
    if file.exists():
        _LOG.warning("%s is there from an earlier attempt to upgrade, and is kept", file)
        return
    await backup(database, file)
    _LOG.warning("the database as it was before the upgrade is in %s", file)


async def _examine(database: Database) -> None:
    """Refuse a damaged file of SQLite before anything is written to it."""
    if database.engine is Engine.POSTGRESQL:
        return
    file = Path(str(database.url.database))
    try:
        async with database.read() as connection:
            whole = file.stat().st_size <= _EXAMINED  # noqa: ASYNC240 - once, at start
            rows: Any = await connection.execute(text("PRAGMA quick_check(1)" if whole else "SELECT 'ok'"))
            found = rows.scalar_one()
    except Unavailable as error:
        if not damaged(error):
            raise
        found = str(error.__cause__)
    if found != "ok":
        raise ConfigurationError(
            f"{file} is damaged: move it away and restore the last backup (otel-evals backend restore FILE), or start "
            f"with an empty one ({found.splitlines()[0][:200]})"
        )
