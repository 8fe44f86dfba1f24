"""The outbox is sent by the rules of the specification; what cannot be sent hurts nobody else."""

import pytest

from otel_evals.forward.answer import Answer, Verdict
from otel_evals.records.signal import Signal
from otel_evals_backend.outgoing import outbox
from otel_evals_backend.outgoing.mailing import Mailing, Turn
from otel_evals_backend.outgoing.sender import destination_of, tidy

OK = Answer(verdict=Verdict.DELIVERED, code="200")
BUSY = Answer(verdict=Verdict.RETRY, code="503")
REFUSED = Answer(verdict=Verdict.REFUSED, code="400", message="no")
DENIED = Answer(verdict=Verdict.DENIED, code="401")
DAY = 86_400


class Destination:
    """Answers as it is told; `judge` looks at a body. Keeps what it took."""

    def __init__(self, judge=lambda body: OK):
        self.judge = judge
        self.took = []
        self.asked = []

    async def call(self, signal, body, timeout):  # noqa: ASYNC109 - as the protocol has it
        answer = self.judge(body)
        self.asked.append((signal, body))
        if answer is OK:
            self.took.append((signal, body))
        return answer

    async def close(self):
        pass


async def post(backend, *bodies, signal=Signal.TRACES):
    for body in bodies:
        backend.clock.advance(0.001)
        async with backend.context.database.write() as connection:
            await outbox.post(
                backend.context.database, connection, [(body.decode(), signal, body)], backend.clock.time_ns()
            )


async def standing(backend):
    async with backend.context.database.read() as connection:
        found = await outbox.standing(connection)
    return found.waiting, found.set_aside


async def turns(mailing, backend, *, most=60):
    """Turn until nothing is left to do, with the pauses that the sender would make."""
    for _ in range(most):
        turn = await mailing.turn()
        backend.clock.advance(max(mailing.wait, 1.0))
        if turn is Turn.EMPTY and (await standing(backend))[0] == 0:
            return
    raise AssertionError("it never came to an end")


async def test_rows_go_out_in_order_as_one_request_of_each_signal(backend):
    await post(backend, b"a", b"b")
    await post(backend, b"x", signal=Signal.LOGS)
    await post(backend, b"c")
    to = Destination()
    await turns(Mailing(backend.context, to), backend)
    assert to.took == [(Signal.TRACES, b"ab"), (Signal.LOGS, b"x"), (Signal.TRACES, b"c")]
    assert await standing(backend) == (0, 0)


async def test_a_row_of_the_same_id_is_posted_once(backend):
    await post(backend, b"a", b"a")
    assert await standing(backend) == (1, 0)


async def test_what_cannot_be_taken_now_waits_as_long_as_the_destination_asks(backend):
    await post(backend, b"a")
    to = Destination(lambda body: Answer(verdict=Verdict.RETRY, code="429", retry_after=45.0))
    mailing = Mailing(backend.context, to)
    assert await mailing.turn() is Turn.STOPPED
    assert mailing.wait >= 45
    backend.clock.advance(44)
    assert await mailing.turn() is Turn.EMPTY
    backend.clock.advance(2)
    to.judge = lambda body: OK
    assert await mailing.turn() is Turn.MOVED
    assert await standing(backend) == (0, 0)


async def test_pauses_grow_while_the_destination_is_away(backend):
    await post(backend, b"a")
    mailing = Mailing(backend.context, Destination(lambda body: BUSY))
    waits = []
    for _ in range(8):
        await mailing.turn()
        waits.append(mailing.wait)
        backend.clock.advance(mailing.wait)
    assert waits[0] <= 1
    assert waits[-1] >= 30
    assert await standing(backend) == (1, 0)


async def test_no_row_is_set_aside_for_a_destination_that_is_away(backend):
    await post(backend, b"a", b"b")
    for _ in range(8):  # starts of the program
        mailing = Mailing(backend.context, Destination(lambda body: BUSY))
        await mailing.turn()
        backend.clock.advance(120)
    assert await standing(backend) == (2, 0)
    to = Destination()
    await turns(Mailing(backend.context, to), backend)
    assert [body for _, body in to.took] == [b"ab"]


async def test_a_row_that_is_refused_is_found_and_set_aside_and_all_others_arrive(backend):
    await post(backend, *(bytes([letter]) for letter in b"abcdefghijk"))
    to = Destination(lambda body: REFUSED if b"g" in body else OK)
    await turns(Mailing(backend.context, to), backend)
    assert b"".join(body for _, body in to.took) == b"abcdefhijk"
    assert await standing(backend) == (0, 1)
    async with backend.context.database.write() as connection:
        assert await outbox.send_again(connection, backend.clock.time_ns()) == 1
    to.judge = lambda body: OK
    await turns(Mailing(backend.context, to), backend)
    assert to.took[-1] == (Signal.TRACES, b"g")


async def test_a_row_that_makes_the_destination_fail_does_not_stop_the_others(backend):
    mailing = Mailing(backend.context, to := Destination(lambda body: BUSY if b"g" in body else OK))
    await post(backend, b"g")
    for number in range(12):
        await post(backend, f"<{number}>".encode())
        for _ in range(8):
            await mailing.turn()
            backend.clock.advance(max(mailing.wait, 20.0))
    assert len(to.took) == 12
    assert await standing(backend) == (0, 1)


async def test_a_destination_that_lets_nothing_in_loses_nothing(backend):
    await post(backend, b"a", b"b")
    to = Destination(lambda body: DENIED)
    mailing = Mailing(backend.context, to)
    assert await mailing.turn() is Turn.STOPPED
    assert mailing.wait >= 60
    assert await standing(backend) == (2, 0)
    to.judge = lambda body: OK
    assert await mailing.turn() is Turn.MOVED
    assert to.took == [(Signal.TRACES, b"ab")]


async def test_what_a_partial_success_rejects_is_never_sent_again(backend):
    await post(backend, b"a")
    to = Destination(lambda body: Answer(verdict=Verdict.DELIVERED, code="200", rejected=1, message="too old"))
    assert await Mailing(backend.context, to).turn() is Turn.MOVED
    assert await standing(backend) == (0, 0)


async def test_two_replicas_never_send_one_row_at_the_same_time(backend):
    await post(backend, b"a", b"b")
    other = Mailing(backend.context, late := Destination())
    during = []

    class Slow(Destination):
        async def call(self, signal, body, timeout):  # noqa: ASYNC109 - as the protocol has it
            during.append(await other.turn())
            return await super().call(signal, body, timeout)

    assert await Mailing(backend.context, slow := Slow()).turn() is Turn.MOVED
    assert during == [Turn.EMPTY]
    assert late.asked == []
    assert slow.took == [(Signal.TRACES, b"ab")]


async def test_rows_of_a_sender_that_died_are_sent_again_when_its_lease_ends(backend):
    await post(backend, b"a")

    class DiedError(Exception):
        pass

    def die(body):
        raise DiedError

    with pytest.raises(DiedError):
        await Mailing(backend.context, Destination(die)).turn()
    to = Destination()
    mailing = Mailing(backend.context, to)
    assert await mailing.turn() is Turn.EMPTY
    backend.clock.advance(61)
    assert await mailing.turn() is Turn.MOVED
    assert to.took == [(Signal.TRACES, b"a")]


async def test_rows_wait_for_two_weeks(backend):
    await post(backend, b"a")
    backend.clock.advance(13 * DAY)
    assert (await tidy(backend.context))[0] == 0
    backend.clock.advance(2 * DAY)
    assert (await tidy(backend.context))[0] == 1
    assert await standing(backend) == (0, 0)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("https://evals.example.com/otlp/", "https://evals.example.com:4318/otlp/v1/traces"),
        ("http://host:1/v1/logs", "http://host:1/v1/traces"),
    ],
)
def test_the_address_is_always_otlp_over_http(written, url):
    assert destination_of(written).endpoint.url(Signal.TRACES) == url
    assert destination_of(None) is None
