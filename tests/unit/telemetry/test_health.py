from otel_evals.telemetry.health import Health


def test_a_process_is_ready_once_nothing_speaks_against_it():
    health = Health()
    assert (health.ready, health.alive, health.reasons) == (False, True, ("starting",))
    health.set_ready()
    assert (health.ready, health.reasons) == (True, ())


def test_every_reason_is_told_and_can_go_again():
    health = Health()
    health.set_ready()
    spool = health.condition("spool full")
    assert health.ready
    spool.raise_("1 GiB of 1 GiB")
    assert health.reasons == ("spool full: 1 GiB of 1 GiB",)
    assert not health.ready
    assert health.alive
    spool.clear()
    assert health.ready


def test_a_draining_process_is_never_ready_again():
    health = Health()
    health.set_draining()
    health.set_ready()
    assert health.reasons == ("draining",)


def test_only_a_fatal_condition_ends_liveness():
    health = Health()
    health.condition("destination away").raise_()
    assert health.alive
    health.condition("spool lost", fatal=True).raise_()
    assert not health.alive
    assert "spool lost" in health.reasons
