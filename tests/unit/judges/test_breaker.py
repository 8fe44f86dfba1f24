from otel_evals.judges.breaker import Breaker
from otel_evals.judges.settings import BreakerSettings
from otel_evals.records.units import Duration
from otel_evals.testing.clock import ManualClock


def opened(clock: ManualClock) -> Breaker:
    breaker = Breaker(BreakerSettings(failures=3, pause=Duration(30)), clock)
    for _ in range(3):
        assert breaker.admit()
        breaker.failed()
    return breaker


def test_it_opens_after_the_set_number_of_faults_in_a_row_and_says_so_once():
    breaker = Breaker(BreakerSettings(failures=3), ManualClock())
    assert [breaker.failed() for _ in range(5)] == [False, False, True, False, False]
    assert breaker.is_open
    assert not breaker.admit()


def test_a_success_between_faults_keeps_it_closed():
    breaker = Breaker(BreakerSettings(failures=2), ManualClock())
    for _ in range(4):
        breaker.failed()
        breaker.succeeded()
    assert breaker.admit()


def test_after_the_pause_one_probe_is_let_in_and_no_second_one():
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(29)
    assert not breaker.admit()
    clock.advance(2)
    assert breaker.admit()
    assert not breaker.admit()


def test_a_good_probe_closes_it():
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(31)
    breaker.admit()
    breaker.succeeded()
    assert breaker.admit()
    assert breaker.admit()


def test_a_bad_probe_opens_it_for_another_pause():
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(31)
    breaker.admit()
    assert breaker.failed()
    clock.advance(29)
    assert not breaker.admit()
    clock.advance(2)
    assert breaker.admit()


def test_a_probe_that_ran_out_of_time_opens_it_again():
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(31)
    breaker.admit()
    breaker.abandoned()
    breaker.failed()
    assert breaker.is_open


def test_a_cancelled_probe_lets_the_next_call_probe():
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(31)
    breaker.admit()
    breaker.abandoned()
    assert breaker.admit()
