import pytest
from sqlalchemy import select

from otel_evals_backend.keeping.contributions import Rollups
from otel_evals_backend.storage.check import check
from otel_evals_backend.storage.erase import Subject, erase
from otel_evals_backend.storage.recount import ROLLUPS
from otel_evals_backend.storage.search import matching_texts
from otel_evals_backend.storage.tables import METADATA, audit
from tests.backend.conftest import NOON
from tests.backend.storage.filled import everything, fill, is_sqlite, key, trace


@pytest.mark.parametrize(
    "subject",
    [Subject(traces=(trace(3),)), Subject(spans=(key(3),)), Subject(conversations=("c3",))],
    ids=["trace", "span", "conversation"],
)
async def test_nothing_that_was_said_remains_and_the_sums_are_those_of_the_others(backend, subject):
    database = backend.context.database
    await fill(database)
    async with database.write() as connection:
        counts = await erase(database, connection, subject, who="u", now_ns=NOON)
    assert counts == {
        "contents": 1, "results": 3, "spans": 1, "known_spans": 1, "feedback": 1, "texts": 1, "drafts": 1,
        "reservations": 0, "seen_results": 0, "flags": 0, "review_items": 1, "labels": 1, "cases": 1, "outbox": 1,
    }  # fmt: skip
    left = await everything(database)
    kept = left.pop("labels")
    noted = left.pop("audit")
    assert "Secret 3" not in repr(left)
    assert repr(key(3)) not in repr({name: rows for name, rows in left.items() if name != "review_items"})
    mine = next(row for row in kept if row[0] == "l3")
    assert "fail" in mine
    assert not {"my note", "better"} & set(mine)
    assert any(row[3] == "erase" for row in noted)
    assert (await check(database)).faults == ()
    async with database.read() as connection:
        assert await matching_texts(database, connection, "secret 3", 10) == []
        assert len(await matching_texts(database, connection, "secret", 10)) == 7
        assert len((await connection.execute(select(audit))).all()) == 2


async def test_the_rest_is_what_it_would_be_without_the_erased(backend, open_backend):
    database = backend.context.database
    await fill(database, range(5))
    async with database.write() as connection:
        await erase(database, connection, Subject(traces=(trace(2), trace(4))), who="u", now_ns=NOON)
    left = await everything(database)
    assert not [row for table in ROLLUPS for row in left[table.name] if row[list(table.c.keys()).index("n")] == 0]
    for table in [one.name for one in ROLLUPS]:
        position = [column.name for column in METADATA.tables[table].columns].index("n")
        assert sum(row[position] for row in left[table]) == {"r": 9, "m": 9, "s": 3, "c": 3, "f": 3}[table[0]], table
    assert {row[1] for row in left["spans"]} == {key(0), key(1), key(3)}


async def test_what_was_erased_is_not_in_the_files_either(backend, tmp_path):
    database = backend.context.database
    if not is_sqlite(database):
        pytest.skip("PostgreSQL frees its pages by itself")
    await fill(database)
    async with database.write() as connection:
        await erase(database, connection, Subject(traces=(trace(3),)), who="u", now_ns=NOON)
    await database.checkpoint()
    for file in (tmp_path / "backend").iterdir():
        assert b"Secret 3" not in file.read_bytes(), file
    assert b"Secret 5" in (tmp_path / "backend" / "evals.db").read_bytes()


def test_everybody_writes_to_the_tables_of_sums_in_one_order():
    assert [name for name, _, _ in Rollups().tables()] + ["feedback_hours"] == [table.name for table in ROLLUPS]
