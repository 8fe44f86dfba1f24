import asyncio

import pytest
from sqlalchemy import insert, select, text, update

from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.storage.backup import backup
from otel_evals_backend.storage.check import check
from otel_evals_backend.storage.database import Database, database_url
from otel_evals_backend.storage.migrate import migrate
from otel_evals_backend.storage.restore import restore
from otel_evals_backend.storage.search import matching_texts
from otel_evals_backend.storage.tables import audit, known_spans, span_hours
from tests.backend.conftest import NOON
from tests.backend.storage.filled import everything, fill


@pytest.fixture(params=["sqlite", "postgresql"])
async def elsewhere(request, tmp_path):
    """An empty database of either kind, without tables."""
    if request.param == "sqlite":
        address, drop = f"sqlite:///{tmp_path}/elsewhere.db", None
    else:
        server = request.getfixturevalue("postgresql_server")
        name = await asyncio.to_thread(server.create)
        address, drop = server.address(name), name
    database = Database(database_url(address, tmp_path))
    await database.open()
    yield database
    await database.close()
    if drop:
        await asyncio.to_thread(server.drop, drop)


async def test_a_backup_restored_elsewhere_holds_the_same(backend, elsewhere, tmp_path):
    database = backend.context.database
    await fill(database)
    written = await backup(database, tmp_path / "b" / "all.backup")
    assert written.rows["results"] == 24
    report = await restore(elsewhere, tmp_path / "b" / "all.backup")
    assert report.rows == written.rows
    assert await everything(elsewhere) == await everything(database)
    assert (await check(elsewhere)).faults == ()
    async with elsewhere.write() as connection:
        assert len(await matching_texts(elsewhere, connection, "secret", 100)) == 8
        await connection.execute(insert(audit).values(at_ns=1, who="w", action="later", object="o", detail="{}"))
        rows = (await connection.execute(select(audit.c.action).order_by(audit.c.id))).all()
        assert [row.action for row in rows] == ["a", "later"]


async def test_a_backup_is_of_one_moment_while_others_write(backend, tmp_path, elsewhere):
    database = backend.context.database
    await fill(database)

    async def write() -> None:
        for n in range(300):
            async with database.write() as connection:
                await connection.execute(insert(audit).values(at_ns=n, who="w", action="x", object="o", detail="{}"))
                await connection.execute(insert(known_spans).values(span=b"%024d" % n, day=n))

    writing = asyncio.create_task(write())
    report = await backup(database, tmp_path / "all.backup")
    await writing
    assert report.rows["audit"] - 1 == report.rows["known_spans"] - 8
    await restore(elsewhere, tmp_path / "all.backup")


async def test_what_is_there_is_replaced_only_when_told(backend, tmp_path):
    database = backend.context.database
    await fill(database, range(3))
    before = await everything(database)
    await backup(database, tmp_path / "all.backup")
    await fill_more(database)
    with pytest.raises(ConfigurationError, match="not empty"):
        await restore(database, tmp_path / "all.backup")
    assert len((await everything(database))["audit"]) == 2
    await restore(database, tmp_path / "all.backup", replace=True)
    assert await everything(database) == before


async def fill_more(database):
    async with database.write() as connection:
        await connection.execute(insert(audit).values(at_ns=NOON, who="u", action="b", object="o", detail="{}"))


@pytest.mark.parametrize("harm", ["cut", "changed", "empty", "text", "cut at a frame"])
async def test_a_damaged_backup_is_refused_before_anything_is_touched(backend, tmp_path, harm):
    database = backend.context.database
    await fill(database, range(3))
    before = await everything(database)
    file = tmp_path / "all.backup"
    await backup(database, file)
    data = file.read_bytes()
    changed = bytearray(data)
    changed[len(data) // 2] ^= 0xFF
    file.write_bytes({
        "cut": data[:-7], "changed": bytes(changed), "empty": b"", "text": b"hello",
        "cut at a frame": data[: len(data) // 2],
    }[harm])  # fmt: skip
    with pytest.raises(ConfigurationError, match=r"backup|damaged"):
        await restore(database, file, replace=True)
    assert await everything(database) == before


async def test_a_restore_that_fails_midway_leaves_what_was_there(backend, tmp_path, monkeypatch):
    database = backend.context.database
    await fill(database, range(3))
    before = await everything(database)
    await backup(database, tmp_path / "all.backup")

    async def fail(*_arguments) -> None:
        raise RuntimeError("the plug was pulled")

    monkeypatch.setattr("otel_evals_backend.storage.restore._fill", fail)
    with pytest.raises(RuntimeError):
        await restore(database, tmp_path / "all.backup", replace=True)
    assert await everything(database) == before


async def test_a_damaged_file_is_moved_aside_and_replaced(tmp_path):
    database = Database(database_url(f"sqlite:///{tmp_path}/evals.db", tmp_path))
    await database.open()
    await migrate(database)
    await fill(database, range(3))
    before = await everything(database)
    await backup(database, tmp_path / "all.backup")
    await database.close()
    file = tmp_path / "evals.db"
    file.write_bytes(b"\0" * 5000 + file.read_bytes()[5000:])
    await database.open()
    with pytest.raises(ConfigurationError, match="restore the last backup"):
        await migrate(database)
    await restore(database, tmp_path / "all.backup", replace=True)
    assert await everything(database) == before
    assert (tmp_path / "evals.db.damaged").exists()
    await database.close()


async def test_check_finds_sums_that_are_wrong_and_rows_without_their_fellows(backend):
    database = backend.context.database
    await fill(database)
    good = await check(database)
    assert (good.faults, good.hours, good.rows["spans"]) == ((), 8, 8)
    async with database.write() as connection:
        await connection.execute(update(span_hours).values(n=span_hours.c.n + 1))
        await connection.execute(text("DELETE FROM texts WHERE text = 'Secret 3'"))
        await connection.execute(text("DELETE FROM slices"))
    faults = (await check(database)).faults
    assert sum(fault.startswith("span_hours") for fault in faults) == 8
    assert "1 results without their text" in faults
    assert "8 spans without a slice" in faults
