"""Brings a database to the present schema at start, one process at a time; refuses one that is newer.

Called by `app` at start and by the commands that look into a database.
"""

from importlib.resources import files
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.storage.database import Database, Engine

_LOCK: Final = 7_305_911_402
"""Key of PostgreSQL's advisory lock: any number that nobody else takes."""


def alembic_config() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(files("otel_evals_backend.storage") / "migrations"))
    return config


async def migrate(database: Database) -> None:
    """Bring the database to the newest revision.

    Raises:
        ConfigurationError: the database was made by a newer version of the program.
    """
    async with database.write() as connection:
        if database.engine is Engine.POSTGRESQL:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    config = alembic_config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    for revision in _present(connection):
        if revision not in known:
            raise ConfigurationError(
                f"the database is of a newer version of otel-evals (its schema is {revision}): upgrade the program, or "
                "restore a backup that the older one made"
            )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _present(connection: Connection) -> list[str]:
    if not inspect(connection).has_table("alembic_version"):
        return []
    rows: Any = connection.execute(text("SELECT version_num FROM alembic_version"))
    return [row[0] for row in rows]
