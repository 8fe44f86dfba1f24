"""One HTTP/1.1 connection: reads requests, has them answered in order, ends on time.

Made by `HttpServer` for every accepted socket. Bytes arrive in one buffer that all connections of the server share
(they are parsed before the call returns), so an idle connection holds almost nothing. A request is an `Exchange` that
waits in `_queue` from its head to its answer; the first of the queue is the one being handled. Every phase has a total
deadline that the server's timer looks at.

Phases of reading: a head, a body, then either the next request or, after an answer that ends the connection, bytes that
are thrown away for a bounded while so that the sender can read why (a reset would take the answer from it).

The module is longer than most: reading and answering share the queue, the deadline and the end of the connection, and
a call between two objects for each header field would cost what this server is written to save.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, cast

import httptools

from otel_evals.receive.http_exchange import Exchange
from otel_evals.receive.http_head import head_too_large, join_fields, malformed, parse_head, too_slow
from otel_evals.receive.http_message import Head, Request, Response
from otel_evals.receive.http_wire import CONTINUE, encode_response
from otel_evals.receive.status import HttpRefusal, Refusal, refusal_of
from otel_evals.records.errors import OtelEvalsError, TooLarge, Unavailable

if TYPE_CHECKING:
    from otel_evals.receive.http import HttpServer

_NEVER: Final = float("inf")
_MAX_QUEUED: Final = 16
"""Pipelined requests that wait for their answer before the connection stops reading."""
_FRAMING_PER_BYTE: Final = 16
"""Framing bytes allowed for each byte of a chunked body, beyond the head's limit: one-byte chunks take five."""


class HttpConnection(asyncio.BufferedProtocol):
    """Parser callbacks (`on_…`, called by httptools), transport callbacks, and the queue between them."""

    def __init__(self, server: "HttpServer") -> None:
        self._server = server
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)  # set before anything else is called
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[Exchange] = deque()
        self._incoming: Exchange | None = None
        self._headers: dict[bytes, bytes] = {}
        self._fields: list[tuple[bytes, bytes]] = []
        self._url = b""
        self._framing = 0
        self._timed: tuple[Exchange, bool] | None = None
        self._began = False
        self._upgrading = False
        self._priming = False
        self._broken = False  # what follows cannot be read as requests any more
        self._closing = False  # the last answer has been written
        self._discarded = 0
        self._eof = False
        self._write_blocked = False
        self.deadline = _NEVER
        """Loop time at which the present phase is over."""

    # Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A sender has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._deadline_in(self._server.settings.idle_timeout)
        if self._server.is_flooded():
            transport.close()
        elif not self._server.enter(self):
            self._fail(refusal_of(Unavailable("too many connections", retry_after=1.0)))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the protocol's signature
        """Where the next bytes go: into the buffer of all connections."""
        return self._server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have arrived."""
        if self._closing or self._broken:
            self._throw_away(nbytes)
        else:
            self._feed(self._server.buffer[:nbytes], nbytes)

    def eof_received(self) -> bool:
        """The sender sends no more; it may still read."""
        self._eof = True
        incoming = self._incoming
        if incoming is not None and not self._closing:
            self._fail(malformed("the request is cut off"))
        # A sender may close its half and still wait for the answers.
        return bool(self._queue) and self._transport.get_extra_info("ssl_object") is None

    def pause_writing(self) -> None:
        """The sender does not read its answers."""
        self._write_blocked = True
        self._transport.pause_reading()
        self._deadline_in(self._server.settings.body_timeout)

    def resume_writing(self) -> None:
        """It reads again."""
        self._write_blocked = False
        self._advance()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Nobody is there any more: what is in flight is abandoned."""
        self._server.leave(self)
        self._closing = True
        for exchange in (*self._queue, self._incoming):
            if exchange is not None:
                exchange.abandon()
        self._queue.clear()
        self._incoming = None

    # Parsing

    def _feed(self, data: memoryview, size: int) -> None:
        self._began = False
        incoming, body_before = self._incoming, self._incoming.size if self._incoming else 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._continue_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if not self._closing:
                self._fail(self._parser_refusal(error))
        if self._incoming is None or self._closing:
            return
        if incoming is not None and incoming is self._incoming and not self._began:
            self._bound_framing(incoming, size, incoming.size - body_before)
        self._time_incoming()

    def _bound_framing(self, incoming: Exchange, size: int, body: int) -> None:
        """Heads, trailers and chunk extensions may not grow for ever in the parser, whatever they are made of."""
        self._framing += size - body
        if self._framing > 2 * self._server.settings.max_header_bytes + _FRAMING_PER_BYTE * incoming.size:
            self._fail(head_too_large())

    def _continue_without_upgrade(self, rest: memoryview) -> None:
        """An offer to upgrade (h2c, by some HTTP clients) is ignored, as HTTP allows.

        The parser stops at such a request's head and takes no body, so a fresh one is told of the body's framing.
        """
        self._parser = httptools.HttpRequestParser(self)
        incoming = self._incoming
        if self._upgrading and incoming is not None:
            name = b"transfer-encoding" if b"transfer-encoding" in self._headers else b"content-length"
            self._priming = True
            self._parser.feed_data(b"POST / HTTP/1.1\r\n" + name + b": " + self._headers[name] + b"\r\n\r\n")
        self._upgrading = self._priming = False
        if rest.nbytes and not self._closing:
            self._feed(rest, rest.nbytes)

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._priming or self._closing or self._broken:
            return
        self._incoming = Exchange()
        self._headers = {}
        self._fields = []
        self._framing = 0
        self._url = b""
        self._began = True

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        if not self._priming:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header field, or a trailer."""
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there: decide before the body is read."""
        exchange = self._incoming
        if self._priming or exchange is None:
            return
        settings = self._server.settings
        self._headers = join_fields(self._fields, settings.max_headers, settings.max_header_bytes - len(self._url))
        method = self._parser.get_method().decode("ascii")
        head = exchange.head = parse_head(method, self._url, self._parser.get_http_version(), self._headers)
        length = self._headers.get(b"content-length")
        has_body = length not in {None, b"0"} or b"transfer-encoding" in self._headers
        self._upgrading = has_body and self._parser.should_upgrade()
        self._framing = 0
        exchange.keep_alive = self._parser.should_keep_alive()
        self._queue.append(exchange)
        self._admit(exchange, head, int(length or 0))
        if exchange.discard and has_body:
            self._refuse_body(exchange, int(length) if length else None)
        elif has_body and self._headers.get(b"expect", b"").lower() == b"100-continue":
            exchange.expects = True
            self._advance()

    def _admit(self, exchange: Exchange, head: Head, length: int) -> None:
        try:
            exchange.response = self._server.answer_by_head(head)
            if exchange.response is None:
                route = exchange.route = self._server.route(head)
                self._server.check_open()
                if route.check is not None:
                    route.check(head)
                if length > route.max_body:
                    raise TooLarge(f"the body is larger than {route.max_body} bytes")
                exchange.ticket = self._server.admission.open(length)
        except (OtelEvalsError, HttpRefusal) as error:
            self._refuse(exchange, refusal_of(error), length)
        exchange.discard = exchange.response is not None

    def _refuse_body(self, exchange: Exchange, length: int | None) -> None:
        """The body of a request that has its answer already: read and thrown away, or the connection ends."""
        settings = self._server.settings
        if length is None or length > settings.discard_bytes or b"expect" in self._headers:
            exchange.keep_alive = False
        self._advance()

    def on_body(self, body: bytes) -> None:
        """A piece of the body, without its framing."""
        exchange = self._incoming
        if exchange is None:
            return
        try:
            exchange.add(body, charged=b"content-length" in self._headers)
        except (TooLarge, Unavailable) as error:
            self._refuse(exchange, refusal_of(error), exchange.size)
            exchange.discard = True
            self._refuse_body(exchange, None)
        if exchange.discard and exchange.size > self._server.settings.discard_bytes:
            self._transport.abort()

    def on_message_complete(self) -> None:
        """The request is there."""
        exchange = self._incoming
        if self._priming or self._upgrading or exchange is None:
            return
        exchange.complete = True
        self._incoming = None
        if len(self._queue) >= _MAX_QUEUED:
            self._transport.pause_reading()
        self._advance()

    # Answering

    def _advance(self) -> None:
        """Write the answers that are due, in order, and start the next request."""
        while self._queue and not self._closing and not self._transport.is_closing():
            exchange = self._queue[0]
            if exchange.response is None:
                if exchange.complete and exchange.task is None:
                    exchange.task = self._server.tasks.spawn(self._run(exchange), "http request")
                    self._deadline_in(self._server.handler_timeout)
                elif exchange.expects:
                    exchange.expects = False
                    self._transport.write(CONTINUE)
                return
            self._queue.popleft()
            self._write(exchange, exchange.response)
            if self._closing:
                return
        self._settle()

    def _settle(self) -> None:
        """Nothing waits for an answer any more."""
        if self._closing or self._transport.is_closing():
            return
        if self._eof or (self._server.draining and self._incoming is None):
            self._transport.close()
        elif not self._write_blocked:
            self._transport.resume_reading()
            if self._incoming is None:
                self._deadline_in(self._server.settings.idle_timeout)
            else:
                self._time_incoming()

    def _write(self, exchange: Exchange, response: Response) -> None:
        head = exchange.head
        ends = response.close or not exchange.keep_alive or self._server.draining
        http_1_0 = not ends and head is not None and head.headers.get(b"connection") == b"keep-alive"
        connection = "close" if ends else "keep-alive" if http_1_0 else ""
        self._transport.write(
            encode_response(
                response,
                connection=connection,
                date=self._server.date,
                extra=self._server.cors.headers(head) if head is not None and b"origin" in head.headers else (),
                with_body=head is None or head.method != "HEAD",
            )
        )
        if ends:
            self._end(clean=exchange.complete and not self._incoming)

    def _end(self, *, clean: bool) -> None:
        """Close after the last answer; not before the sender has had a chance to read it."""
        self._closing = True
        if clean or self._eof:
            self._transport.close()
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._deadline_in(self._server.settings.discard_timeout)
        self._transport.resume_reading()

    def _throw_away(self, size: int) -> None:
        self._discarded += size
        if self._discarded > self._server.settings.discard_bytes:
            self._transport.abort()

    async def _run(self, exchange: Exchange) -> None:
        head, route = exchange.head, exchange.route
        assert head is not None  # noqa: S101 - a complete request has both
        assert route is not None  # noqa: S101
        request = Request(head=head, body=exchange.take_body(), ticket=exchange.ticket)
        try:
            exchange.response = await route.handler(request)
        except Exception as error:  # noqa: BLE001 - stage boundary: one request's fault is its own answer
            self._server.report(error)
            self._refuse(exchange, refusal_of(error), exchange.size)
        finally:
            exchange.close()
        self._advance()

    def _refuse(self, exchange: Exchange, refusal: Refusal, size: int) -> None:
        exchange.response = self._server.refuse(refusal, exchange.head)
        exchange.close()
        self._server.on_refused(exchange.route.signal if exchange.route else None, refusal.reason, size)

    def _fail(self, refusal: Refusal) -> None:
        """Nothing that follows on this connection can be trusted: answer what is due, this last, and end."""
        exchange = self._incoming or Exchange()
        self._incoming = None
        self._broken = True
        if exchange not in self._queue:
            if exchange.response is not None:  # answered long ago; only its body was still coming
                self._end(clean=False)
                return
            self._queue.append(exchange)
        if exchange.response is None:
            self._refuse(exchange, refusal, exchange.size)
        exchange.keep_alive = exchange.complete = False
        self._deadline_in(self._server.settings.discard_timeout)
        self._transport.pause_reading()
        self._advance()

    def _parser_refusal(self, error: Exception) -> Refusal:
        cause = error.__context__
        if isinstance(cause, HttpRefusal):
            return cause.refusal
        if isinstance(error, httptools.HttpParserCallbackError) and isinstance(cause, Exception):
            self._server.report(cause)
            return refusal_of(cause)
        return malformed(f"not a clear HTTP request: {error}")

    # Time

    def _deadline_in(self, seconds: float) -> None:
        self.deadline = self._server.now() + seconds
        self._timed = None

    def _time_incoming(self) -> None:
        """Each phase of a request that has not arrived in one piece gets its total deadline, once."""
        incoming = self._incoming
        if incoming is None or (self._queue and self._queue[0].task is not None):
            return  # the deadline of a running handler comes first
        phase = (incoming, incoming.head is None)
        if self._timed != phase:
            settings = self._server.settings
            body = settings.discard_timeout if incoming.discard else settings.body_timeout
            self._deadline_in(settings.header_timeout if incoming.head is None else body)
            self._timed = phase

    def expire(self) -> None:
        """The deadline of the present phase has passed. Called by the server's timer."""
        self.deadline = _NEVER
        incoming = self._incoming
        if self._closing or self._write_blocked or (incoming is not None and incoming.discard):
            self._transport.abort()
        elif self._queue and self._queue[0].task is not None:
            self._refuse_late(self._queue[0])
        elif incoming is not None:
            self._fail(too_slow())
        elif not self._queue:
            self._transport.close()

    def _refuse_late(self, exchange: Exchange) -> None:
        """The sender's own deadline is near: an answer now is worth more than a result that it will not see."""
        exchange.abandon()
        self._refuse(exchange, refusal_of(Unavailable("not safe in time, send again")), exchange.size)
        self._advance()

    def drain(self) -> None:
        """The server is stopping: an idle connection ends now, another one after its last answer."""
        if not self._queue and self._incoming is None:
            self._transport.close()

    def abort(self) -> None:
        """End at once."""
        self._transport.abort()
