"""The connection under any bytes in any pieces, without a socket."""

import asyncio
import itertools
from http import HTTPStatus

from hypothesis import given, settings
from hypothesis import strategies as st

from otel_evals.receive.admission import Admission
from otel_evals.receive.http import HttpServer
from otel_evals.receive.http_connection import HttpConnection
from otel_evals.receive.http_message import Response, Route
from otel_evals.receive.http_otlp import refuse_text
from otel_evals.receive.settings import HttpSettings, LimitSettings
from otel_evals.testing.clock import ManualClock


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False
        self.ended = False

    def write(self, data) -> None:
        assert not self.closed
        assert not self.ended
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


async def converse(
    pieces: list[bytes], *, eof: bool = False, check=None
) -> tuple[list[bytes], Transport, Admission, list[BaseException]]:
    """Feeds `pieces`; what the handler saw, the transport, the room, and unforeseen errors."""
    seen: list[bytes] = []
    faults: list[BaseException] = []

    async def handle(request):
        seen.append(request.body)
        return Response(status=HTTPStatus.OK, body=b"ok")

    admission = Admission(LimitSettings(), ManualClock(), lambda: 0)
    server = HttpServer(
        {("POST", "/a"): Route(handler=handle, max_body=1000, check=check)},
        settings=HttpSettings(listen="127.0.0.1:0"),
        admission=admission,
        clock=ManualClock(),
        refuse=refuse_text,
        on_refused=lambda *_: None,
        on_fault=faults.append,
    )
    connection, transport = HttpConnection(server), Transport()
    connection.connection_made(transport)
    for piece in pieces:
        if transport.closed:
            break
        server.buffer[: len(piece)] = piece
        connection.buffer_updated(len(piece))
        while len(server.tasks):
            await server.tasks.drain()
    if eof and not transport.closed:
        connection.eof_received()
    connection.connection_lost(None)
    await server.tasks.close()
    return seen, transport, admission, faults


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


_TOKENS = st.sampled_from(
    [
        b"POST /a HTTP/1.1\r\n", b"GET /a HTTP/1.1\r\n", b"host: x\r\n", b"content-length: 3\r\n", b"\r\n", b"abc",
        b"\n", b"transfer-encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"expect: 100-continue\r\n",
        b"upgrade: h2c\r\n", b"connection: upgrade\r\n", b"connection: close\r\n",
        b"content-length: 5000\r\n", b"x: y\r\n",
        b"PRI * HTTP/2.0\r\n", b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc", b"\0",
        b"CONNECT a:1 HTTP/1.1\r\nhost: x\r\n\r\n",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(_TOKENS | st.binary(max_size=6), max_size=14),
    cuts=st.lists(st.integers(0, 400), max_size=6),
    eof=st.booleans(),
)
async def test_any_bytes_in_any_pieces_end_in_answers_and_leave_nothing_behind(parts, cuts, eof):
    seen, transport, admission, faults = await converse(split(b"".join(parts), cuts), eof=eof)
    assert faults == []
    assert all(len(body) <= 1000 for body in seen)
    assert (admission.in_flight_bytes, admission.requests) == (0, 0)
    for answer in transport.written.split(b"HTTP/1.1 ")[1:]:
        assert answer[:3] in {b"100", b"200", b"400", b"404", b"405", b"413", b"431"}


_GOOD = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b"
_CHUNKED = b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n%b0\r\n\r\n"
_UPGRADE = b"POST /a HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\ncontent-length: %d\r\n\r\n%b"


def _encoded(kind: str, body: bytes) -> bytes:
    if kind == "chunked":
        return _CHUNKED % b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    return (_GOOD if kind == "length" else _UPGRADE) % (len(body), body)


@settings(max_examples=200, deadline=None)
@given(
    requests=st.lists(
        st.tuples(st.sampled_from(["length", "chunked", "upgrade"]), st.binary(max_size=30)), min_size=1, max_size=5
    ),
    cuts=st.lists(st.integers(0, 600), max_size=10),
)
async def test_requests_are_read_the_same_however_they_are_cut(requests, cuts):
    data = b"".join(_encoded(kind, body) for kind, body in requests)
    seen, transport, _, _ = await converse(split(data, cuts))
    assert seen == [body for _, body in requests]
    assert transport.written.count(b"HTTP/1.1 200 OK") == len(requests)
    assert not transport.closed


def statuses(transport: Transport) -> list[bytes]:
    return [answer[:3] for answer in transport.written.split(b"HTTP/1.1 ")[1:]]


async def test_what_follows_a_chunked_body_over_the_limit_is_not_handled():
    data = _encoded("chunked", b"x" * 1500) + _encoded("length", b"next")
    seen, transport, _, _ = await converse([data])
    assert (seen, statuses(transport), transport.ended) == ([], [b"413"], True)


async def test_a_body_cut_off_while_it_is_thrown_away_is_not_answered_twice():
    seen, transport, _, _ = await converse([_GOOD % (5000, b"x")], eof=True)
    assert (seen, statuses(transport)) == ([], [b"413"])


async def test_what_follows_a_malformed_request_is_thrown_away_in_every_piece():
    good = _encoded("length", b"abc")
    seen, transport, _, _ = await converse([good + b"rubbish\r\n\r\n", good, good])
    assert (seen, statuses(transport)) == ([b"abc"], [b"200", b"400"])


async def test_an_error_in_a_check_is_reported_and_worth_a_retry():
    def check(_head):
        raise RuntimeError("a bug")

    seen, transport, _, faults = await converse([_encoded("length", b"abc")], check=check)
    assert (seen, statuses(transport)) == ([], [b"503"])
    assert [str(fault) for fault in faults] == ["a bug"]
    assert b"a bug" not in transport.written
