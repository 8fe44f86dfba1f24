"""Which destination settles what became of a span, and when."""

import pytest

from otel_evals.app.ledger import MeteredLedger
from otel_evals.forward.settings import DestinationSettings, QueueKind, Wanted
from otel_evals.records.signal import Signal
from otel_evals.telemetry.meters import Meters


def destination(name: str, **settings) -> DestinationSettings:
    return DestinationSettings(url="http://127.0.0.1:4317", name=name, **settings)


def spans(meters: Meters) -> dict[str, float]:
    found = [s for s in meters.snapshot().series if s.instrument.name == "otel_evals.spans"]
    return {labels[0]: value for series in found for labels, value in series.values}


@pytest.mark.parametrize(
    ("destinations", "at_once"),
    [
        ([destination("a")], True),
        ([destination("a", queue=QueueKind.DISK)], False),
        ([destination("a", required=False)], False),
        ([destination("a", required=False), destination("b")], True),
        ([destination("a", signals=(Signal.LOGS,))], False),
        ([], False),
    ],
)
def test_a_span_is_settled_at_once_only_when_its_sender_waits_for_the_destination(destinations, at_once) -> None:
    assert MeteredLedger(Meters(), destinations).settles_at_once is at_once


def test_a_queue_settles_the_spans_that_it_delivers_and_loses_and_found() -> None:
    meters = Meters()
    ledger = MeteredLedger(meters, [destination("a", queue=QueueKind.DISK), destination("b", queue=QueueKind.DISK)])
    ledger.recovered("a", Signal.TRACES, 5)
    ledger.forwarded("a", Signal.TRACES, 3)
    ledger.dropped("a", Signal.TRACES, 2, "dead_letter")
    ledger.forwarded("b", Signal.TRACES, 100)
    ledger.forwarded("a", Signal.LOGS, 100)
    assert spans(meters) == {"received": 5, "forwarded": 3, "failed": 2}


def test_only_spans_wait_for_being_settled() -> None:
    meters = Meters()
    ledger = MeteredLedger(meters, [destination("a", queue=QueueKind.DISK)])
    ledger.waiting("a", Signal.TRACES, 4)
    ledger.waiting("a", Signal.LOGS, 7)
    assert ledger.queued == 4
    (waiting,) = [s for s in meters.snapshot().series if s.instrument.name == "otel_evals.destination.waiting"]
    assert waiting.values == ((("a",), 11.0),)


def test_what_a_killed_worker_left_is_not_received_a_second_time() -> None:
    meters = Meters()
    ledger = MeteredLedger(meters, [destination("a", queue=QueueKind.DISK)], counts_recovered=False)
    ledger.recovered("a", Signal.TRACES, 5)
    assert spans(meters) == {}


def test_without_a_destination_spans_fail() -> None:
    meters = Meters()
    MeteredLedger(meters, []).dropped("", Signal.TRACES, 2, "no_destination")
    assert spans(meters) == {"failed": 2}


def test_who_gets_every_span_settles_before_who_gets_a_part() -> None:
    meters = Meters()
    part = destination("a", required=False, queue=QueueKind.DISK, spans=Wanted.GENAI)
    ledger = MeteredLedger(meters, [part, destination("b", required=False)])
    ledger.forwarded("a", Signal.TRACES, 1)
    ledger.filtered("a", Signal.TRACES, 2)
    ledger.forwarded("b", Signal.TRACES, 3)
    assert spans(meters) == {"forwarded": 3}


def test_a_span_that_the_only_destination_does_not_want_is_settled_and_not_failed() -> None:
    meters = Meters()
    part = destination("a", required=False, queue=QueueKind.DISK, spans=Wanted.GENAI)
    ledger = MeteredLedger(meters, [part])
    ledger.forwarded("a", Signal.TRACES, 1)
    ledger.filtered("a", Signal.TRACES, 2)
    assert spans(meters) == {"forwarded": 3}
