"""`otel-evals spool`: what waits for the destinations, what they refused for good, and the command to send that again.

Works beside the processor: it reads without a lock, and commands by a file that the owner of the queue looks for.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from otel_evals.app.places import spool_folder
from otel_evals.config.schema import Config
from otel_evals.forward.dead_letters import FOLDER, ask_for, is_asked_for, letters, refusal
from otel_evals.forward.entry_head import HEAD_BYTES, EntryHead
from otel_evals.forward.settings import QueueKind
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError
from otel_evals.spool.survey import live_heads

_PATIENCE: Final = 10.0
"""Seconds that `resend` waits for a processor to take the command; one that runs looks every second."""
_LOOK: Final = 0.1
_QUEUED: Final = "queued"
_DEAD: Final = "dead letter"
_COLUMNS: Final = ("destination", "worker", "state", "why", "requests", "items", "bytes", "oldest")

Write = Callable[[str], None]


class Pile(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one destination and worker that share their state and its reason."""

    destination: str
    worker: str
    state: str
    why: str
    """The status of the refusal; of what is queued empty, or why it does not leave."""
    requests: int
    items: int
    bytes: int
    oldest_seconds: float
    """Age of the oldest, since it was accepted."""


class _Found(msgspec.Struct, frozen=True):
    state: str
    why: str
    size: int
    head: EntryHead | None


def survey(config: Config, clock: Clock) -> list[Pile]:
    """All disk queues of the processor that this configuration is of. Raises ConfigurationError."""
    piles: list[Pile] = []
    for queue in _queues(config):
        found: dict[tuple[str, str], list[_Found]] = {}
        try:
            for one in _entries(queue, "" if queue.name in _claimed(config) else "not configured"):
                found.setdefault((one.state, one.why), []).append(one)
        except OSError as error:
            raise ConfigurationError(f"cannot read the spool folder {queue}: {error.strerror}") from error
        piles += [_pile(queue, key, found[key], clock.time_ns()) for key in sorted(found, reverse=True)]
    return piles


def resend(config: Config, destination: str | None, *, write: Write, clock: Clock, patience: float = _PATIENCE) -> int:
    """Command that dead letters be sent again and say what came of it; the exit code.

    Args:
        config: that of the processor.
        destination: only this one's; None: those of all.
        write: gets the lines to show.
        clock: time.
        patience: seconds to wait for a processor that takes the command.

    Raises:
        ConfigurationError: there is no such destination, or its folder cannot be written.
    """
    queues = [queue for queue in _queues(config) if destination in {None, queue.name}]
    claimed = _claimed(config)
    if destination is not None and not queues and destination not in claimed:
        raise ConfigurationError(f"no destination {destination!r} has a disk queue; configured are: {_named(claimed)}")
    asked: list[Path] = []
    for queue in queues:
        count = sum(1 for _ in letters(queue / FOLDER))
        if count and queue.name not in claimed:
            write(
                f"{queue.name}: {count} requests stay, as no destination of this name is configured with `queue: disk`"
            )
        elif count:
            _ask(queue / FOLDER)
            asked.append(queue)
            write(f"{queue.name}, worker {_worker(queue)}: {count} requests are to be sent again")
    if not asked:
        write("Nothing to send again.")
        return 0
    write(_outcome(asked, clock, patience))
    return 0


def piles_json(piles: Sequence[Pile]) -> str:
    """The piles as JSON."""
    return msgspec.json.format(msgspec.json.encode({"spool": piles})).decode()


def piles_table(piles: Sequence[Pile]) -> str:
    """The piles as a table, one line each."""
    if not piles:
        return "Nothing waits, and nothing is set aside."
    rows = [_COLUMNS, *(_row(pile) for pile in piles)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _row(pile: Pile) -> tuple[str, ...]:
    figures = (str(pile.requests), str(pile.items), str(pile.bytes), f"{pile.oldest_seconds:.0f}s")
    return (pile.destination, pile.worker, pile.state, pile.why or "-", *figures)


def _queues(config: Config) -> list[Path]:
    """The folders of the disk queues of all workers, those included that no longer exist."""
    return sorted(path for path in spool_folder(config).glob("*/queues/*") if path.is_dir())


def _worker(queue: Path) -> str:
    return queue.parent.parent.name


def _claimed(config: Config) -> set[str]:
    return {destination.label for destination in config.forward if destination.queue is QueueKind.DISK}


def _named(labels: Iterable[str]) -> str:
    return ", ".join(sorted(labels)) or "none"


def _entries(queue: Path, why: str) -> Iterator[_Found]:
    for size, head in live_heads(queue, HEAD_BYTES):
        yield _Found(_QUEUED, why, size, EntryHead.read(head))
    for path in letters(queue / FOLDER):
        try:
            with path.open("rb") as file:
                yield _Found(_DEAD, refusal(path), path.stat().st_size, EntryHead.read(file.read(HEAD_BYTES)))
        except FileNotFoundError:
            continue  # sent again since it was listed


def _pile(queue: Path, key: tuple[str, str], found: Sequence[_Found], now_ns: int) -> Pile:
    heads = [one.head for one in found if one.head is not None]
    oldest_ns = min((head.since_ns for head in heads), default=now_ns)
    return Pile(
        destination=queue.name,
        worker=_worker(queue),
        state=key[0],
        why=key[1],
        requests=len(found),
        items=sum(head.items for head in heads),
        bytes=sum(one.size for one in found),
        oldest_seconds=max(0.0, (now_ns - oldest_ns) / 1e9),
    )


def _ask(folder: Path) -> None:
    try:
        ask_for(folder)
    except OSError as error:
        raise ConfigurationError(f"cannot write to {folder}: {error.strerror}") from error


def _outcome(asked: Sequence[Path], clock: Clock, patience: float) -> str:
    started = clock.monotonic()
    # The owner is another process, which tells by taking the file away.
    while (left := [q for q in asked if is_asked_for(q / FOLDER)]) and clock.monotonic() - started < patience:
        time.sleep(_LOOK)
    if not left:
        return "The processor has queued them again."
    return (
        "Not taken yet: "
        + ", ".join(f"{queue.name} of worker {_worker(queue)}" for queue in left)
        + ". They go out when the processor starts, or when its queue has room; the command stands until then."
    )
