"""What must survive a crash of judging: held spans, open jobs, results on their way, the ledger, the budget.

One SQLite file for all workers of a processor, so that a span, its job and its place in the ledger change together or
not at all. Each worker has rows of its own (`owner`); budget, ledger and first sightings are common.

Invariant, after a crash at any point too: for each judge and version, spans seen = spans of every outcome + open jobs.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from otel_evals.records.errors import ConfigurationError
from otel_evals.records.signal import Signal
from otel_evals.spool import draws
from otel_evals.spool.draws import Draw
from otel_evals.spool.transactions import Transactions

_HOUR: Final = 3600
_KEPT: Final = 48 * _HOUR
"""Seconds for which the budgets of past periods are remembered at least."""
_CHECKED: Final = 256 << 20
"""Bytes up to which a store is checked when it is opened; beyond, a start would take too long."""
SEEN: Final = "seen"
"""The ledger's count of all GenAI spans that a judge could have come to."""

_TABLES: Final = """
CREATE TABLE held (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, held INTEGER REFERENCES held (id) ON DELETE SET NULL,
    judge TEXT NOT NULL, version TEXT NOT NULL, payload BLOB NOT NULL, answer BLOB
);
CREATE INDEX jobs_by_held ON jobs (held) WHERE held IS NOT NULL;
CREATE TABLE outbox (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE ledger (
    judge TEXT NOT NULL, version TEXT NOT NULL, hour INTEGER NOT NULL, outcome TEXT NOT NULL, spans INTEGER NOT NULL,
    PRIMARY KEY (judge, version, hour, outcome)
) WITHOUT ROWID;
CREATE TABLE budget (
    judge TEXT NOT NULL, period INTEGER NOT NULL, start INTEGER NOT NULL,
    calls INTEGER NOT NULL, tokens INTEGER NOT NULL, cost REAL NOT NULL,
    PRIMARY KEY (judge, period, start)
) WITHOUT ROWID;
CREATE TABLE sightings (
    service TEXT NOT NULL, prompt TEXT NOT NULL, model TEXT NOT NULL, first REAL NOT NULL,
    PRIMARY KEY (service, prompt, model)
) WITHOUT ROWID
"""
_LATER: Final = f"""
ALTER TABLE jobs ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN waits_until REAL NOT NULL DEFAULT 0;
{draws.TABLES}
"""
_SIGNALS: Final = "ALTER TABLE outbox ADD COLUMN signal TEXT NOT NULL DEFAULT 'traces'"
_STEPS: Final = (_TABLES, _LATER, _SIGNALS)
"""What makes each format of the one before."""
_FORMAT: Final = len(_STEPS)

T = TypeVar("T")


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement to be made."""

    judge: str
    version: str
    payload: bytes
    """Everything that the judgement needs, encoded by the engine."""
    replaces: str = ""
    """The outcome that the ledger has of this span already, which feedback has reopened; empty for a new span."""
    draws: tuple[Draw, ...] = ()
    """Windows of reservoirs that the span is offered to."""
    uniform: float = 0.0
    """The number that is drawn there."""
    waits_until: float = 0.0
    """When it is decided whether the judge is asked at all, s since the epoch; 0 = it is."""


class NewSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A span that was selected."""

    body: bytes | None
    """A request body of its own when it is to be held; None when it goes on at once."""
    jobs: tuple[NewJob, ...]


class Taken(msgspec.Struct, frozen=True):
    """Where a selected span stands in the store."""

    held: int | None
    jobs: tuple[int, ...]
    thresholds: Mapping[tuple[str, int], float] = {}
    """What the reservoirs say now that it was offered to."""


class OpenJob(msgspec.Struct, frozen=True):
    """A job that a former run left."""

    id: int
    held: int | None
    judge: str
    version: str
    answered: bool
    is_late: bool = False
    """Whether its span had an outcome before, which feedback has reopened."""
    waits_until: float = 0.0
    """As in `NewJob`."""


class Parcel(msgspec.Struct, frozen=True):
    """A request body that judging itself sends: one span, or log records."""

    signal: Signal
    body: bytes


class Leftovers(msgspec.Struct, frozen=True):
    """What a former run left."""

    held: tuple[int, ...]
    jobs: tuple[OpenJob, ...]
    outbox: tuple[int, ...]


Counts = Mapping[tuple[str, str, str], int]
"""Spans by (judge, version, outcome)."""


class Spent(msgspec.Struct, frozen=True, gc=False):
    """What was used up within one period."""

    calls: int = 0
    tokens: int = 0
    cost: float = 0.0


class JudgeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger of one judge version."""

    judge: str
    version: str
    seen: int
    pending: int
    """Open jobs."""
    outcomes: dict[str, int]
    """Spans by final outcome."""

    @property
    def adds_up(self) -> bool:
        """Whether every span seen is accounted for."""
        return self.seen == self.pending + sum(self.outcomes.values())


def read_ledger(path: Path) -> list[JudgeCounts]:
    """The ledger as it stands, also while processors write it; empty when there is no file.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    return _look(path, _ledger) or []


def read_spent(path: Path, periods: Sequence[tuple[str, int, int]]) -> list[Spent]:
    """What was used so far in each (judge or empty for all, period in seconds, its start), as `read_ledger` reads.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    return _look(path, lambda connection: [_spent(connection, *p) for p in periods]) or [Spent()] * len(periods)


def _look(path: Path, read: Callable[[sqlite3.Connection], T]) -> T | None:
    """One view of all tables; None when there is no file."""
    if not path.is_file():
        return None
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)
        try:
            with connection:
                connection.execute("BEGIN")
                return read(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error


def _ledger(connection: sqlite3.Connection) -> list[JudgeCounts]:
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for judge, version, outcome, spans in connection.execute(
        "SELECT judge, version, outcome, sum(spans) FROM ledger GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    ):
        counts.setdefault((judge, version), {})[outcome] = int(spans)
    pending = {
        (judge, version): int(jobs)
        for judge, version, jobs in connection.execute(
            "SELECT judge, version, count(*) FROM jobs WHERE answer IS NULL GROUP BY 1, 2"
        )
    }
    return [
        JudgeCounts(
            judge=judge,
            version=version,
            seen=outcomes.pop(SEEN, 0),
            pending=pending.get((judge, version), 0),
            outcomes=outcomes,
        )
        for (judge, version), outcomes in counts.items()
    ]


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
        store = cls(await Transactions.open(path, _prepare), owner)

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
        self, spans: Sequence[NewSpan], hour: int, is_wanted: Callable[[], bool] = lambda: True
    ) -> list[Taken]:
        """Make selected spans and their jobs durable, and count them as seen by their judges. Raises Unavailable.

        `is_wanted` is asked when their turn has come: whoever went away in the meantime leaves nothing behind.
        """

        def write(connection: sqlite3.Connection) -> list[Taken]:
            return [self._insert(connection, span, hour) for span in spans] if is_wanted() else []

        return await self._do(write)

    def _insert(self, connection: sqlite3.Connection, span: NewSpan, hour: int) -> Taken:
        held = None
        if span.body is not None:
            held = connection.execute(
                "INSERT INTO held (owner, body) VALUES (?, ?)", (self._owner, span.body)
            ).lastrowid
        jobs: list[int] = []
        thresholds: dict[tuple[str, int], float] = {}
        for job in span.jobs:
            row = connection.execute(
                "INSERT INTO jobs (owner, held, judge, version, payload, replaces, waits_until) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._owner, held, job.judge, job.version, job.payload, job.replaces, job.waits_until),
            ).lastrowid
            jobs.append(row or 0)
            _note_open(connection, (job.judge, job.version), hour, job.replaces, 1)
            for draw in job.draws:
                thresholds[draw.key] = draws.offer(connection, draw, job.uniform)
        return Taken(held, tuple(jobs), thresholds)

    async def undo(self, taken: Sequence[Taken], hour: int) -> None:
        """Forget spans whose sender went away before it was answered: it will send them again."""

        def write(connection: sqlite3.Connection) -> None:
            for one in taken:
                for job in one.jobs:
                    row = connection.execute(
                        "DELETE FROM jobs WHERE id = ? AND answer IS NULL RETURNING judge, version, replaces", (job,)
                    ).fetchone()
                    if row is not None:
                        _note_open(connection, row[:2], hour, row[2], -1)
                connection.execute("DELETE FROM held WHERE id = ?", (one.held,))

        await self._do(write)

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
        self, job: int, *, outcome: str, hour: int, answer: bytes | None, outbox: Sequence[Parcel]
    ) -> list[int] | None:
        """End a job: its outcome goes to the ledger, what follows from it to the outbox, all in one.

        Args:
            job: which one.
            outcome: how it ended, final.
            hour: of the ledger.
            answer: what is to ride on the held span; None = the span has gone, and the job with it.
            outbox: request bodies that are to be forwarded.

        Returns:
            Ids of the bodies in the outbox; None when the job had been ended before: nothing was done then.
        """

        def write(connection: sqlite3.Connection) -> list[int] | None:
            where = "WHERE id = ? AND answer IS NULL RETURNING judge, version"
            if answer is None:
                row = connection.execute(f"DELETE FROM jobs {where}", (job,)).fetchone()  # noqa: S608 - a constant
            else:
                row = connection.execute(f"UPDATE jobs SET answer = ? {where}", (answer, job)).fetchone()  # noqa: S608
            if row is None:
                return None
            _count(connection, row, hour, outcome, 1)
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
                    "DELETE FROM jobs WHERE id = ? AND answer IS NULL RETURNING judge, version", (job,)
                ).fetchone()
                if row is not None:
                    _count(connection, row, int(now // _HOUR), outcome, 1)
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
                _count(connection, (judge, version), hour, outcome, spans)
                _count(connection, (judge, version), hour, SEEN, spans)

        await self._do(write)

    async def ledger(self) -> list[JudgeCounts]:
        """The ledger of all workers, at one moment."""
        return await self._do(_ledger)

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
                if _exceeds(_spent(connection, *limit[:3]), use, limit[3]):
                    return limit
            for judge, period, start, _ in limits:
                _spend(connection, judge, period, start, use)
                _forget_periods(connection, judge, period, start)
            return None

        return await self._do(write)

    async def settle(self, difference: Spent, periods: Sequence[tuple[str, int, int]]) -> None:
        """Correct what was reserved by what was really used (`difference` = used - reserved)."""

        def write(connection: sqlite3.Connection) -> None:
            for judge, period, start in periods:
                _spend(connection, judge, period, start, difference)

        await self._do(write)

    async def spent(self, periods: Sequence[tuple[str, int, int]]) -> list[Spent]:
        """What was used so far in each (judge or empty, period, start)."""
        return await self._do(lambda c: [_spent(c, *period) for period in periods])

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


def hour_of(time_ns: int) -> int:
    """The ledger's hour of a time, hours since the epoch."""
    return time_ns // (_HOUR * 1_000_000_000)


def _prepare(connection: sqlite3.Connection) -> None:
    _check_intact(connection)
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > _FORMAT:
        raise ConfigurationError(
            f"the judge store has format {found}, this version knows {_FORMAT}: use the newer version, or move it away"
        )
    if found < _FORMAT:
        for step in _STEPS[found:]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_FORMAT}")


def _check_intact(connection: sqlite3.Connection) -> None:
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    if pages * size > _CHECKED:
        return
    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise ConfigurationError(f"the judge store is damaged ({said}): move it away, or restore it from a copy")


def _one(row: tuple[bytes] | None) -> bytes | None:
    return None if row is None else row[0]


def _note_open(connection: sqlite3.Connection, who: tuple[str, str], hour: int, replaces: str, spans: int) -> None:
    """Count spans that became pending: seen for the first time, or taken from the outcome that they had."""
    if replaces:
        _count(connection, who, hour, replaces, -spans)
    else:
        _count(connection, who, hour, SEEN, spans)


def _count(connection: sqlite3.Connection, who: tuple[str, str], hour: int, outcome: str, spans: int) -> None:
    connection.execute(
        "INSERT INTO ledger VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET spans = spans + excluded.spans",
        (*who, hour, outcome, spans),
    )


def _spent(connection: sqlite3.Connection, judge: str, period: int, start: int) -> Spent:
    row = connection.execute(
        "SELECT calls, tokens, cost FROM budget WHERE judge = ? AND period = ? AND start = ?", (judge, period, start)
    ).fetchone()
    return Spent() if row is None else Spent(*row)


def _spend(connection: sqlite3.Connection, judge: str, period: int, start: int, use: Spent) -> None:
    connection.execute(
        "INSERT INTO budget VALUES (?, ?, ?, max(0, ?), max(0, ?), max(0, ?)) ON CONFLICT DO UPDATE SET "
        "calls = max(0, calls + ?), tokens = max(0, tokens + ?), cost = max(0, cost + ?)",
        (judge, period, start, use.calls, use.tokens, use.cost, use.calls, use.tokens, use.cost),
    )


def _forget_periods(connection: sqlite3.Connection, judge: str, period: int, start: int) -> None:
    """Drop what was spent long ago. What is recent stays, since clocks are set back now and then."""
    kept_since = start - max(2 * period, _KEPT)
    connection.execute("DELETE FROM budget WHERE judge = ? AND period = ? AND start < ?", (judge, period, kept_since))


def _exceeds(spent: Spent, use: Spent, limit: Spent) -> bool:
    return (
        0 <= limit.calls < spent.calls + use.calls
        or 0 <= limit.tokens < spent.tokens + use.tokens
        or 0 <= limit.cost < spent.cost + use.cost
    )
