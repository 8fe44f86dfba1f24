"""Room for bytes: what is let in, what is given back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.receive.admission import Admission, resident_memory
from otel_evals.receive.settings import LimitSettings
from otel_evals.records.errors import Unavailable
from otel_evals.records.units import ByteSize, Duration
from otel_evals.testing.clock import ManualClock


def admission(*, memory=lambda: 0, clock=None, **limits) -> Admission:
    settings = LimitSettings(**{"in_flight_bytes": ByteSize(1000), "soft_mark": 0.5, **limits})
    return Admission(settings, clock or ManualClock(), memory)


def test_a_request_is_let_in_up_to_the_soft_mark_and_may_grow_to_the_hard_one():
    room = admission(retry_after=Duration(3))
    first = room.open(400)
    second = room.open(200)
    with pytest.raises(Unavailable) as refused:
        room.open(1)
    assert refused.value.retry_after == 3
    second.grow(400)
    with pytest.raises(Unavailable):
        second.grow(1)
    first.close()
    second.close()
    assert (room.in_flight_bytes, room.requests) == (0, 0)


def test_a_request_that_finds_no_room_leaves_nothing_behind():
    room = admission()
    with pytest.raises(Unavailable):
        room.open(1001)
    assert (room.in_flight_bytes, room.requests) == (0, 0)


def test_the_number_of_requests_is_bounded_too():
    room = admission(max_requests=2)
    tickets = [room.open(), room.open()]
    with pytest.raises(Unavailable):
        room.open()
    tickets[0].close()
    room.open()


def test_closing_twice_gives_back_once():
    room = admission()
    kept, ticket = room.open(10), room.open(10)
    ticket.close()
    ticket.close()
    ticket.grow(5)
    ticket.shrink(5)
    assert (room.in_flight_bytes, room.requests) == (10, 1)
    kept.close()


def test_above_the_memory_mark_only_a_little_is_let_in_until_it_falls():
    clock, used = ManualClock(), [200]
    room = admission(memory=lambda: used[0], clock=clock, memory_mark=ByteSize(100))
    ticket = room.open(100)
    with pytest.raises(Unavailable):
        room.open(1)
    ticket.close()
    ticket = room.open(100)
    used[0] = 50
    clock.advance(1)
    room.open(1)


def test_after_closing_nothing_new_is_let_in_and_what_is_in_may_finish():
    room = admission()
    ticket = room.open(10)
    room.close()
    with pytest.raises(Unavailable):
        room.open()
    ticket.grow(10)
    ticket.close()
    assert room.in_flight_bytes == 0


def test_this_process_has_resident_memory():
    assert resident_memory() > 1 << 20


@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["open", "grow", "shrink", "close"]), st.integers(0, 600)))
)
def test_the_sum_is_always_that_of_the_open_tickets_and_never_above_the_limit(steps):
    room, held, tickets = admission(), {}, {}
    for slot, action, size in steps:
        if action == "open" and slot not in tickets:
            try:
                tickets[slot], held[slot] = room.open(size), size
            except Unavailable:
                continue
        elif slot in tickets and action == "grow":
            try:
                tickets[slot].grow(size)
                held[slot] += size
            except Unavailable:
                continue
        elif slot in tickets and action == "shrink":
            tickets[slot].shrink(min(size, held[slot]))
            held[slot] -= min(size, held[slot])
        elif slot in tickets and action == "close":
            tickets.pop(slot).close()
            held.pop(slot)
        assert room.in_flight_bytes == sum(held.values()) <= 1000
        assert room.requests == len(held)
