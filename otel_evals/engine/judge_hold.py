"""Selected spans that wait for their judges: durable, for a bounded time, and in a bounded number.

A span goes on as soon as every judge that counts has ended, or when its time is over, with whatever has come by then.
Life cycle: `start` releases what a former run left; `add` after the store has made a span durable; `answered` as judges
end; `stop` lets everything go on.
"""

import functools
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import msgspec

from otel_evals.emit.judged import JudgedAdditions
from otel_evals.engine.deliver import Passage
from otel_evals.engine.departures import Departures
from otel_evals.engine.due import DueQueue
from otel_evals.engine.holding import SpanKey
from otel_evals.engine.job import Answer, decode_answer
from otel_evals.engine.plan import combined
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.otlp.splice import append
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import Refused
from otel_evals.spool.judge_store import JudgeStore

_LOG: Final = logging.getLogger(__name__)
_RELEASES: Final = 64
"""Spans on their way out at one time."""


class HeldSpan(msgspec.Struct, eq=False):
    """One span that waits."""

    entry: int
    key: SpanKey | None
    open: set[int]
    """Jobs that it waits for."""
    settled: tuple[CoverageOutcome, ...] = ()
    """Outcomes of judges that were final before it was held."""
    leaving: bool = False
    """Whether it is on its way: what a judge says from now on is late."""
    gone: bool = False
    """Whether the next hop has it or has refused it for good."""


class JudgeHold:
    """The spans that wait for judges."""

    def __init__(
        self, store: JudgeStore, passage: Passage, *, hold: float, limit: int, tasks: Tasks, clock: Clock
    ) -> None:
        """`hold`: seconds that a span waits at most, 0 = never; `limit`: spans that wait at one time."""
        self._store = store
        self._passage = passage
        self._hold = hold
        self._limit = limit
        self._tasks = tasks
        self._clock = clock
        self._held: dict[SpanKey, HeldSpan] = {}
        self._due = DueQueue[HeldSpan](clock, self._leave, lambda held: held.leaving)
        self._departures = Departures(tasks, _RELEASES)
        self._stopping = False
        self._additions = JudgedAdditions()

    def __len__(self) -> int:
        """Spans that wait or are on their way out."""
        return len(self._held) + len(self._departures)

    @property
    def open(self) -> bool:
        """Whether another span may wait."""
        return self._hold > 0 and len(self) < self._limit and not self._stopping

    def holds(self, key: SpanKey) -> bool:
        """Whether this span waits already (its request was sent again)."""
        return key in self._held

    def start(self, leftovers: Iterable[HeldSpan]) -> None:
        """Begin to let spans go, first those of a former run."""
        for held in leftovers:
            self._leave(held)
        self._tasks.spawn(self._due.run(), "judge hold")

    def add(self, entry: int, key: SpanKey, jobs: Iterable[int], settled: tuple[CoverageOutcome, ...]) -> HeldSpan:
        """Hold a span that is durable as `entry` until `jobs` have ended."""
        held = HeldSpan(entry, key, set(jobs), settled)
        self._held[key] = held
        self._due.add(held, self._hold)
        return held

    def answered(self, held: HeldSpan, job: int) -> None:
        """One of its judges has ended, and its answer is durable."""
        held.open.discard(job)
        if not held.open:
            self._leave(held)

    def _leave(self, held: HeldSpan) -> None:
        if held.leaving:
            return
        held.leaving = True
        if held.key is not None:
            self._held.pop(held.key, None)
        self._departures.send(functools.partial(self._once, held), "release judged span")

    async def _once(self, held: HeldSpan) -> None:
        if not held.gone:
            body = await self._store.body(held.entry)
            if body is None:
                return
            body = self._completed(held, body, await self._store.answers(held.entry))
            with suppress(Refused):  # the next hop said no for good, which is counted; the sender was answered long ago
                await self._passage.forward(body, 1)
            held.gone = True  # when the store cannot forget it now, it is not sent again for that
        await self._store.released(held.entry)

    def _completed(self, held: HeldSpan, body: bytes, answers: list[bytes]) -> bytes:
        """The body with what has come; as it is when an error of ours is in the way, since the span must go on."""
        try:
            return self._complete(held, body, [decode_answer(data) for data in answers])
        except Exception:  # noqa: BLE001 - stage boundary: another version wrote it, or the disk has spoilt it
            _LOG.exception("a judged span goes on without its judges' results")
            return body

    def _complete(self, held: HeldSpan, body: bytes, answers: list[Answer]) -> bytes:
        """The body of one span with its judges' results and its coverage."""
        outcomes = [*held.settled, *(a.coverage for a in answers if not a.shadow)]
        if held.open:
            outcomes.append(CoverageOutcome.PENDING)
        more = self._additions.encode(
            tuple(result for answer in answers for result in answer.results),
            tuple(failure for answer in answers for failure in answer.failures),
            coverage=combined(outcomes),
            time_ns=self._clock.time_ns(),
            response_id=next((a.response_id for a in answers if a.response_id is not None), None),
        )
        return append(body, more)

    async def stop(self, grace: float) -> None:
        """Let every span go on now; what cannot be forwarded within `grace` seconds stays for the next run."""
        self._stopping = True
        for held in list(self._held.values()):
            self._leave(held)
        await self._departures.drain(grace)
