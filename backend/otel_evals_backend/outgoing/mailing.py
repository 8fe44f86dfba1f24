"""One turn of the sender: takes rows, sends them as one request, and does with them what the answer says.

The rules are those of the OTLP specification for clients, read by `otel_evals.forward`: what may be sent again is,
after a pause; what is refused for good goes in halves until the row is found that it is about, which is set aside.

A row that makes a destination fail without a clear word must not stop all others. After a failure rows go one at a time
until one arrives; one that keeps failing between others that arrive is set aside in the end.
"""

import logging
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from otel_evals.forward.answer import Answer, Verdict
from otel_evals.forward.retry import pause
from otel_evals.forward.settings import RetrySettings
from otel_evals.forward.transport import Transport
from otel_evals.records.units import Duration
from otel_evals_backend.context import Context
from otel_evals_backend.outgoing import outbox
from otel_evals_backend.outgoing.outbox import Letter

_LOG: Final = logging.getLogger(__name__)
_TIMEOUT: Final = 10.0
_MOST: Final = 200
"""Rows of one request."""
_TRIES: Final = 5
"""Times that a row fails alone, while others arrive, before it is set aside."""
_RETRY: Final = RetrySettings(initial=Duration(1), max=Duration(60))
_MENDED: Final = 300.0
"""Seconds until we ask a destination again that lets nothing of ours in: somebody has to mend that."""
_STEP_BACK: Final = 30.0
"""Seconds by which a row that failed lets others go first, times its failures."""
_SECOND: Final = 1_000_000_000


class Turn(Enum):
    """How a turn ended."""

    EMPTY = auto()
    """Nothing was due."""
    MOVED = auto()
    """Rows have left the outbox, or were set aside."""
    STOPPED = auto()
    """The destination cannot take anything now; `Mailing.wait` says how long."""


class Mailing:
    """What one process sends to one destination."""

    def __init__(self, context: Context, transport: Transport) -> None:
        self._context = context
        self._transport = transport
        self._most = _MOST
        self._failures = 0
        """In a row, whoever failed."""
        self._arrives = False
        """Whether something has arrived since the last failure: then the next failure is the row's own."""
        self.wait = 0.0
        """Seconds to let pass before the next turn."""

    async def turn(self) -> Turn:
        """Send one request's worth.

        Raises:
            Unavailable: the database cannot be reached.
        """
        self.wait = 0.0
        database, now_ns = self._context.database, self._context.clock.time_ns()
        async with database.read() as connection:
            if not await outbox.is_due(connection, now_ns):
                return Turn.EMPTY
        async with database.write() as connection:
            letters = await outbox.claim(connection, now_ns, most=self._most)
        if not letters:
            return Turn.EMPTY
        body = b"".join(letter.body for letter in letters)  # requests add up: their fields are repeated
        answer = await self._transport.call(letters[0].signal, body, _TIMEOUT)
        match answer.verdict:
            case Verdict.DELIVERED:
                return await self._arrived(letters, answer)
            case Verdict.RETRY:
                return await self._failed(letters, answer)
            case Verdict.DENIED | Verdict.UNSUPPORTED:
                return await self._denied(letters, answer)
            case Verdict.REFUSED | Verdict.TOO_LARGE:
                return await self._refused(letters, answer)

    async def _arrived(self, letters: Sequence[Letter], answer: Answer) -> Turn:
        if self._failures:
            _LOG.warning("backend.send_to answers again")
        self._failures, self._arrives = 0, True
        self._most = min(_MOST, 2 * self._most)
        async with self._context.database.write() as connection:
            await outbox.arrived(connection, letters)
        if answer.rejected:  # never sent again, says the specification
            _LOG.warning("backend.send_to took %d less than was sent: %s", answer.rejected, answer.message)
        return Turn.MOVED

    async def _failed(self, letters: Sequence[Letter], answer: Answer) -> Turn:
        """It may take them later. Whether it is the destination or the row that fails shows in what happens between."""
        own = len(letters) == 1 and self._arrives
        self._failures += 1
        self._arrives = False
        self._most = 1
        self.wait = pause(_RETRY, self._failures, answer.retry_after, self._context.rng)
        if self._failures == 1:
            _LOG.warning("backend.send_to cannot take anything now (%s): it waits", answer.code)
        async with self._context.database.write() as connection:
            if own and letters[0].attempts + 1 >= _TRIES:
                await outbox.set_aside(connection, letters[0], f"failed {_TRIES} times alone: {answer.code}")
                _LOG.error("backend.send_to fails of one row again and again (%s): it is set aside", answer.code)
            else:
                later = _STEP_BACK * (letters[0].attempts + 1) if own else 0.0
                due_ns = self._context.clock.time_ns() + int((self.wait + later) * _SECOND)
                await outbox.put_back(connection, letters, due_ns, counted=own)
        return Turn.STOPPED

    async def _denied(self, letters: Sequence[Letter], answer: Answer) -> Turn:
        """It lets nothing in. What people said is not thrown away for a wrong address: it waits for better settings."""
        self.wait = _MENDED
        _LOG.error(
            "backend.send_to lets nothing in (%s %s): see to its address and what it asks of senders; all waits",
            answer.code, answer.message,
        )  # fmt: skip
        async with self._context.database.write() as connection:
            await outbox.put_back(connection, letters)
        return Turn.STOPPED

    async def _refused(self, letters: Sequence[Letter], answer: Answer) -> Turn:
        """It will never take this request: half of it comes next, until it is the row that cannot be taken."""
        self._failures, self._arrives = 0, True
        async with self._context.database.write() as connection:
            if len(letters) > 1:
                self._most = len(letters) // 2
                await outbox.put_back(connection, letters)
                return Turn.MOVED
            self._most = _MOST
            await outbox.set_aside(connection, letters[0], f"{answer.code} {answer.message}".strip())
        _LOG.error("backend.send_to refuses a row for good (%s %s): it is set aside", answer.code, answer.message)
        return Turn.MOVED
