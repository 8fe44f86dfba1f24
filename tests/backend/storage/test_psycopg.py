"""The other driver of PostgreSQL, over the whole of storage once."""

import asyncio

import pytest

from otel_evals_backend.storage.backup import backup
from otel_evals_backend.storage.check import check
from otel_evals_backend.storage.database import Database, database_url
from otel_evals_backend.storage.erase import Subject, erase
from otel_evals_backend.storage.migrate import migrate
from otel_evals_backend.storage.restore import restore
from otel_evals_backend.storage.retention import expire
from otel_evals_backend.storage.search import matching_texts
from tests.backend.conftest import NOON
from tests.backend.storage.filled import everything, fill, trace
from tests.backend.storage.test_retention import AGES


@pytest.fixture
async def database(postgresql_server, tmp_path):
    made = await asyncio.to_thread(postgresql_server.create)
    address = postgresql_server.address(made).replace("postgresql:", "postgresql+psycopg:")
    database = Database(database_url(address, tmp_path))
    await database.open()
    yield database
    await database.close()
    await asyncio.to_thread(postgresql_server.drop, made)


async def test_psycopg_does_all_of_it(database, tmp_path):
    await migrate(database)
    await fill(database)
    before = await everything(database)
    await backup(database, tmp_path / "all.backup")
    async with database.write() as connection:
        assert len(await matching_texts(database, connection, "secret", 100)) == 8
        await erase(database, connection, Subject(traces=(trace(1),)), who="u", now_ns=NOON)
    await expire(database, AGES, NOON)
    assert (await check(database)).faults == ()
    await restore(database, tmp_path / "all.backup", replace=True)
    assert await everything(database) == before
    assert (await check(database)).faults == ()
