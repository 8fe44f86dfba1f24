"""Where a backend runs, part of what customers think goes to its door, the rest in log records, nothing both ways."""

import json

from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_evals.demo.applications import Shop
from otel_evals.demo.feedback_door import FeedbackDoor
from otel_evals_backend.feedback.reading import parse
from tests.unit.demo.conftest import NOW

SECOND = 1_000_000_000


def reported(give=None, *, requests=600, seed=5):
    """(span, signal) of all that was reported in log records, in the time of many requests and a while after."""
    logs = InMemoryLogRecordExporter()
    shop = Shop(
        seed,
        spans=lambda: SimpleSpanProcessor(InMemorySpanExporter()),
        logs=lambda: SimpleLogRecordProcessor(logs),
        give=give,
    )
    for number in range(requests):
        shop.serve(NOW + number * SECOND)
    shop._customers.report(NOW + 2 * requests * SECOND)  # pyright: ignore[reportPrivateUsage] - the time after
    found = [entry.log_record for entry in logs.get_finished_logs()]
    shop.close()
    return [
        record.attributes["otel_evals.feedback.signal"]
        for record in found
        if record.attributes and "otel_evals.feedback.signal" in record.attributes
    ]


def test_half_goes_to_the_door_and_nothing_both_ways():
    given = []

    def give(signal):
        given.append(signal)
        return True

    alone = reported()
    beside = reported(give)
    assert sorted([*beside, *(one["signal"] for one in given)]) == sorted(alone)
    assert len({one["id"] for one in given}) == len(given) > len(alone) / 4
    assert "correction" in beside


def test_the_door_takes_what_is_given():
    given = []
    reported(lambda signal: given.append(signal) or True)
    assert [one.signal.value for one in parse(json.dumps(given[:100]).encode())] == [
        one["signal"] for one in given[:100]
    ]


def test_what_could_not_be_given_is_given_again_under_its_id_some_times():
    tries = []

    def give(signal):
        tries.append(signal["id"])
        return len(tries) % 2 == 0

    reported(give)
    assert len(tries) > len(set(tries))

    never = []
    reported(lambda signal: never.append(signal["id"]))
    assert max(never.count(one) for one in set(never)) == 5


def test_a_backend_that_is_away_is_tried_later(free_port):
    assert FeedbackDoor(f"http://127.0.0.1:{free_port}").give({"signal": "copy"}) is False
