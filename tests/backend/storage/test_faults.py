import asyncio
import resource
import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy import insert, select, text

from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals_backend.storage.database import Database, Engine, database_url
from otel_evals_backend.storage.migrate import migrate
from otel_evals_backend.storage.tables import audit
from tests.backend.postgres import own_server


def note(n: int = 1):
    return insert(audit).values(at_ns=n, who="w", action="x", object="o", detail="{}")


async def test_a_writer_that_finds_the_database_locked_is_told_to_come_again(backend, tmp_path, database_address):
    database = backend.context.database
    if database.engine is Engine.SQLITE:
        other = sqlite3.connect(tmp_path / "backend" / "evals.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        free = other.rollback
    else:
        other = Database(database_url(database_address, tmp_path))
        await other.open()
        held = other.write()
        connection = await held.__aenter__()
        await connection.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
        free = None

    async def write() -> None:
        async with database.write() as mine:
            await mine.execute(note())

    with pytest.raises(Unavailable) as caught:
        await asyncio.wait_for(write(), 10)
    assert caught.value.retry_after
    async with database.read() as reader:  # readers go on
        assert (await reader.execute(select(audit))).all() == []
    if free:
        free()
        other.close()
    else:
        await held.__aexit__(None, None, None)
        await other.close()
    await write()


async def test_writers_of_one_process_wait_for_each_other_only_so_long(backend):
    database = backend.context.database
    if database.engine is not Engine.SQLITE:
        pytest.skip("PostgreSQL has many writers")
    async with database.write():
        with pytest.raises(Unavailable):
            async with database.write(patience=0.05):
                pass
    async with database.write() as connection:
        await connection.execute(note())


async def test_a_database_that_takes_no_writes_asks_to_come_again(backend):
    database = backend.context.database
    if database.engine is not Engine.POSTGRESQL:
        pytest.skip("a state of PostgreSQL, as after a failover")

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(text("SET TRANSACTION READ ONLY"))
            await connection.execute(note())

    with pytest.raises(Unavailable):
        await write()


async def test_an_error_in_a_transaction_leaves_nothing_of_it(backend):
    database = backend.context.database

    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(note())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.read() as connection:
        assert (await connection.execute(select(audit))).all() == []


FULL = """
import asyncio, resource, sys
from sqlalchemy import insert
from otel_evals.records.errors import Unavailable
from otel_evals_backend.storage.database import Database, database_url
from otel_evals_backend.storage.tables import audit

async def main():
    database = Database(database_url(sys.argv[1], None))
    await database.open()
    async with database.write() as connection:
        await connection.execute(insert(audit).values(at_ns=1, who="w", action="x", object="o", detail="{}"))
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), hard))
    refused = 0
    for _ in range(2):
        try:
            async with database.write() as connection:
                row = {"at_ns": 2, "who": "w", "action": "x", "object": "o" * 1000, "detail": "{}"}
                await connection.execute(insert(audit), [row] * 5000)
        except Unavailable:
            refused += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    async with database.write() as connection:
        await connection.execute(insert(audit).values(at_ns=3, who="w", action="x", object="o", detail="{}"))
    await database.close()
    print(refused)

asyncio.run(main())
"""


async def test_a_full_disk_refuses_writes_and_they_resume_when_there_is_room(tmp_path):
    address = f"sqlite:///{tmp_path}/evals.db"
    database = Database(database_url(address, tmp_path))
    await database.open()
    await migrate(database)
    await database.close()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FULL, address, str(1 << 20), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert (process.returncode, out.strip()) == (0, b"2"), err.decode()
    await database.open()
    await migrate(database)
    async with database.read() as connection:
        assert [row.at_ns for row in await connection.execute(select(audit.c.at_ns))] == [1, 3]
    await database.close()


async def test_nothing_is_written_into_a_file_that_was_deleted_while_it_was_open(tmp_path):
    database = Database(database_url(f"sqlite:///{tmp_path}/evals.db", tmp_path))
    await database.open()
    await migrate(database)
    async with database.write() as connection:
        await connection.execute(note())
    (tmp_path / "evals.db").rename(tmp_path / "elsewhere.db")
    for _ in range(2):
        with pytest.raises(Unavailable, match="deleted or replaced"):
            async with database.write() as connection:
                await connection.execute(note(2))
    (tmp_path / "elsewhere.db").rename(tmp_path / "evals.db")
    async with database.write() as connection:
        await connection.execute(note(3))
    async with database.read() as connection:
        assert [row.at_ns for row in await connection.execute(select(audit.c.at_ns))] == [1, 3]
    await database.close()


@pytest.fixture
def server():
    with own_server() as made:
        yield made


async def test_writers_go_on_after_postgresql_was_restarted_under_them(server, tmp_path):
    database = Database(database_url(server.address("postgres"), tmp_path))
    await database.open()
    await migrate(database)
    kept: list[int] = []
    refused, resumed = asyncio.Event(), asyncio.Event()
    enough = [10**9]
    stopping = asyncio.Event()

    async def write(worker: int) -> None:
        n = worker
        while not stopping.is_set():
            try:
                async with database.write() as connection:
                    await connection.execute(note(n))
                kept.append(n)
                n += 4
                if len(kept) >= enough[0]:
                    resumed.set()
            except Unavailable:
                refused.set()
                await asyncio.sleep(0)

    writers = [asyncio.create_task(write(worker)) for worker in range(4)]
    await asyncio.to_thread(server.stop)
    await asyncio.wait_for(refused.wait(), 30)
    await asyncio.to_thread(server.start)
    enough[0] = len(kept) + 20
    await asyncio.wait_for(resumed.wait(), 10)
    stopping.set()
    await asyncio.gather(*writers)
    async with database.read() as connection:
        there = {row.at_ns for row in await connection.execute(select(audit.c.at_ns))}
    assert set(kept) <= there
    await database.close()


async def test_connections_that_were_cut_are_made_again(backend, database_address):
    database = backend.context.database
    if database.engine is not Engine.POSTGRESQL:
        pytest.skip("SQLite has no connections to cut")
    other = Database(database_url(database_address, None))
    await other.open()
    async with other.write() as connection:
        await connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                 "AND pid <> pg_backend_pid()")
        )  # fmt: skip
    await other.close()
    async with database.write() as connection:
        await connection.execute(note())


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg"])
async def test_a_server_that_is_not_there_and_one_that_refuses(driver, free_port, postgresql_server, tmp_path):
    gone = Database(database_url(f"{driver}://u:secret@127.0.0.1:{free_port}/d", tmp_path))
    await gone.open()
    with pytest.raises(Unavailable) as caught:
        await migrate(gone)
    assert "secret" not in str(caught.value)
    await gone.close()
    address = postgresql_server.address("no_such_database").replace("postgresql", driver, 1)
    missing = Database(database_url(address, tmp_path))
    await missing.open()
    with pytest.raises((ConfigurationError, Unavailable)):
        await migrate(missing)
    await missing.close()
