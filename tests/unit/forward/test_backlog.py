"""The order in which a disk queue sends."""

from otel_evals.forward.backlog import Backlog, Entry
from otel_evals.records.signal import Signal


def entry(number, *, signal=Signal.TRACES, size=10, tries=0):
    return Entry(number, signal, 1, size, 0, tries)


def backlog_of(*entries):
    backlog = Backlog()
    for e in entries:
        backlog.add(e)
    return backlog


def taken(backlog, now=0.0, max_bytes=1000, *, probing=False):
    return [e.entry_id for e in backlog.take(now, max_bytes, probing=probing)]


def test_the_oldest_go_first_up_to_the_bound():
    backlog = backlog_of(*(entry(n) for n in range(5)))
    assert [taken(backlog, max_bytes=20) for _ in range(4)] == [[0, 1], [2, 3], [4], []]


def test_one_that_is_larger_than_the_bound_goes_alone():
    backlog = backlog_of(entry(1, size=5000), entry(2))
    assert [taken(backlog) for _ in range(2)] == [[1], [2]]


def test_a_request_holds_one_signal():
    backlog = backlog_of(entry(1), entry(2), entry(3, signal=Signal.LOGS), entry(4))
    assert [taken(backlog) for _ in range(3)] == [[1, 2], [3], [4]]


def test_what_failed_waits_for_its_time_and_then_precedes():
    backlog = backlog_of(entry(2), entry(3))
    backlog.put_back(entry(1, tries=1), due=5.0)
    assert backlog.next_due() == 5.0
    assert taken(backlog, now=4.9, max_bytes=10) == [2]
    assert taken(backlog, now=5.0) == [1]
    assert taken(backlog) == [3]


def test_what_failed_often_travels_alone():
    backlog = Backlog()
    for n in (1, 2, 3):
        backlog.put_back(entry(n, tries=3 if n == 2 else 1), due=0.0)
    assert [taken(backlog) for _ in range(3)] == [[1], [2], [3]]


def test_while_the_next_hop_is_down_only_what_failed_is_tried_though_it_is_not_due():
    backlog = backlog_of(entry(7))
    backlog.put_back(entry(1, tries=1), due=100.0)
    assert taken(backlog, probing=True) == [1]
    assert taken(backlog, probing=True) == [7]


def test_when_it_is_back_everything_goes_in_its_first_order():
    backlog = backlog_of(entry(3))
    backlog.put_back(entry(2, tries=9), due=100.0)
    backlog.put_back(entry(1, tries=9), due=200.0)
    backlog.forgive()
    assert taken(backlog) == [1, 2, 3]


def test_new_traffic_does_not_wait_behind_a_long_backlog():
    backlog = backlog_of(*(entry(n) for n in range(2000)))
    batches = [taken(backlog, max_bytes=20) for _ in range(8)]
    assert [1998, 1999] in batches
    assert batches[0] == [0, 1]
    assert sum(batch[0] < 1000 for batch in batches) == 6
