"""What the judge store takes and gives: plain records."""

from collections.abc import Mapping

import msgspec

from otel_evals.records.errors import Unavailable
from otel_evals.records.signal import Signal
from otel_evals.spool.draws import Draw


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
    key: bytes = b""
    """What it is known by when it is sent again; empty for one that was counted before."""
    first: bytes = b""
    """What the engine wants to know of it then."""
    settled: tuple[tuple[str, str, str], ...] = ()
    """(judge, version, outcome) of judges whose outcome is final already: counted with the jobs."""


class KnownVerdict(msgspec.Struct, frozen=True):
    """How a judge ended with a span."""

    judge: str
    version: str
    outcome: str
    answer: bytes | None
    """As the engine encoded it; None when there is no more than the outcome."""


class Known(msgspec.Struct, frozen=True):
    """What is known of a span that was taken before."""

    key: bytes
    is_held: bool
    """Whether some worker holds it, or is about to send it on."""
    first: bytes
    verdicts: tuple[KnownVerdict, ...]
    """Of the judges that have ended."""


class StoreFull(Unavailable):
    """The judge store holds as much as it may: nothing was done."""


class AlreadyTaken(Exception):  # noqa: N818 - named for the condition
    """Some spans were taken before: nothing was done."""

    def __init__(self, known: tuple[Known, ...]) -> None:
        super().__init__(f"{len(known)} spans were taken before")
        self.known = known


class Taken(msgspec.Struct, frozen=True):
    """Where a selected span stands in the store."""

    held: int | None
    jobs: tuple[int, ...]
    thresholds: Mapping[tuple[str, int], float] = {}
    """What the reservoirs say now that it was offered to."""
    key: bytes = b""
    settled: tuple[tuple[str, str, str], ...] = ()


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
