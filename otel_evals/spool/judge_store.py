"""What must survive a crash of judging: held spans, open jobs, results on their way, the ledger, the budget.

One SQLite file for all workers of a processor, so that a span, its job and its place in the ledger change together or
not at all. Each worker has rows of its own (`owner`); budget, ledger and first sightings are common.

Invariant, after a crash at any point too: for each judge and version, spans seen = spans of every outcome + open jobs.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from otel_evals.records.signal import Signal
from otel_evals.spool import draws, judge_known
from otel_evals.spool import judge_books as books
from otel_evals.spool.draws import Draw
from otel_evals.spool.judge_books import JudgeCounts, Spent
from otel_evals.spool.judge_rows import (
    AlreadyTaken,
    Counts,
    Known,
    Leftovers,
    NewSpan,
    OpenJob,
    Parcel,
    StoreFull,
    Taken,
)
from otel_evals.spool.judge_tables import prepare
from otel_evals.spool.transactions import Transactions

_HOUR: Final = 3600


class JudgeStore:
    """The rows of one worker, and what all share. Make it with `open`."""

    def __init__(self, transactions: Transactions, owner: str) -> None:
        self._do = transactions.run
        self._close = transactions.close
        self._owner = owner

    @classmethod
    async def open(cls, path: Path, owner: str, adopt: Sequence[str] = ()) -> "JudgeStore":
        """Open the file for `owner`; the rows of `adopt` (workers that no longer exist) become its own.

        Raises:
            ConfigurationError: the file cannot be used, or a newer version has written it.
        """
        store = cls(await Transactions.open(path, prepare), owner)

        def take_over(connection: sqlite3.Connection) -> None:
            for table in ("held", "jobs", "outbox"):
                for former in adopt:
                    connection.execute(f"UPDATE {table} SET owner = ? WHERE owner = ?", (owner, former))  # noqa: S608 - our own names

        if adopt:
            await store._do(take_over)
        return store

    async def leftovers(self) -> Leftovers:
        """What a former run left."""

        def read(connection: sqlite3.Connection) -> Leftovers:
            owner = (self._owner,)
            held = connection.execute("SELECT id FROM held WHERE owner = ? ORDER BY id", owner).fetchall()
            jobs = connection.execute(
                "SELECT id, held, judge, version, answer IS NOT NULL, replaces <> '', waits_until "
                "FROM jobs WHERE owner = ? ORDER BY id",
                owner,
            ).fetchall()
            outbox = connection.execute("SELECT id FROM outbox WHERE owner = ? ORDER BY id", owner).fetchall()
            return Leftovers(
                tuple(row[0] for row in held),
                tuple(OpenJob(row[0], row[1], row[2], row[3], bool(row[4]), bool(row[5]), row[6]) for row in jobs),
                tuple(row[0] for row in outbox),
            )

        return await self._do(read)

    # Spans and jobs

    async def take(
        self,
        spans: Sequence[NewSpan],
        hour: int,
        is_wanted: Callable[[], bool] = lambda: True,
        max_bytes: int | None = None,
    ) -> list[Taken]:
        """Make selected spans and their jobs durable, and count them as seen by their judges.

        `is_wanted` is asked when their turn has come: whoever went away in the meantime leaves nothing behind.
        `max_bytes`: what the store of all workers may hold with them.

        Raises:
            StoreFull: it would hold more; nothing was done.
            AlreadyTaken: some of them are known, whichever worker took them; nothing was done.
            Unavailable: not now; nothing was done.
        """

        def write(connection: sqlite3.Connection) -> list[Taken] | AlreadyTaken:
            if not is_wanted():
                return []
            if known := _recall(connection, [span.key for span in spans if span.key]):
                return AlreadyTaken(known)
            if max_bytes is not None and _used(connection) + sum(map(_size, spans)) > max_bytes:
                raise StoreFull(f"the judge store holds {_used(connection)} bytes of {max_bytes} (judge.max_disk)")
            return [self._insert(connection, span, hour) for span in spans]

        taken = await self._do(write)
        if isinstance(taken, AlreadyTaken):
            raise taken
        return taken

    async def recall(self, keys: Sequence[bytes]) -> tuple[Known, ...]:
        """What is known of spans that may have been sent again."""
        return await self._do(lambda c: _recall(c, keys))

    def _insert(self, connection: sqlite3.Connection, span: NewSpan, hour: int) -> Taken:
        held = None
        if span.body is not None:
            held = connection.execute(
                "INSERT INTO held (owner, body, span) VALUES (?, ?, ?)", (self._owner, span.body, span.key or None)
            ).lastrowid
        jobs: list[int] = []
        thresholds: dict[tuple[str, int], float] = {}
        for job in span.jobs:
            row = connection.execute(
                "INSERT INTO jobs (owner, held, judge, version, payload, replaces, waits_until, span) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (self._owner, held, job.judge, job.version, job.payload, job.replaces, job.waits_until, span.key),
            ).lastrowid
            jobs.append(row or 0)
            books.note_open(connection, (job.judge, job.version), hour, job.replaces, 1)
            for draw in job.draws:
                thresholds[draw.key] = draws.offer(connection, draw, job.uniform)
        for judge, version, outcome in span.settled:
            books.count_seen(connection, (judge, version), hour, outcome, 1)
        if span.key:
            judge_known.remember(connection, span.key, span.first, hour)
        return Taken(held, tuple(jobs), thresholds, span.key, span.settled)

    async def undo(self, taken: Sequence[Taken], hour: int) -> list[Taken]:
        """Forget spans whose sender went away before it was answered: it will send them again.

        Returns:
            Those that it has sent again by now, to whichever worker: they stay, as if their sender had not gone away.
        """

        def write(connection: sqlite3.Connection) -> list[Taken]:
            kept: list[Taken] = []
            for one in taken:
                if one.key and not judge_known.drop(connection, one.key):
                    kept.append(one)
                    continue
                for job in one.jobs:
                    row = connection.execute(
                        "DELETE FROM jobs WHERE id = ? AND answer IS NULL RETURNING judge, version, replaces", (job,)
                    ).fetchone()
                    if row is not None:
                        books.note_open(connection, row[:2], hour, row[2], -1)
                for judge, version, outcome in one.settled:
                    books.count_seen(connection, (judge, version), hour, outcome, -1)
                connection.execute("DELETE FROM held WHERE id = ?", (one.held,))
            return kept

        return await self._do(write)

    async def body(self, held: int) -> bytes | None:
        """The request body of a held span; None when it is gone."""
        return await self._do(lambda c: _one(c.execute("SELECT body FROM held WHERE id = ?", (held,)).fetchone()))

    async def payload(self, job: int) -> bytes | None:
        """What a job needs; None when it is gone."""
        return await self._do(lambda c: _one(c.execute("SELECT payload FROM jobs WHERE id = ?", (job,)).fetchone()))

    async def answers(self, held: int) -> list[bytes]:
        """The answers that have come for a held span."""

        def read(connection: sqlite3.Connection) -> list[bytes]:
            rows = connection.execute(
                "SELECT answer FROM jobs WHERE held = ? AND answer IS NOT NULL ORDER BY id", (held,)
            )
            return [row[0] for row in rows]

        return await self._do(read)

    async def answered(
        self,
        job: int,
        *,
        outcome: str,
        hour: int,
        answer: bytes | None,
        outbox: Sequence[Parcel],
        verdict: bytes | None = None,
    ) -> list[int] | None:
        """End a job: its outcome goes to the ledger, what follows from it to the outbox, all in one.

        Args:
            job: which one.
            outcome: how it ended, final.
            hour: of the ledger.
            answer: what is to ride on the held span; None = the span has gone, and the job with it.
            outbox: request bodies that are to be forwarded.
            verdict: what is told of it when its span is sent again; None = the outcome alone.

        Returns:
            Ids of the bodies in the outbox; None when the job had been ended before: nothing was done then.
        """

        def write(connection: sqlite3.Connection) -> list[int] | None:
            where = "WHERE id = ? AND answer IS NULL RETURNING judge, version, span"
            if answer is None:
                row = connection.execute(f"DELETE FROM jobs {where}", (job,)).fetchone()  # noqa: S608 - a constant
            else:
                row = connection.execute(f"UPDATE jobs SET answer = ? {where}", (answer, job)).fetchone()  # noqa: S608
            if row is None:
                return None
            books.count(connection, row[:2], hour, outcome, 1)
            judge_known.conclude(connection, row[2], row[:2], outcome, verdict)
            return [self._post(connection, parcel) for parcel in outbox]

        return await self._do(write)

    async def thresholds(self, windows: Sequence[Draw]) -> dict[tuple[str, int], float]:
        """Inclusion probabilities of windows of reservoirs, by `Draw.key`, as all workers have drawn by now."""
        return await self._do(lambda c: {draw.key: draws.threshold(c, draw) for draw in windows})

    async def conclude(
        self, ready: Sequence[tuple[int, bytes]], ended: Sequence[int], *, outcome: str, now: float, longest: float
    ) -> list[int]:
        """Decide over jobs that waited for the end of a window: each judge is asked now, or never.

        Args:
            ready: jobs to be made, with what they need from now on.
            ended: jobs that end as `outcome`.
            outcome: for the ledger.
            now: s since the epoch.
            longest: length of the longest window, s; those that nobody needs any more are forgotten.

        Returns:
            Those of `ended` that were still open.
        """

        def write(connection: sqlite3.Connection) -> list[int]:
            for job, payload in ready:
                connection.execute("UPDATE jobs SET waits_until = 0, payload = ? WHERE id = ?", (payload, job))
            done: list[int] = []
            for job in ended:
                row = connection.execute(
                    "DELETE FROM jobs WHERE id = ? AND answer IS NULL RETURNING judge, version, span", (job,)
                ).fetchone()
                if row is not None:
                    books.count(connection, row[:2], int(now // _HOUR), outcome, 1)
                    judge_known.conclude(connection, row[2], row[:2], outcome, None)
                    done.append(job)
            draws.forget(connection, now, longest)
            return done

        return await self._do(write)

    def _post(self, connection: sqlite3.Connection, parcel: Parcel) -> int:
        row = (self._owner, parcel.signal.value, parcel.body)
        return connection.execute("INSERT INTO outbox (owner, signal, body) VALUES (?, ?, ?)", row).lastrowid or 0

    async def released(self, held: int) -> None:
        """Forget a held span that has gone on, with the answers that it took along; its open jobs stay."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM jobs WHERE held = ? AND answer IS NOT NULL", (held,))
            connection.execute("DELETE FROM held WHERE id = ?", (held,))

        await self._do(write)

    async def parcel(self, parcel: int) -> Parcel | None:
        """A body of the outbox; None when it is gone."""

        def read(connection: sqlite3.Connection) -> Parcel | None:
            row = connection.execute("SELECT signal, body FROM outbox WHERE id = ?", (parcel,)).fetchone()
            return None if row is None else Parcel(Signal(row[0]), row[1])

        return await self._do(read)

    async def sent(self, parcel: int) -> None:
        """Forget a body of the outbox that has been forwarded."""
        await self._do(lambda c: c.execute("DELETE FROM outbox WHERE id = ?", (parcel,)) and None)

    # Ledger

    async def count(self, counts: Counts, hour: int) -> None:
        """Add spans whose outcome was final at once; each counts as seen too."""

        def write(connection: sqlite3.Connection) -> None:
            for (judge, version, outcome), spans in counts.items():
                books.count_seen(connection, (judge, version), hour, outcome, spans)

        await self._do(write)

    async def ledger(self) -> list[JudgeCounts]:
        """The ledger of all workers, at one moment."""
        return await self._do(books.ledger)

    # Budget

    async def reserve(
        self, use: Spent, limits: Sequence[tuple[str, int, int, Spent]]
    ) -> tuple[str, int, int, Spent] | None:
        """Take `use` out of every budget, or out of none.

        Args:
            use: what is to be used.
            limits: (judge or empty for all, period in seconds, start of the period, limit; a negative limit is none).

        Returns:
            The limit that would be passed; None when `use` is reserved.
        """

        def write(connection: sqlite3.Connection) -> tuple[str, int, int, Spent] | None:
            for limit in limits:
                if books.exceeds(books.spent(connection, *limit[:3]), use, limit[3]):
                    return limit
            for judge, period, start, _ in limits:
                books.spend(connection, judge, period, start, use)
                books.forget_periods(connection, judge, period, start)
            return None

        return await self._do(write)

    async def settle(self, difference: Spent, periods: Sequence[tuple[str, int, int]]) -> None:
        """Correct what was reserved by what was really used (`difference` = used - reserved)."""

        def write(connection: sqlite3.Connection) -> None:
            for judge, period, start in periods:
                books.spend(connection, judge, period, start, difference)

        await self._do(write)

    async def spent(self, periods: Sequence[tuple[str, int, int]]) -> list[Spent]:
        """What was used so far in each (judge or empty, period, start)."""
        return await self._do(lambda c: [books.spent(c, *period) for period in periods])

    # First appearances

    async def sight(self, service: str, prompt: str, model: str, now: float) -> float:
        """When this prompt version and model was first seen, s since the epoch; `now` when it never was."""

        def write(connection: sqlite3.Connection) -> float:
            connection.execute(
                "INSERT INTO sightings VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET first = min(first, excluded.first)",
                (service, prompt, model, now),
            )
            key = (service, prompt, model)
            return float(
                connection.execute(
                    "SELECT first FROM sightings WHERE service = ? AND prompt = ? AND model = ?", key
                ).fetchone()[0]
            )

        return await self._do(write)

    async def sightings(self) -> dict[tuple[str, str, str], float]:
        """All first appearances, s since the epoch."""
        return await self._do(lambda c: {(r[0], r[1], r[2]): float(r[3]) for r in c.execute("SELECT * FROM sightings")})

    async def close(self) -> None:
        """Give the file back."""
        await self._close()


def _used(connection: sqlite3.Connection) -> int:
    """Bytes in use; the file keeps room that was freed, and uses it again before it grows."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _size(span: NewSpan) -> int:
    return len(span.body or b"") + len(span.first) + sum(len(job.payload) for job in span.jobs)


def _recall(connection: sqlite3.Connection, keys: Sequence[bytes]) -> tuple[Known, ...]:
    return tuple(known for key in keys if (known := judge_known.recall(connection, key)) is not None)


def _one(row: tuple[bytes] | None) -> bytes | None:
    return None if row is None else row[0]
