"""A durable queue in a folder: entries are appended, read back in order, and marked as dealt with.

Life cycle: `await Journal.open(folder, …)` locks the folder and reads what a former run left; `append` resolves when
the entry is synced to disk, all appends that wait share one write and one sync; `done` marks entries; `close` gives the
folder back. Used for the disk queue of a destination and for spans that are held. Memory holds the index, never a
payload. All methods are called on the event loop; files are written in one thread of the journal's own.

Segments are deleted oldest first, once all their entries are done: the marks that stand beside a segment only concern
it and older ones, so a mark can never be lost before its entry. An old entry that pins many bytes is moved forward.

The module is above the usual length because index, commit and cleaning change the same few fields.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from otel_evals.records.errors import ConfigurationError, OtelEvalsError, Unavailable
from otel_evals.spool import segment
from otel_evals.spool.disk import Disk
from otel_evals.spool.lock import FolderLock
from otel_evals.spool.marks import Marks
from otel_evals.spool.recovery import Recovered, recover, set_aside
from otel_evals.spool.writer import Place, SegmentWriter, segment_path

_GROUP_BYTES: Final = 32 << 20
"""Bytes that go into one commit at most, so that the first of a long queue does not wait for all others."""
_ADOPTED_TOGETHER: Final = 64
"""Entries of an adopted folder that share a commit."""
_READ_AT_ONCE: Final = 64 << 10
"""Bytes of the newest segment, still in the page cache, that are read without the price of a thread."""
_LEAST_SEGMENTS: Final = 8


class SpoolFull(Unavailable):
    """The journal has reached its bound. Nothing was written; it takes entries again when others are done."""


class DamagedEntry(OtelEvalsError):  # noqa: N818 - named for the condition
    """An entry's bytes on disk are no longer those that were written."""


class Journal:
    """The journal of one folder. Make it with `open`."""

    def __init__(
        self, folder: Path, lock: FolderLock, recovered: Recovered, *, max_bytes: int, segment_bytes: int, disk: Disk
    ) -> None:
        self.folder = folder
        self.damaged = recovered.damaged
        """Damaged stretches found at start or when reading; their bytes are kept in the folder `damaged`."""
        self.is_full = False
        """Whether an entry was turned away for want of room, and no room has come since."""
        self.torn = recovered.torn
        """Records that a crash cut off; none of them was ever acknowledged."""
        self._lock = lock
        self._disk = disk
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._places = recovered.places
        self._next_id = recovered.next_id
        self._sizes = recovered.segment_bytes
        self._live = dict.fromkeys(self._sizes, 0)
        self._live_bytes = 0
        for place in self._places.values():
            self._live[place.segment] += 1
            self._live_bytes += place.length
        self._newest = recovered.next_number
        self._marks = Marks(folder, recovered.done_files, disk)
        self._writer = SegmentWriter(folder, self._newest, segment_bytes=segment_bytes, disk=disk)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"journal-{folder.name}")
        self._waiting: list[tuple[int, bytes, asyncio.Future[int]]] = []
        self._waiting_bytes = 0
        self._committing: asyncio.Future[dict[int, Place]] | None = None
        self._moving: list[int] = []
        self._closed = False

    @classmethod
    async def open(
        cls, folder: Path, *, max_bytes: int, segment_bytes: int = 16 << 20, disk: Disk | None = None
    ) -> "Journal":
        """Lock `folder` (created when absent) and read what it holds.

        Args:
            folder: a folder of the journal's own.
            max_bytes: bytes on disk beyond which `append` raises SpoolFull.
            segment_bytes: size at which a new file is started.
            disk: the file system, for tests.

        Raises:
            ConfigurationError: another process uses the folder, it cannot be used, or its format is a newer one.
        """
        lock = FolderLock(folder)
        try:
            recovered = await asyncio.to_thread(recover, folder)
        except OSError as error:
            lock.release()
            raise ConfigurationError(f"cannot read the spool folder {folder}: {error}") from error
        except ConfigurationError:
            lock.release()
            raise
        # A full journal has several segments, so that those that are done can leave before the last entry is.
        segment_bytes = min(segment_bytes, max_bytes // _LEAST_SEGMENTS) or segment_bytes
        journal = cls(folder, lock, recovered, max_bytes=max_bytes, segment_bytes=segment_bytes, disk=disk or Disk())
        journal._drop_empty_segments()
        return journal

    def __len__(self) -> int:
        """How many entries are alive."""
        return len(self._places)

    def __contains__(self, entry_id: object) -> bool:
        """Whether an entry is alive."""
        return entry_id in self._places

    def __iter__(self) -> Iterator[int]:
        """The ids of the live entries as of now, oldest first."""
        return iter(list(self._places))

    @property
    def bytes_used(self) -> int:
        """Bytes of all files and of what waits to be written."""
        return sum(self._sizes.values()) + self._waiting_bytes

    def append(self, payload: bytes) -> "asyncio.Future[int]":
        """Make `payload` durable; the future gives its id once it is synced.

        The future raises Unavailable when the disk refuses (full, read-only, failing); then the entry does not exist.

        Raises:
            SpoolFull: the bound is reached.
            Unavailable: the journal is closed.
        """
        size = segment.RECORD_BYTES + len(payload)
        if self._closed:
            raise Unavailable("the spool is closed")
        if self.bytes_used + size > self._max_bytes and not self._make_room(size):
            self.is_full = True
            raise SpoolFull(f"the spool {self.folder.name} is full ({self._max_bytes} bytes)", retry_after=5)
        self.is_full = False
        entry_id = self._next_id
        self._next_id += 1
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry_id, payload, future))
        self._waiting_bytes += size
        self._commit()
        return future

    async def read(self, entry_id: int) -> bytes:
        """The payload of a live entry. Raises KeyError when it is not alive, DamagedEntry, OSError."""
        return (await self.read_all([entry_id]))[0]

    async def read_all(self, entry_ids: Sequence[int]) -> list[bytes]:
        """The payloads of several live entries, with one visit to a thread."""
        while True:
            places = [self._places[entry_id] for entry_id in entry_ids]
            if all(p.segment == self._newest for p in places) and sum(p.length for p in places) <= _READ_AT_ONCE:
                return self._read(places)
            try:
                return await asyncio.to_thread(self._read, places)
            except FileNotFoundError:
                if places == [self._places[entry_id] for entry_id in entry_ids]:
                    raise
                # The entries were moved to a newer segment meanwhile.

    def size_of(self, entry_id: int) -> int:
        """Bytes of a live entry's payload. Raises KeyError."""
        return self._places[entry_id].length - segment.RECORD_BYTES

    async def heads(self, length: int) -> dict[int, bytes]:
        """The first `length` bytes of every live payload, unchecked: for an index over what a former run left."""
        places = dict(self._places)
        return await asyncio.to_thread(
            lambda: {
                entry_id: self._disk.read(
                    segment_path(self.folder, place.segment),
                    place.offset + segment.RECORD_BYTES,
                    min(length, place.length - segment.RECORD_BYTES),
                )
                for entry_id, place in places.items()
            }
        )

    async def entries(self) -> AsyncIterator[tuple[int, bytes]]:
        """Id and payload of every entry that is alive when its turn comes, oldest first; damaged ones are left out."""
        for entry_id in self:
            if entry_id in self._places:
                try:
                    yield entry_id, await self.read(entry_id)
                except DamagedEntry:
                    self.damaged += 1

    def done(self, *entry_ids: int) -> None:
        """These entries are dealt with and never come back. Unknown ids are ignored. Never raises.

        The mark survives the death of the process; after that of the machine an entry may come back.
        """
        known = [entry_id for entry_id in entry_ids if entry_id in self._places]
        for entry_id in known:
            self._forget_place(entry_id)
            del self._places[entry_id]
        self._marks.add(known, self._newest)
        self._drop_empty_segments()
        if self._dead_bytes > max(4 * self._segment_bytes, self._live_bytes):
            self._move_oldest()

    async def adopt(self, folder: Path) -> int:
        """Take over the live entries of a sibling folder whose worker no longer exists; how many there were.

        The sibling is emptied entry by entry after each is durable here. Raises ConfigurationError when the folder
        is in use, Unavailable when this journal cannot take more; what is not taken stays where it was.
        """
        sibling = await Journal.open(folder, max_bytes=0, segment_bytes=self._segment_bytes, disk=self._disk)
        taken = 0
        try:
            batch: list[tuple[int, bytes]] = []
            async for entry in sibling.entries():
                batch.append(entry)
                if len(batch) == _ADOPTED_TOGETHER:
                    taken += await self._take_over(sibling, batch)
                    batch = []
            return taken + await self._take_over(sibling, batch)
        finally:
            self.damaged += sibling.damaged
            await sibling.close()

    async def _take_over(self, sibling: "Journal", batch: list[tuple[int, bytes]]) -> int:
        appended: list[asyncio.Future[int]] = []
        full: Unavailable | None = None
        try:
            for _, payload in batch:
                appended.append(self.append(payload))
        except Unavailable as error:
            full = error
        results = await asyncio.gather(*appended, return_exceptions=True)
        sibling.done(*(entry[0] for entry, result in zip(batch, results, strict=False) if isinstance(result, int)))
        failed = full or next((result for result in results if isinstance(result, BaseException)), None)
        if failed is not None:
            raise failed
        return len(batch)

    async def flush(self) -> None:
        """Wait until everything that was appended before is durable or has failed."""
        while self._committing is not None:
            await asyncio.wait([self._committing])

    async def close(self) -> None:
        """Finish what waits and give the folder back. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        await self.flush()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.close)
        self._thread.shutdown()
        self._marks.close()
        self._lock.release()

    # Commit

    def _commit(self) -> None:
        if self._committing is not None or not (self._waiting or self._moving):
            return
        group = self._take_group()
        moving = {entry_id: self._places[entry_id] for entry_id in self._moving if entry_id in self._places}
        self._moving = []
        work = self._thread.submit(self._write, [(entry_id, payload) for entry_id, payload, _ in group], moving)
        self._committing = asyncio.wrap_future(work)
        self._committing.add_done_callback(lambda ended: self._committed(ended, group, moving))

    def _take_group(self) -> list[tuple[int, bytes, "asyncio.Future[int]"]]:
        size = count = 0
        for _, payload, _ in self._waiting:
            if count and size + len(payload) > _GROUP_BYTES:
                break
            size += len(payload)
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    def _write(self, entries: list[tuple[int, bytes]], moving: Mapping[int, Place]) -> dict[int, Place]:
        """Runs in the journal's thread. Entries that cannot be read any more are not in the answer."""
        for entry_id, place in moving.items():
            with contextlib.suppress(DamagedEntry):
                entries.append((entry_id, self._read([place])[0]))
        places = self._writer.commit(entries) if entries else []
        return {entry_id: place for (entry_id, _), place in zip(entries, places, strict=True)}

    def _committed(
        self,
        ended: "asyncio.Future[dict[int, Place]]",
        group: list[tuple[int, bytes, "asyncio.Future[int]"]],
        moving: Mapping[int, Place],
    ) -> None:
        self._committing = None
        self._waiting_bytes -= sum(segment.RECORD_BYTES + len(payload) for _, payload, _ in group)
        error = ended.exception()
        if error is None:
            self._index(ended.result(), moving)
        else:
            # Nothing is appended to what is there any more, so all of it can go once its entries are done: a disk that
            # this very journal has filled would stay full else.
            self._newest = max(self._newest, self._writer.next_number)
        for entry_id, _, future in group:
            if future.done():
                # Nobody waits any more: the sender was never told that this is safe, and will send it again.
                self.done(entry_id)
            elif error is None:
                future.set_result(entry_id)
            else:
                future.set_exception(Unavailable(f"cannot write to the spool {self.folder.name}: {_reason(error)}"))
        self._drop_empty_segments()
        self._commit()

    def _index(self, written: Mapping[int, Place], moving: Mapping[int, Place]) -> None:
        for entry_id, place in written.items():
            self._sizes[place.segment] = place.offset + place.length
            self._live.setdefault(place.segment, 0)
            self._newest = max(self._newest, place.segment)
            if entry_id in moving and entry_id not in self._places:
                # It was dealt with while it moved, and its mark may stand beside a segment that goes first.
                self._marks.add([entry_id], self._newest)
                continue
            self._forget_place(entry_id)
            self._places[entry_id] = place
            self._live[place.segment] += 1
            self._live_bytes += place.length
        lost = [entry_id for entry_id in moving if entry_id not in written]
        self.damaged += len(lost)
        self.done(*lost)

    def _forget_place(self, entry_id: int) -> None:
        place = self._places.get(entry_id)
        if place is not None:
            self._live[place.segment] -= 1
            self._live_bytes -= place.length

    def _read(self, places: Sequence[Place]) -> list[bytes]:
        payloads: list[bytes] = []
        for place in places:
            data = self._disk.read(segment_path(self.folder, place.segment), place.offset, place.length)
            payload = segment.unframe(data)
            if payload is None:
                name = f"{place.segment:012d}-{place.offset}"
                set_aside(self.folder, name, data)
                raise DamagedEntry(f"a journal entry is damaged; its bytes are kept in {self.folder}/damaged/{name}")
            payloads.append(payload)
        return payloads

    # Cleaning

    def _drop_empty_segments(self) -> None:
        for number in list(self._sizes):
            if self._live[number] or (number >= self._newest and not self._closed):
                break
            if not self._unlink(segment_path(self.folder, number)):
                break
            del self._sizes[number], self._live[number]
            self.is_full = False
        self._marks.drop_before(min(self._sizes, default=self._newest))

    def _unlink(self, path: Path) -> bool:
        try:
            self._disk.unlink(path)
        except OSError:
            return False  # a read-only file system: the file stays and is tried again with the next clean-up
        return True

    @property
    def _dead_bytes(self) -> int:
        return sum(self._sizes.values()) - self._live_bytes

    def _make_room(self, size: int) -> bool:
        """Clear away what is done but still on disk; whether `size` bytes fit now."""
        if self._committing is None and not self._live.get(self._newest):
            # Nothing lives in the newest segment: a new one is begun, and this one can go.
            self._writer.close()
            self._newest += 1
            self._drop_empty_segments()
        elif self._dead_bytes > self._live_bytes:
            self._move_oldest()
        return self.bytes_used + size <= self._max_bytes

    def _move_oldest(self) -> None:
        """Write the live entries of the oldest segment anew, so that it can go with those behind it."""
        oldest = next(iter(self._sizes), self._newest)
        if self._moving or self._committing is not None or oldest >= self._newest:
            return
        self._moving = [entry_id for entry_id, place in self._places.items() if place.segment == oldest]
        self._commit()


def _reason(error: BaseException) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
