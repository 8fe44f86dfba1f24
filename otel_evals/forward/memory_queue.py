"""The queue of a destination without a disk queue: what waits while requests are under way goes out together.

Nothing here is safe before the next hop has it, so the sender waits for its part's future. For a destination that is
not required nobody waits: its queue is bounded in bytes and what it loses is counted.
"""

import asyncio
import random
from collections import deque
from typing import Final

import msgspec

from otel_evals.forward import ledger as reasons
from otel_evals.forward.answer import Answer, Verdict
from otel_evals.forward.delivery import Delivery, Outcome, Part
from otel_evals.forward.ledger import Ledger, Notices
from otel_evals.forward.retry import pause
from otel_evals.forward.settings import DestinationSettings
from otel_evals.forward.transport import Transport
from otel_evals.lifecycle.tasks import CrashReport, Tasks
from otel_evals.records.clock import Clock
from otel_evals.records.errors import Refused, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal

_PATIENCE: Final = 0.02
"""Seconds that a part waits at most for a request under way to end while there is room for another one."""
_MERGED_TRIES: Final = 2
"""After so many failed tries a part travels alone: it may be what makes the next hop fail."""
_UNREQUIRED_ELAPSED: Final = 300.0
_UNREQUIRED_SHARE: Final = 10


class _Waiting(msgspec.Struct, eq=False):
    part: Part | None
    """None once nobody waits for it any more; it may still stand in its queue then."""
    signal: Signal
    number: int
    future: "asyncio.Future[Accepted]"
    deadline: float
    expiry: asyncio.TimerHandle | None = None
    tries: int = 0
    queued: bool = False


class MemoryQueue:
    """Life cycle: `submit` until `stop`."""

    def __init__(
        self,
        settings: DestinationSettings,
        transport: Transport,
        *,
        clock: Clock,
        rng: random.Random,
        ledger: Ledger,
        on_crash: CrashReport,
    ) -> None:
        self._settings = settings
        self._label = settings.label
        self._transport = transport
        self._rng = rng
        self._ledger = ledger
        self._notices = Notices(self._label, clock)
        self._tasks = Tasks(on_crash)
        self._deliveries = {signal: self._delivery(signal) for signal in Signal}
        self._waiting: dict[Signal, deque[_Waiting]] = {signal: deque() for signal in Signal}
        self._alive: set[_Waiting] = set()
        self._queued = 0
        self._queued_bytes = 0
        self._held_bytes = 0
        self._held_items = dict.fromkeys(Signal, 0)
        self._number = 0
        self._in_flight = 0
        self._patience: asyncio.TimerHandle | None = None
        self._stopping = False

    def _delivery(self, signal: Signal) -> Delivery:
        return Delivery(
            lambda body: self._transport.call(signal, body, self._settings.timeout), self._settings.request_limit
        )

    def submit(self, signal: Signal, body: bytes, items: int) -> "asyncio.Future[Accepted]":
        """Send a body on; the future gives what the next hop said, or raises Unavailable or Refused.

        For a destination that is not required it is done at once.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Accepted] = loop.create_future()
        if self._stopping:
            future.set_exception(Unavailable("shutting down", retry_after=1))
            return future
        waits = self._settings.timeout
        answer = future
        if not self._settings.required:
            answer = loop.create_future()
            answer.set_result(Accepted())
            waits = self._settings.retry.max_elapsed or _UNREQUIRED_ELAPSED
            if self._held_bytes + len(body) > self._settings.queue_bytes // _UNREQUIRED_SHARE:
                self._lose(signal, items, reasons.QUEUE_FULL)
                return answer
        self._number += 1
        waiting = _Waiting(Part(body, items), signal, self._number, future, loop.time() + waits)
        waiting.expiry = loop.call_at(waiting.deadline, self._expire, waiting)
        future.add_done_callback(lambda _: self._settled(waiting))
        self._alive.add(waiting)
        self._held_bytes += len(body)
        self._held_items[signal] += items
        self._enqueue(waiting)
        self._pump()
        return answer

    async def stop(self, grace: float) -> None:
        """Let what waits go out for at most `grace` seconds; then senders are told to send it again."""
        self._stopping = True
        if self._alive:
            await asyncio.wait([waiting.future for waiting in self._alive], timeout=grace)
        for waiting in list(self._alive):
            self._fail(waiting, "shutting down", None)
        await self._tasks.close()
        if self._patience is not None:
            self._patience.cancel()

    # What waits

    def _enqueue(self, waiting: _Waiting, *, first: bool = False) -> None:
        if waiting.part is None:
            return
        queue = self._waiting[waiting.signal]
        if first:
            queue.appendleft(waiting)
        else:
            queue.append(waiting)
        self._note_queued(waiting, waiting.part, queued=True)

    def _note_queued(self, waiting: _Waiting, part: Part, *, queued: bool) -> None:
        sign = 1 if queued else -1
        waiting.queued = queued
        self._queued += sign
        self._queued_bytes += sign * len(part.body)

    def _settled(self, waiting: _Waiting) -> None:
        """The part's future is done, by an answer, by time, or because its sender went away."""
        if waiting.expiry is not None:
            waiting.expiry.cancel()
        if waiting.part is not None:
            self._held_bytes -= len(waiting.part.body)
            self._held_items[waiting.signal] -= waiting.part.items
            if waiting.queued:
                self._note_queued(waiting, waiting.part, queued=False)
            waiting.part = None
        self._alive.discard(waiting)
        self._ledger.waiting(self._label, waiting.signal, self._held_items[waiting.signal])

    def _expire(self, waiting: _Waiting) -> None:
        self._fail(waiting, f"{self._label} did not take it in time", None)

    # Sending

    def _pump(self) -> None:
        while self._queued and self._may_start():
            self._start()
        if self._queued and self._patience is None and self._in_flight < self._settings.concurrency:
            self._patience = asyncio.get_running_loop().call_later(_PATIENCE, self._lose_patience)

    def _may_start(self) -> bool:
        if not self._in_flight:
            return True
        return self._in_flight < self._settings.concurrency and self._queued_bytes >= self._settings.coalesce

    def _lose_patience(self) -> None:
        self._patience = None
        if self._queued and self._in_flight < self._settings.concurrency:
            self._start()
        self._pump()

    def _start(self) -> None:
        for queue in self._waiting.values():
            while queue and queue[0].part is None:
                queue.popleft()
        signal = min((s for s in Signal if self._waiting[s]), key=lambda s: self._waiting[s][0].number)
        self._in_flight += 1
        self._tasks.spawn(self._send(signal, self._take(signal)), f"forward to {self._label}")

    def _take(self, signal: Signal) -> list[tuple[_Waiting, Part]]:
        queue = self._waiting[signal]
        bound = min(self._settings.coalesce, self._settings.request_limit)
        batch: list[tuple[_Waiting, Part]] = []
        size = 0
        while queue:
            waiting, part = queue[0], queue[0].part
            alone = waiting.tries > _MERGED_TRIES
            if part is not None:
                if batch and (alone or size + len(part.body) > bound):
                    break
                size += len(part.body)
                self._note_queued(waiting, part, queued=False)
                batch.append((waiting, part))
            queue.popleft()
            if alone and batch:
                break
        return batch

    async def _send(self, signal: Signal, batch: list[tuple[_Waiting, Part]]) -> None:
        try:
            outcomes = await self._deliveries[signal].deliver([part for _, part in batch])
            for (waiting, part), outcome in zip(batch, outcomes, strict=True):
                self._conclude(waiting, part, outcome)
        finally:
            self._in_flight -= 1
        self._pump()

    # What came of it

    def _conclude(self, waiting: _Waiting, part: Part, outcome: Outcome) -> None:
        answer = outcome.answer
        if answer.verdict is Verdict.DELIVERED:
            self._delivered(waiting, part, outcome)
            return
        self._notices.say(answer.code, answer.message)
        if answer.verdict is Verdict.RETRY:
            self._retry(waiting, answer)
        elif answer.verdict is Verdict.DENIED and self._settings.required:
            # Nothing is acknowledged yet: senders keep it while somebody mends the credentials.
            self._fail(waiting, f"{self._label} answered {answer.code}", answer.retry_after)
        else:
            self._lose(waiting.signal, part.items, reasons.REFUSED)
            if not waiting.future.done():
                text = f"{self._label} answered {answer.code}: {answer.message}"
                waiting.future.set_exception(Refused(text, code=answer.code))
                waiting.future.exception()  # nobody asks for it when the destination is not required

    def _delivered(self, waiting: _Waiting, part: Part, outcome: Outcome) -> None:
        lost = sum(outcome.dropped.values())
        self._ledger.forwarded(self._label, waiting.signal, part.items - lost)
        for reason, items in outcome.dropped.items():
            self._lose(waiting.signal, items, reason)
        message = outcome.answer.message
        if outcome.answer.rejected or lost:
            self._notices.say(reasons.PARTIAL_SUCCESS if outcome.answer.rejected else reasons.TOO_LARGE, message)
            message = f"{self._label}: {message or 'a part was rejected'}"
        if outcome.shared:
            message = f"{message} ({outcome.answer.rejected} items of several requests that were sent as one)"
        if not waiting.future.done():
            waiting.future.set_result(Accepted(rejected=0 if outcome.shared else lost, message=message))

    def _retry(self, waiting: _Waiting, answer: Answer) -> None:
        self._ledger.retried(self._label, answer.code)
        waiting.tries += 1
        loop = asyncio.get_running_loop()
        delay = pause(self._settings.retry, waiting.tries, answer.retry_after, self._rng)
        if loop.time() + delay >= waiting.deadline or self._stopping:
            self._fail(waiting, f"{self._label} answered {answer.code}", answer.retry_after)
        else:
            loop.call_later(delay, self._try_again, waiting)

    def _try_again(self, waiting: _Waiting) -> None:
        self._enqueue(waiting, first=True)
        self._pump()

    def _fail(self, waiting: _Waiting, message: str, retry_after: float | None) -> None:
        if waiting.future.done():
            return
        if not self._settings.required and waiting.part is not None:
            self._lose(waiting.signal, waiting.part.items, reasons.RETRIES_EXHAUSTED)
        waiting.future.set_exception(Unavailable(message, retry_after=retry_after))
        waiting.future.exception()  # nobody asks for it when the sender went away or the destination is not required

    def _lose(self, signal: Signal, items: int, reason: str) -> None:
        self._ledger.dropped(self._label, signal, items, reason)
