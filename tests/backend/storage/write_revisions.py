"""Writes the tables of the first two revisions from `storage.tables`, as long as nothing is released:

    uv run --no-sync python tests/backend/storage/write_revisions.py

From the first release on a change of the tables is a new revision, and this program goes.
"""

import subprocess
from importlib.resources import files
from pathlib import Path

from alembic.autogenerate import render_python_code
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy import Table

from otel_evals_backend.storage.tables import METADATA

SECOND = "users"
"""Tables before this one, in the order of `tables`, are of the first revision, the others of the second."""

_HEAD = '''"""{title}"""
# SQLAlchemy's Double leaves its type of result open.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before}


def upgrade() -> None:  # noqa: PLR0915 - one statement a table and an index
    """Create them."""
    {body}
'''


def body(tables: list[Table]) -> str:
    """The operations that make `tables` on both databases, as code."""
    made = []
    for table in tables:
        made.append(ops.CreateTableOp.from_table(table))
        made += [ops.CreateIndexOp.from_index(index) for index in sorted(table.indexes, key=lambda index: index.name)]
    written = render_python_code(
        ops.UpgradeOps(made), migration_context=MigrationContext.configure(dialect_name="postgresql")
    )
    return "\n".join(line for line in written.splitlines() if not line.strip().startswith("#")).strip()


def main() -> None:
    tables = list(METADATA.tables.values())
    first = [table.name for table in tables].index(SECOND)
    folder = files("otel_evals_backend.storage") / "migrations" / "versions"
    for revision, before, file, title, mine in (
        ("0001", "None", "v0001_evaluations.py", "Spans, results, contents, feedback, and their sums.", tables[:first]),
        ("0002", '"0001"', "v0002_people.py", "People, their review and labels, cases, settings.", tables[first:]),
    ):
        path = Path(str(folder / file))
        text = _HEAD.format(title=title, revision=revision, before=before, body=body(mine))
        path.write_text(text, encoding="utf-8")
        subprocess.run(["ruff", "check", "-q", "--fix", "--select", "RUF100,F401,I", path], check=False)
        subprocess.run(["ruff", "format", "-q", path], check=True)


if __name__ == "__main__":
    main()
