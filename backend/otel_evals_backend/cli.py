"""The verb `otel-evals backend`, found by the command line through its entry point. The only room that prints.

Imported whenever the command line is read: what is heavy is imported by the command that needs it.
"""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from otel_evals.records.errors import Unavailable

if TYPE_CHECKING:
    from otel_evals_backend.settings import BackendSettings


class BackendVerb:
    """See `otel_evals.plugins.verb.InstalledVerb`."""

    summary: Final = "Keep what was found, show it, and let people say what is true."
    keys: Final[Mapping[str, str]] = {
        "listen": "backend.listen",
        "database": "backend.database",
        "send_to": "backend.send_to",
        "data": "data",
    }

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """Declare the verb's flags and sub-commands."""
        parser.add_argument("--listen", metavar="HOST:PORT", help="pages, API and OTLP/HTTP (backend.listen)")
        _add_database_flags(parser)
        # For the program that starts this one beside a processor.
        parser.add_argument("--send-to", help=argparse.SUPPRESS)
        parser.add_argument("--demo", action="store_true", help=argparse.SUPPRESS)
        parser.add_argument("--listen-on", metavar="FD", type=int, help=argparse.SUPPRESS)
        parser.add_argument("--attached", action="store_true", help=argparse.SUPPRESS)
        parser.set_defaults(action=None)
        actions = parser.add_subparsers(title="commands", metavar="COMMAND")
        _add_action(actions, "migrate", "Bring the database to the schema of this version.")
        backup = _add_action(actions, "backup", "Write everything to a file, while a backend goes on working.")
        backup.add_argument("file", metavar="FILE", type=Path, help="a new file; readable by its owner alone")
        restore = _add_action(actions, "restore", "Fill an empty database from a backup, of either kind of database.")
        restore.add_argument("file", metavar="FILE", type=Path, help="what `backup` has written")
        restore.add_argument("--replace", action="store_true", help="throw away what the database holds")
        _add_action(actions, "check", "Say whether the database is whole, and its sums are those of its rows.")
        erase = _add_action(actions, "erase", "Forget what is kept of traces, spans or conversations.")
        erase.add_argument("--trace", metavar="ID", action="append", default=[], help="32 hex digits, repeatable")
        erase.add_argument("--span", metavar="TRACE:SPAN", action="append", default=[], help="one span, repeatable")
        erase.add_argument("--conversation", metavar="ID", action="append", default=[], help="as sent, repeatable")

    def run(self, arguments: argparse.Namespace, config: Any) -> int:
        """Run it with the configuration in force; the exit code."""
        from otel_evals.telemetry.logs import configure  # noqa: PLC0415 - fast start
        from otel_evals_backend.review.wordings import wordings  # noqa: PLC0415 - fast start
        from otel_evals_backend.serve import quiet_libraries, serve  # noqa: PLC0415 - the web framework takes a second

        configure(config.log)
        quiet_libraries()
        settings: BackendSettings = config.backend
        if arguments.demo and not arguments.database:
            settings = _in_folder(settings)
        folder = Path(config.data)
        if arguments.action is not None:
            return asyncio.run(_on_database(arguments.action, arguments, settings, folder))
        return asyncio.run(
            serve(
                settings,
                folder=folder,
                grace=float(config.shutdown.grace),
                demo=arguments.demo,
                attached=arguments.attached,
                listen_on=arguments.listen_on,
                say=_say,
                wordings=wordings(config),
            )
        )


def _add_database_flags(parser: argparse.ArgumentParser, **more: Any) -> None:
    parser.add_argument("--database", metavar="URL", help="postgresql://… or sqlite:///FILE (backend.database)", **more)
    parser.add_argument("--data", metavar="DIR", help="folder of SQLite (data, default otel-evals-data)", **more)


def _add_action(actions: Any, name: str, summary: str) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    # What stands before the command counts unless it stands behind it too.
    action.add_argument("--config", metavar="FILE", type=Path, default=argparse.SUPPRESS, help="YAML file")
    _add_database_flags(action, default=argparse.SUPPRESS)
    action.set_defaults(action=name)
    return action


def _in_folder(settings: "BackendSettings") -> "BackendSettings":
    """Made-up traffic never comes into a database that was configured for real one."""
    import msgspec  # noqa: PLC0415 - fast start

    return msgspec.structs.replace(settings, database=None)


def _say(line: str) -> None:
    print(f"otel-evals backend: {line}", flush=True)


async def _on_database(action: str, arguments: argparse.Namespace, settings: "BackendSettings", folder: Path) -> int:
    from otel_evals_backend import commands  # noqa: PLC0415 - fast start
    from otel_evals_backend.storage.database import Database, database_url  # noqa: PLC0415 - fast start

    database = Database(database_url(settings.database.reveal() if settings.database else None, folder))
    await database.open()
    arguments.data = folder  # the one in force, wherever it was named
    try:
        return await getattr(commands, action)(database, arguments, _say)
    except (OSError, Unavailable) as error:
        print(f"otel-evals backend: {error}", file=sys.stderr)
        return commands.FAILED
    finally:
        await database.close()


VERB: Final = BackendVerb()
