import json

from otel_evals.telemetry.health import Health


def body(answer: tuple[int, bytes]) -> tuple[int, dict]:
    return answer[0], json.loads(answer[1])


def test_a_process_is_ready_once_nothing_speaks_against_it():
    health = Health()
    assert body(health.readyz()) == (503, {"status": "unavailable", "reasons": ["starting"]})
    health.starting.clear()
    assert body(health.readyz()) == (200, {"status": "ok"})


def test_every_reason_is_told_and_can_go_again():
    health = Health()
    health.starting.clear()
    spool = health.condition("spool full")
    assert health.is_ready
    spool.raise_("1 GiB of 1 GiB")
    health.draining.raise_()
    assert health.reasons() == ["draining", "spool full: 1 GiB of 1 GiB"]
    assert not health.is_ready
    assert health.is_alive
    spool.clear()
    health.draining.clear()
    assert health.is_ready


def test_only_a_fatal_condition_ends_liveness():
    health = Health()
    lost = health.condition("spool lost", fatal=True)
    assert body(health.livez()) == (200, {"status": "ok"})
    lost.raise_()
    assert body(health.livez()) == (503, {"status": "unavailable", "reasons": ["spool lost"]})
