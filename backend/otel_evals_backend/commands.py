"""What `otel-evals backend COMMAND` does with an open database: back up, restore, check, erase, migrate.

Called by `cli`, which opens the database, puts the data folder in force into `arguments.data`, and prints. Exit codes:
0 done, 1 not done or faults found.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.storage import backup as backups
from otel_evals_backend.storage import check as checks
from otel_evals_backend.storage import restore as restores
from otel_evals_backend.storage.database import Database
from otel_evals_backend.storage.erase import Subject
from otel_evals_backend.storage.erase import erase as erase_subject
from otel_evals_backend.storage.keys import span_key
from otel_evals_backend.storage.migrate import migrate as bring_up

Say = Callable[[str], None]
"""Writes a line."""
FAILED: Final = 1
_WHO: Final = "command line"
_TRACE_HEX: Final = 32


async def migrate(database: Database, arguments: argparse.Namespace, say: Say) -> int:
    """Bring the database to the schema of this version."""
    await bring_up(database, folder=arguments.data)
    say("the database has the schema of this version")
    return 0


async def backup(database: Database, arguments: argparse.Namespace, say: Say) -> int:
    """Write everything to a file, while others go on writing to the database."""
    file: Path = arguments.file
    if file.exists():  # noqa: ASYNC240 - once
        raise ConfigurationError(f"{file} is there already: name another file")
    report = await backups.backup(database, file)
    say(f"{file}: {report.size} bytes, {_rows(report.rows)}, schema {report.revision}")
    return 0


async def restore(database: Database, arguments: argparse.Namespace, say: Say) -> int:
    """Fill the database from a file."""
    file: Path = arguments.file
    if not file.is_file():  # noqa: ASYNC240 - once
        raise ConfigurationError(f"there is no file {file}")
    report = await restores.restore(database, file, replace=arguments.replace)
    say(f"restored {_rows(report.rows)} from {file}")
    return 0


async def check(database: Database, _arguments: argparse.Namespace, say: Say) -> int:
    """Say what is wrong with the database, if anything is."""
    report = await checks.check(database)
    for fault in report.faults:
        say(fault)
    if report.faults:
        return FAILED
    say(f"ok: {_rows(report.rows)}, sums of {report.hours} hours counted again, schema {report.revision}")
    return 0


async def erase(database: Database, arguments: argparse.Namespace, say: Say) -> int:
    """Forget what is kept of traces, spans or conversations."""
    subject = Subject(
        traces=tuple(_ids(trace, "--trace", _TRACE_HEX) for trace in arguments.trace),
        spans=tuple(_span(span) for span in arguments.span),
        conversations=tuple(arguments.conversation),
    )
    if subject == Subject():
        raise ConfigurationError("name what is to be erased: --trace, --span or --conversation")
    await bring_up(database, folder=arguments.data)
    async with database.write() as connection:
        gone = await erase_subject(database, connection, subject, who=_WHO, now_ns=SystemClock().time_ns())
    await database.checkpoint()
    say(f"erased {_rows(gone)}; backups made before still hold it")
    return 0


def _span(written: str) -> bytes:
    trace, _, span = written.partition(":")
    return span_key(_ids(trace, "--span", _TRACE_HEX), _ids(span, "--span", _TRACE_HEX // 2))


def _ids(written: str, flag: str, length: int) -> bytes:
    try:
        if len(written) == length:
            return bytes.fromhex(written)
    except ValueError:
        pass
    form = "TRACE:SPAN, 32 and 16 hex digits" if flag == "--span" else "32 hex digits"
    raise ConfigurationError(f"{flag}: write {form}")


def _rows(rows: Mapping[str, int]) -> str:
    found = ", ".join(f"{count} {name}" for name, count in rows.items() if count)
    return found or "nothing"
