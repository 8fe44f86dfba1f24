import asyncio
import os
import signal
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError

from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.storage import migrate as room
from otel_evals_backend.storage.check import check
from otel_evals_backend.storage.database import Database, Engine, database_url
from otel_evals_backend.storage.migrate import lock, migrate, upgrade
from otel_evals_backend.storage.search import matching_texts
from otel_evals_backend.storage.tables import METADATA, labels, texts
from tests.backend.storage.filled import fill, label


@pytest.fixture
async def database(empty_database_address, tmp_path):
    made = Database(database_url(empty_database_address, tmp_path))
    await made.open()
    yield made
    await made.close()


async def bring(database: Database, revision: str) -> None:
    async with database.write() as connection:
        await connection.run_sync(upgrade, revision)


async def test_the_revisions_make_exactly_the_tables(database):
    await migrate(database)

    def ours(_object, name, kind, _reflected, _other) -> bool:
        return not (name or "").startswith("texts_search") and not (kind == "table" and "_day_" in name)

    def differences(connection) -> list:
        options = {"compare_type": True, "include_object": ours}
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)

    async with database.read() as connection:
        found = await connection.run_sync(differences)
    assert found == [], "run tests/backend/storage/write_revisions.py"


async def test_a_database_of_the_first_revision_becomes_the_present_one_with_its_rows(database):
    await bring(database, "0001")
    async with database.write() as connection:
        await connection.execute(insert(texts).values(id=7, text="an old explanation"))
    await migrate(database)
    await migrate(database)
    await fill(database, range(2))
    assert (await check(database)).faults == ()
    async with database.read() as connection:
        assert await matching_texts(database, connection, "old", 5) == [7]


async def test_two_that_start_at_once_take_turns(empty_database_address, tmp_path):
    made = [Database(database_url(empty_database_address, tmp_path)) for _ in range(3)]
    for one in made:
        await one.open()
    await asyncio.gather(*(migrate(one) for one in made))
    for one in made:
        assert (await check(one)).faults == ()
        await one.close()


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (("UPDATE alembic_version SET version_num = '9999'",), "newer version"),
        (("DROP TABLE alembic_version",), "something else"),
    ],
)
async def test_a_newer_database_and_a_foreign_one_are_refused(database, statements, said):
    await migrate(database)
    async with database.write() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    with pytest.raises(ConfigurationError, match=said):
        await migrate(database)


async def test_tables_of_another_program_are_refused_and_left_alone(database):
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE orders (id INTEGER)"))
    with pytest.raises(ConfigurationError, match="something else"):
        await migrate(database)
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM orders"))).scalar_one() == 0


@pytest.mark.parametrize("harm", ["overwritten", "cut", "not a database"])
async def test_a_damaged_file_is_refused_with_what_to_do(tmp_path, harm):
    file = tmp_path / "evals.db"
    database = Database(database_url(f"sqlite:///{file}", tmp_path))
    await database.open()
    await migrate(database)
    await database.close()
    data = file.read_bytes()
    file.write_bytes({
        "overwritten": data[:20_000] + b"\xff" * 40_000 + data[60_000:],
        "cut": data[: len(data) // 2],
        "not a database": b"hello" * 5000,
    }[harm])  # fmt: skip
    harmed = file.read_bytes()
    await database.open()
    with pytest.raises(ConfigurationError, match=r"is damaged: .*restore"):
        await migrate(database)
    await database.close()
    assert file.read_bytes() == harmed


KILLED = """
import asyncio, os, signal, sys
from alembic import op
from otel_evals_backend.storage.database import Database, database_url
from otel_evals_backend.storage import migrate as room

create, made = op.create_table, []

def counting(name, *more, **options):
    if len(made) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    made.append(name)
    return create(name, *more, **options)

op.create_table = counting

async def main():
    database = Database(database_url(sys.argv[1], None))
    await database.open()
    await room.migrate(database)

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [3, 20])
async def test_one_that_is_killed_midway_leaves_nothing_half_done(empty_database_address, tmp_path, after):
    (tmp_path / "backend").mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, empty_database_address, str(after), stderr=subprocess.PIPE
    )
    await process.communicate()
    assert process.returncode == -signal.SIGKILL
    database = Database(database_url(empty_database_address, tmp_path))
    await database.open()
    await migrate(database)
    assert (await check(database)).faults == ()
    await database.close()


DESTRUCTIVE = """
from alembic import op
revision = "9000"
down_revision = "0003"
destructive = True

def upgrade():
    op.execute("DELETE FROM users")
"""


async def test_a_backup_is_made_before_something_is_thrown_away(database, tmp_path, monkeypatch):
    await migrate(database)
    await fill(database, range(1))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "v9000.py").write_text(DESTRUCTIVE)
    original = room.alembic_config

    def config():
        made = original()
        own = f"{made.get_main_option('script_location')}/versions"
        made.set_main_option("version_locations", f"{own}{os.pathsep}{tmp_path / 'more'}")
        return made

    monkeypatch.setattr(room, "alembic_config", config)
    monkeypatch.setattr(room, "HEAD", None)
    if database.engine is Engine.POSTGRESQL:
        with pytest.raises(ConfigurationError, match="backup"):
            await migrate(database)
    await migrate(database, folder=tmp_path)
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM users"))).scalar_one() == 0
    assert (tmp_path / "before-9000.backup").stat().st_size > 500


async def test_labels_cannot_be_changed_or_deleted_only_emptied(database):
    await migrate(database)
    await fill(database, range(2))
    for change in (
        update(labels).values(verdict="pass"),
        update(labels).values(note="another"),
        update(labels).values(blind=False),
        labels.delete(),
    ):
        with pytest.raises(DBAPIError, match="labels are never"):
            async with database.write() as connection:
                await connection.execute(change)
    async with database.write() as connection:
        await connection.execute(update(labels).values(note="", corrected="", expected="{}"))
        await connection.execute(insert(labels).values(**label(5)))


async def test_a_second_process_waits_for_the_one_that_migrates(database, empty_database_address, tmp_path):
    other = Database(database_url(empty_database_address, tmp_path))
    await other.open()
    async with database.write() as connection:
        await lock(database, connection)
        waiting = asyncio.create_task(migrate(other))
        await connection.run_sync(upgrade)
        assert not waiting.done()
    await waiting
    await other.close()


def test_the_revision_that_needs_no_alembic_is_the_newest():
    assert room.head_revision() == room.HEAD
