import asyncio

import pytest

from otel_evals_backend.storage.database import Database, Engine, database_url, put
from otel_evals_backend.storage.partitions import days_of, drop_day, ensure_days
from otel_evals_backend.storage.tables import GROWING, contents


@pytest.fixture
def only_postgresql(backend):
    if backend.context.database.engine is not Engine.POSTGRESQL:
        pytest.skip("SQLite keeps all days in one table")
    return backend.context.database


def content(day: int, span: int = 0) -> dict:
    return {
        "day": day,
        "span": span.to_bytes(24, "big"),
        "part": 0,
        "role": "",
        "start_ns": 0,
        "encrypted": False,
        "body": b"x",
    }


async def test_rows_of_days_in_any_order_are_kept(backend):
    database = backend.context.database
    for days in ([20_000], [19_950, 20_000], [21_000, 3], [-2]):
        async with database.write() as connection:
            await ensure_days(database, connection, days)
            await put(connection, database.insert_new(contents), [content(day) for day in days])
    async with database.read() as connection:
        rows = (await connection.execute(contents.select())).all()
    assert sorted(row.day for row in rows) == [-2, 3, 19_950, 20_000, 21_000]


async def test_a_day_is_made_once_however_many_replicas_meet_it_in_a_transaction(only_postgresql, database_address):
    replicas = [Database(database_url(database_address, None)) for _ in range(4)]

    async def meet(replica: Database, number: int) -> None:
        await replica.open()
        async with replica.write() as connection:
            for day in (20_000 + number, 20_000, 20_001):
                await ensure_days(replica, connection, [day])
                await put(connection, replica.insert_new(contents), [content(day, number)])
        await replica.close()

    await asyncio.gather(*(meet(replica, number) for number, replica in enumerate(replicas)))
    async with only_postgresql.read() as connection:
        assert [await days_of(connection, table) for table in GROWING] == [list(range(20_000, 20_004))] * 3
        assert (
            len((await connection.execute(contents.select())).all()) == 10
        )  # 4 replicas x 3 days, two of which came twice


async def test_a_dropped_day_can_come_again(only_postgresql):
    for _ in range(2):
        async with only_postgresql.write() as connection:
            await ensure_days(only_postgresql, connection, [20_000])
            await put(connection, only_postgresql.insert_new(contents), [content(20_000)])
        await drop_day(only_postgresql, "contents", 20_000)
        async with only_postgresql.read() as connection:
            assert await days_of(connection, "contents") == []
            assert await days_of(connection, "spans") == [20_000]
