"""What lies on disk is listed beside its owner, and what was refused is sent again by command."""

import json
from pathlib import Path

import pytest

from otel_evals.app.places import spool_folder
from otel_evals.app.spool_verb import piles_json, piles_table, resend, survey
from otel_evals.config.schema import Config
from otel_evals.forward.dead_letters import DeadLetters, is_asked_for
from otel_evals.forward.entry_head import EntryHead
from otel_evals.forward.settings import QueueKind
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.signal import Signal
from otel_evals.spool.disk import Disk
from otel_evals.spool.journal import Journal
from otel_evals.testing.clock import ManualClock
from otel_evals.testing.ledger import quick_destination

CLOCK = SystemClock()


@pytest.fixture
def config(tmp_path) -> Config:
    return Config(
        forward=(quick_destination("http://127.0.0.1:1", name="next", queue=QueueKind.DISK),), data=str(tmp_path)
    )


def queue(config: Config, worker: int = 0, name: str = "next") -> Path:
    return spool_folder(config) / str(worker) / "queues" / name


def head(items: int) -> EntryHead:
    return EntryHead(signal=Signal.TRACES, items=items, since_ns=CLOCK.time_ns() - 90_000_000_000)


def set_aside(folder: Path, items: int = 1, code: str = "401") -> None:
    assert DeadLetters(folder / "dead", 1 << 20, Disk()).put(head(items), items, code, b"body")


async def test_what_waits_and_what_was_refused_is_listed_while_the_queue_is_in_use(config) -> None:
    journal = await Journal.open(queue(config), max_bytes=1 << 20)
    ids = [await journal.append(head(items).pack() + b"body") for items in (2, 3, 5)]
    journal.done(ids[0])
    set_aside(queue(config), 7)
    set_aside(queue(config, worker=1), 9, "INVALID_ARGUMENT")
    before = {path: path.stat().st_mtime_ns for path in spool_folder(config).rglob("*")}

    piles = survey(config, CLOCK)
    assert [(p.worker, p.state, p.why, p.requests, p.items) for p in piles] == [
        ("0", "queued", "", 2, 8),
        ("0", "dead letter", "401", 1, 7),
        ("1", "dead letter", "INVALID_ARGUMENT", 1, 9),
    ]
    assert all(pile.bytes > 0 and pile.oldest_seconds >= 90 for pile in piles)
    assert before == {path: path.stat().st_mtime_ns for path in spool_folder(config).rglob("*")}
    assert await journal.append(b"still ours") > 0
    await journal.close()
    assert [row["items"] for row in json.loads(piles_json(piles))["spool"]] == [8, 7, 9]
    assert "INVALID_ARGUMENT" in piles_table(piles)


def test_an_empty_spool_is_said(config) -> None:
    assert piles_table(survey(config, CLOCK)) == "Nothing waits, and nothing is set aside."


def test_a_command_for_one_destination_leaves_the_others_alone(config) -> None:
    set_aside(queue(config))
    set_aside(queue(config, name="gone"))
    said: list[str] = []
    assert resend(config, "next", write=said.append, clock=CLOCK, patience=0) == 0
    assert is_asked_for(queue(config) / "dead")
    assert not is_asked_for(queue(config, name="gone") / "dead")
    assert "the command stands" in said[-1]


def test_what_no_destination_claims_is_named_and_stays(config) -> None:
    set_aside(queue(config, name="gone"))
    said: list[str] = []
    resend(config, None, write=said.append, clock=CLOCK, patience=0)
    assert "gone" in said[0]
    assert not is_asked_for(queue(config, name="gone") / "dead")
    (pile,) = survey(config, CLOCK)
    assert pile.destination == "gone"


def test_a_name_that_nobody_has_is_a_mistake(config) -> None:
    with pytest.raises(ConfigurationError, match="configured are: next"):
        resend(config, "nxet", write=lambda _: None, clock=ManualClock(), patience=0)


def test_nothing_to_send_again_is_said(config) -> None:
    said: list[str] = []
    resend(config, "next", write=said.append, clock=CLOCK)
    assert said == ["Nothing to send again."]
