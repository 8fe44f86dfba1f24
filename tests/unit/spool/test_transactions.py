"""Transactions from outside: what was answered is durable, what fails fails alone, and the thread outlives it all."""

import asyncio
import gc
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest

from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals.spool import transactions
from otel_evals.spool.transactions import Transactions


def prepare(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL UNIQUE)")


def note(text):
    return lambda connection: connection.execute("INSERT INTO notes VALUES (?)", (text,)) and None


def notes(connection):
    return [row[0] for row in connection.execute("SELECT text FROM notes ORDER BY rowid")]


@pytest.fixture
async def opened(tmp_path):
    database = await Transactions.open(tmp_path / "a" / "notes.db", prepare)
    yield database
    await database.close()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(transactions, "_BUSY", 0.05)


def other(path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


async def test_what_was_answered_is_there_for_other_processes(opened, tmp_path):
    await asyncio.gather(*(opened.run(note(str(i))) for i in range(600)))
    assert sorted(map(int, notes(other(tmp_path / "a" / "notes.db")))) == list(range(600))


async def test_work_that_fails_is_undone_alone(opened):
    def half(connection):
        note("half")(connection)
        raise KeyError("mine")

    outcomes = await asyncio.gather(
        opened.run(note("a")), opened.run(half), opened.run(note("b")), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), KeyError, type(None)]
    assert await opened.run(notes) == ["a", "b"]


async def test_what_the_database_does_not_take_is_unavailable_and_undone_alone(opened):
    outcomes = await asyncio.gather(
        opened.run(note("a")), opened.run(note("a")), opened.run(note("b")), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), Unavailable, type(None)]
    assert await opened.run(notes) == ["a", "b"]


async def test_a_lock_of_another_process_is_waited_for_a_while_then_told_and_then_over(impatient, tmp_path):
    database = await Transactions.open(tmp_path / "notes.db", prepare)
    locker = other(tmp_path / "notes.db")
    locker.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        await database.run(note("a"))
    locker.execute("COMMIT")
    await database.run(note("b"))
    assert await database.run(notes) == ["b"]
    await database.close()


async def test_opening_waits_for_a_sibling_that_writes(tmp_path):
    await (await Transactions.open(tmp_path / "notes.db", prepare)).close()
    locker = other(tmp_path / "notes.db")
    locker.execute("BEGIN IMMEDIATE")
    opening = asyncio.create_task(Transactions.open(tmp_path / "notes.db", prepare))
    asyncio.get_running_loop().call_later(0.2, locker.execute, "COMMIT")
    await (await opening).close()


async def test_many_open_a_new_file_at_once(tmp_path):
    opened = await asyncio.gather(*(Transactions.open(tmp_path / "notes.db", prepare) for _ in range(8)))
    await asyncio.gather(*(database.run(note(str(i))) for i, database in enumerate(opened)))
    assert len(await opened[0].run(notes)) == 8
    await asyncio.gather(*(database.close() for database in opened))


async def test_a_full_database_refuses_the_group_and_takes_the_next_when_there_is_room(opened):
    def fill(connection):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    await opened.run(fill)
    with pytest.raises(Unavailable, match="full"):
        await opened.run(note("x" * 100_000))
    await opened.run(note("x" * 100_000))  # with the fresh connection the limit is gone
    assert len(await opened.run(notes)) == 1


def remove_one(path):
    path.unlink()


def remove_all(path):
    for file in path.parent.iterdir():
        file.unlink()


def remove_folder(path):
    shutil.rmtree(path.parent)


def move_another_there(path):
    another = path.with_name("another.db")
    connection = other(another)
    connection.execute("CREATE TABLE foreign_notes (text)")
    connection.close()
    another.replace(path)


@pytest.mark.parametrize("lose", [remove_one, remove_all, remove_folder, move_another_there])
async def test_a_file_that_is_lost_while_several_have_it_open_is_put_back_with_all_that_they_wrote(
    opened, tmp_path, caplog, lose
):
    path = tmp_path / "a" / "notes.db"
    sibling = await Transactions.open(path, prepare)
    await opened.run(note("a"))
    await sibling.run(note("b"))
    lose(path)
    await asyncio.gather(
        *(database.run(note(f"{i}{n}")) for i in range(20) for n, database in enumerate((opened, sibling)))
    )
    found = notes(other(path))
    assert found[:2] == ["a", "b"]
    assert len(found) == 42
    assert sorted(await sibling.run(notes)) == sorted(found)
    [line] = [record.message for record in caplog.records]
    assert "put back" in line
    aside = path.with_name("notes.db.replaced")
    assert aside.exists() == (lose is move_another_there)
    if aside.exists():
        assert other(aside).execute("SELECT name FROM sqlite_master").fetchall() == [("foreign_notes",)]
    await sibling.close()


async def test_a_file_that_cannot_be_put_back_is_used_on_and_put_back_when_it_can(
    opened, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr(transactions, "_PAUSE", 2)
    await opened.run(note("a"))
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"in the way")
    for text in "bcd":
        await opened.run(note(text))
    assert await opened.run(notes) == ["a", "b", "c", "d"]
    (tmp_path / "a").unlink()
    for text in "efg":
        await opened.run(note(text))
    assert notes(other(tmp_path / "a" / "notes.db")) == list("abcdefg")
    said = [record.levelname for record in caplog.records]
    assert set(said) == {"ERROR", "WARNING"}
    assert said[-1] == "WARNING"


async def test_a_database_that_is_damaged_while_it_is_open_is_unavailable_and_no_error_of_ours(opened):
    def fail(_):
        raise sqlite3.DatabaseError("database disk image is malformed")

    with pytest.raises(Unavailable, match="malformed"):
        await opened.run(fail)
    assert await opened.run(notes) == []


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("odd"), sqlite3.Warning("odd")])
async def test_the_thread_outlives_every_error_of_a_connection(opened, monkeypatch, error):
    await opened.run(note("a"))

    class Broken:
        def execute(self, *_):
            raise error

        def close(self):
            pass

    opened._connection = Broken()
    with pytest.raises(Unavailable):
        await opened.run(note("b"))
    await opened.run(note("c"))
    assert await opened.run(notes) == ["a", "c"]


async def test_who_went_away_disturbs_nobody(opened):
    away = asyncio.create_task(opened.run(note("a")))
    await asyncio.sleep(0)
    away.cancel()
    await opened.run(note("b"))
    assert "b" in await opened.run(notes)


async def test_closing_finishes_what_waits_and_refuses_what_comes_after(tmp_path):
    database = await Transactions.open(tmp_path / "notes.db", prepare)
    waiting = [asyncio.create_task(database.run(note(str(i)))) for i in range(10)]
    await asyncio.sleep(0)
    await database.close()
    await database.close()
    await asyncio.gather(*waiting)
    with pytest.raises(Unavailable, match="closed"):
        await database.run(note("late"))
    assert len(notes(other(tmp_path / "notes.db"))) == 10


async def test_closing_waits_for_a_lock_once_and_not_for_every_group(impatient, monkeypatch, tmp_path):
    database = await Transactions.open(tmp_path / "notes.db", prepare)
    monkeypatch.setattr(transactions, "_GROUP", 1)
    locker = other(tmp_path / "notes.db")
    locker.execute("BEGIN IMMEDIATE")
    waiting = [asyncio.create_task(database.run(note(str(i)))) for i in range(5)]
    await asyncio.sleep(0)
    await database.close()
    refusals = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(refusal, Unavailable) for refusal in refusals)
    assert sum("being closed" in str(refusal) for refusal in refusals) >= 3


def test_a_loop_that_ended_first_leaves_no_thread_behind(tmp_path):
    async def leave() -> None:
        database = await Transactions.open(tmp_path / "notes.db", prepare)
        database._queue.put((note("a"), asyncio.get_running_loop().create_future()))
        database._queue.put(None)

    asyncio.run(leave())
    for thread in threading.enumerate():
        if thread.name.startswith("sqlite-notes"):
            thread.join(10)
            assert not thread.is_alive()
    gc.collect()
    assert notes(other(tmp_path / "notes.db")) == ["a"]


@pytest.mark.parametrize(
    "content", [b"no database, but long enough to be taken for one" * 30, b"SQLite format 3\0" * 99]
)
async def test_what_is_no_database_stops_the_start_in_words(tmp_path, content):
    (tmp_path / "notes.db").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"move .*notes\.db away"):
        await Transactions.open(tmp_path / "notes.db", prepare)
    assert (tmp_path / "notes.db").read_bytes() == content, "it is left for whoever wants to look at it"


async def test_what_prepare_refuses_stops_the_start(tmp_path):
    def refuse(_):
        raise ConfigurationError("made by a newer version")

    with pytest.raises(ConfigurationError, match="newer"):
        await Transactions.open(tmp_path / "notes.db", refuse)


_WRITER = """
import asyncio, sys
from pathlib import Path
from otel_evals.spool.transactions import Transactions
async def main():
    def prepare(c): c.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL UNIQUE)")
    database = await Transactions.open(Path(sys.argv[1]), prepare)
    for number in range(100_000):
        await database.run(lambda c: c.execute("INSERT INTO notes VALUES (?)", (str(number),)) and None)
        print(number, flush=True)
asyncio.run(main())
"""


def test_what_was_answered_outlives_a_kill(tmp_path):
    path = tmp_path / "notes.db"
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        answered = [int(writer.stdout.readline()) for _ in range(20)]
        os.kill(writer.pid, signal.SIGKILL)
        answered += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    kept = set(map(int, notes(other(path))))
    assert set(answered) <= kept
    assert len(kept) <= len(answered) + 1
