"""The journal from outside: what was acknowledged is there, whatever happens to process, disk and files."""

import asyncio
import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals.spool import segment
from otel_evals.spool.disk import Disk
from otel_evals.spool.journal import DamagedEntry, Journal, SpoolFull

MIB = 1 << 20


async def contents(journal: Journal) -> list[bytes]:
    return [payload async for _, payload in journal.entries()]


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


async def open_journal(folder: Path, **options) -> Journal:
    return await Journal.open(folder, **{"max_bytes": 64 * MIB, **options})


class CountingDisk(Disk):
    def __init__(self) -> None:
        self.syncs = 0

    def sync(self, fd: int) -> None:
        self.syncs += 1
        super().sync(fd)


class FullDisk(Disk):
    """Takes `room` bytes, then says that no space is left, after having written what still fits."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, fd: int, content: bytes) -> None:
        super().write(fd, content[: self.room])
        if len(content) > self.room:
            self.room = 0
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= len(content)


class UnsyncedDisk(Disk):
    """Fails the sync numbers given."""

    def __init__(self, *failing: int) -> None:
        self.failing = failing
        self.syncs = 0

    def sync(self, fd: int) -> None:
        self.syncs += 1
        if self.syncs in self.failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(fd)


async def test_what_was_appended_is_read_back_in_order_also_by_the_next_run(tmp_path):
    journal = await open_journal(tmp_path)
    payloads = [b"%d" % n * n for n in range(50)]
    ids = await asyncio.gather(*(journal.append(p) for p in payloads))
    assert ids == sorted(ids)
    assert await contents(journal) == payloads
    await journal.close()

    journal = await open_journal(tmp_path)
    assert await contents(journal) == payloads
    assert (journal.torn, journal.damaged) == (0, 0)
    await journal.close()


async def test_what_is_done_does_not_come_back_and_its_files_go(tmp_path):
    journal = await open_journal(tmp_path, segment_bytes=1000)
    ids = [await journal.append(b"x" * 300) for _ in range(20)]
    journal.done(*ids[:18])
    await journal.close()

    journal = await open_journal(tmp_path, segment_bytes=1000)
    assert list(journal) == ids[18:]
    assert len(list(tmp_path.glob("*.journal"))) == 1
    journal.done(*ids)
    assert len(journal) == 0
    await journal.close()
    assert list(tmp_path.glob("*.journal")) == []


async def test_many_waiting_appends_share_one_sync(tmp_path):
    disk = CountingDisk()
    journal = await open_journal(tmp_path, disk=disk)
    await journal.append(b"the first makes the file")
    before = disk.syncs
    await asyncio.gather(*(journal.append(b"x" * 100) for _ in range(1000)))
    # The first of them starts a commit at once, all others wait for it and then go together.
    assert disk.syncs - before == 2
    await journal.close()


async def test_an_append_is_acknowledged_only_after_its_sync(tmp_path):
    order = []

    class Watching(Disk):
        def sync(self, fd: int) -> None:
            super().sync(fd)
            order.append("synced")

    journal = await open_journal(tmp_path, disk=Watching())
    await journal.append(b"the first makes the file")
    order.clear()
    await journal.append(b"x")
    order.append("acknowledged")
    assert order == ["synced", "acknowledged"]
    await journal.close()


@settings(max_examples=60, deadline=None)
@given(data=st.data(), payloads=st.lists(st.binary(max_size=60), min_size=1, max_size=6))
def test_a_file_that_was_cut_anywhere_keeps_every_whole_entry(data, payloads):
    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder_name:
            folder = Path(folder_name)
            journal = await open_journal(folder)
            await asyncio.gather(*(journal.append(p) for p in payloads))
            await journal.close()
            (file,) = files(folder)
            cut = data.draw(st.integers(0, file.stat().st_size))
            os.truncate(file, cut)
            whole, end = [], segment.HEADER_BYTES
            for payload in payloads:
                end += segment.RECORD_BYTES + len(payload)
                if end <= cut:
                    whole.append(payload)
            journal = await open_journal(folder)
            assert await contents(journal) == whole
            assert journal.damaged == 0
            await journal.append(b"after the crash")
            assert await contents(journal) == [*whole, b"after the crash"]
            await journal.close()

    asyncio.run(scenario())


@settings(max_examples=60, deadline=None)
@given(data=st.data(), payloads=st.lists(st.binary(min_size=1, max_size=40), min_size=3, max_size=6))
def test_a_flipped_byte_costs_one_entry_at_most_and_is_set_aside(data, payloads):
    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder_name:
            folder = Path(folder_name)
            journal = await open_journal(folder)
            await asyncio.gather(*(journal.append(p) for p in payloads))
            await journal.close()
            (file,) = files(folder)
            content = bytearray(file.read_bytes())
            at = data.draw(st.integers(segment.HEADER_BYTES, len(content) - 1))
            content[at] ^= data.draw(st.integers(1, 255))
            file.write_bytes(content)
            journal = await open_journal(folder)
            left = await contents(journal)
            assert len(left) == len(payloads) - 1
            assert all(p in payloads for p in left)
            assert journal.damaged + journal.torn == 1
            assert journal.torn or len(list((folder / "damaged").iterdir())) == 1
            await journal.close()

    asyncio.run(scenario())


@given(st.binary(max_size=300))
def test_any_bytes_can_be_scanned(noise):
    ends = segment.HEADER_BYTES
    for item in segment.scan(segment.header() + noise):
        end = item.end if isinstance(item, segment.Damage) else item.offset + item.length
        assert end > ends
        ends = end
    assert ends == segment.HEADER_BYTES + len(noise)


async def test_an_entry_damaged_while_running_is_reported_and_kept_aside(tmp_path):
    journal = await open_journal(tmp_path)
    entry = await journal.append(b"a" * 100)
    (file,) = tmp_path.glob("*.journal")
    with file.open("r+b") as opened:
        opened.seek(-1, os.SEEK_END)
        opened.write(b"b")
    with pytest.raises(DamagedEntry):
        await journal.read(entry)
    assert list((tmp_path / "damaged").iterdir())
    await journal.close()


async def test_a_newer_format_is_refused_and_left_alone(tmp_path):
    journal = await open_journal(tmp_path)
    await journal.append(b"x")
    await journal.close()
    (file,) = tmp_path.glob("*.journal")
    content = file.read_bytes()
    newer = content[:8] + (segment.VERSION + 1).to_bytes(2, "little") + content[10:12]
    file.write_bytes(newer + segment.zlib.crc32(newer).to_bytes(4, "little") + content[16:])
    before = file.read_bytes()
    with pytest.raises(ConfigurationError, match="newer release"):
        await open_journal(tmp_path)
    assert file.read_bytes() == before
    file.write_bytes(content)
    journal = await open_journal(tmp_path)  # the lock was given back
    assert await contents(journal) == [b"x"]
    await journal.close()


async def test_a_folder_has_one_user_and_the_error_names_it(tmp_path):
    journal = await open_journal(tmp_path)
    with pytest.raises(ConfigurationError, match=f"in use by another process .id {os.getpid()}"):
        await open_journal(tmp_path)
    await journal.close()
    await (await open_journal(tmp_path)).close()


async def test_beyond_its_bound_it_refuses_and_takes_again_when_entries_are_done(tmp_path):
    journal = await open_journal(tmp_path, max_bytes=10_000)
    ids = [await journal.append(b"x" * 500) for _ in range(18)]
    with pytest.raises(SpoolFull) as refusal:
        await journal.append(b"x" * 1000)
    assert isinstance(refusal.value, Unavailable)
    assert sum(f.stat().st_size for f in tmp_path.glob("*.journal")) <= 10_000
    journal.done(*ids)
    for _ in range(15):
        await journal.append(b"y" * 500)
    assert await contents(journal) == [b"y" * 500] * 15
    await journal.close()


async def test_one_entry_nearly_as_large_as_the_bound_can_follow_another(tmp_path):
    journal = await open_journal(tmp_path, max_bytes=10_000)
    for _ in range(5):
        journal.done(await journal.append(b"x" * 9_000))
    await journal.close()


async def test_an_old_entry_does_not_pin_the_files_behind_it(tmp_path):
    journal = await open_journal(tmp_path, segment_bytes=1000)
    old = await journal.append(b"the old one")
    for _ in range(100):
        journal.done(await journal.append(b"x" * 400))
    await journal.flush()
    journal.done(await journal.append(b"x"))
    assert sum(f.stat().st_size for f in tmp_path.glob("*.journal")) < 8_000
    assert await journal.read(old) == b"the old one"
    await journal.close()

    journal = await open_journal(tmp_path, segment_bytes=1000)
    assert await contents(journal) == [b"the old one"]
    await journal.close()


async def test_a_moved_entry_that_is_done_meanwhile_does_not_come_back(tmp_path):
    journal = await open_journal(tmp_path, segment_bytes=1000)
    old = await journal.append(b"the old one")
    for _ in range(40):
        journal.done(await journal.append(b"x" * 400))
        if journal._committing is not None:  # the move has begun
            journal.done(old)
    assert old not in list(journal)
    await journal.close()
    journal = await open_journal(tmp_path, segment_bytes=1000)
    assert await contents(journal) == []
    await journal.close()


async def test_a_full_disk_is_unavailable_and_taken_up_again_when_space_returns(tmp_path):
    disk = FullDisk(1000)
    journal = await open_journal(tmp_path, disk=disk)
    first = await journal.append(b"a" * 500)
    for _ in range(3):
        with pytest.raises(Unavailable, match="No space left"):
            await journal.append(b"b" * 600)
    disk.room = 10_000
    await journal.append(b"c" * 600)
    assert await contents(journal) == [b"a" * 500, b"c" * 600]
    disk.room = 0
    journal.done(first)  # cannot be marked now
    disk.room = 10_000
    await journal.append(b"d")
    journal.done(max(journal))  # takes the other mark with it
    await journal.close()

    journal = await open_journal(tmp_path)
    assert await contents(journal) == [b"c" * 600]
    assert journal.damaged == 0
    await journal.close()


class SmallDisk(Disk):
    """Holds `size` bytes in the files of `folder`, and counts what it has to hold."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size

    def write(self, fd: int, content: bytes) -> None:
        room = self.size - sum(path.stat().st_size for path in self.folder.iterdir())
        super().write(fd, content[: max(0, room)])
        if len(content) > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_a_disk_that_the_journal_has_filled_has_room_again_when_its_entries_are_done(tmp_path):
    journal = await open_journal(tmp_path, disk=SmallDisk(tmp_path, 5000))
    ids = [await journal.append(b"a" * 900) for _ in range(5)]
    for _ in range(10):
        with pytest.raises(Unavailable, match="No space left"):
            await journal.append(b"b" * 900)
    assert len(files(tmp_path)) == 1  # the tries leave nothing behind
    journal.done(*ids)
    assert await journal.append(b"c" * 900) > max(ids)
    assert await contents(journal) == [b"c" * 900]
    await journal.close()

    journal = await open_journal(tmp_path)
    assert await contents(journal) == [b"c" * 900]
    await journal.close()


async def test_after_a_failed_sync_the_file_is_never_appended_to_again(tmp_path):
    disk = UnsyncedDisk(3)  # two are for the file's creation and its first entry
    journal = await open_journal(tmp_path, disk=disk)
    await journal.append(b"a")
    with pytest.raises(Unavailable):
        await journal.append(b"b")
    await journal.append(b"c")
    assert len(list(tmp_path.glob("*.journal"))) == 2
    await journal.close()
    journal = await open_journal(tmp_path)
    assert await contents(journal) == [b"a", b"c"]
    await journal.close()


async def test_an_append_that_nobody_waits_for_any_more_is_not_kept(tmp_path):
    journal = await open_journal(tmp_path)
    journal.append(b"given up").cancel()
    await journal.append(b"kept")
    assert await contents(journal) == [b"kept"]
    await journal.close()


async def test_the_entries_of_a_dead_sibling_are_taken_over_and_the_sibling_is_left_empty(tmp_path):
    dead, alive = tmp_path / "worker-1", tmp_path / "worker-0"
    journal = await open_journal(dead)
    await asyncio.gather(*(journal.append(b"%d" % n) for n in range(200)))
    await journal.close()

    journal = await open_journal(alive)
    await journal.append(b"own")
    assert await journal.adopt(dead) == 200
    assert await contents(journal) == [b"own", *(b"%d" % n for n in range(200))]
    assert await journal.adopt(dead) == 0
    await journal.close()


async def test_what_does_not_fit_stays_with_the_dead_sibling(tmp_path):
    dead, alive = tmp_path / "worker-1", tmp_path / "worker-0"
    journal = await open_journal(dead)
    await asyncio.gather(*(journal.append(b"%02d" % n * 100) for n in range(50)))
    await journal.close()

    journal = await open_journal(alive, max_bytes=4_000)
    with pytest.raises(SpoolFull):
        await journal.adopt(dead)
    taken = await contents(journal)
    await journal.close()
    journal = await open_journal(dead)
    left = await contents(journal)
    assert sorted(taken + left) == [b"%02d" % n * 100 for n in range(50)]
    assert taken
    assert left
    await journal.close()


async def test_a_living_sibling_is_not_taken_over(tmp_path):
    sibling = await open_journal(tmp_path / "worker-1")
    journal = await open_journal(tmp_path / "worker-0")
    with pytest.raises(ConfigurationError, match="in use"):
        await journal.adopt(tmp_path / "worker-1")
    await journal.close()
    await sibling.close()
