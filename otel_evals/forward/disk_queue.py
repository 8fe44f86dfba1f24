"""The disk queue of a destination: a body is safe once it is synced, and goes out when the destination takes it.

Life cycle: `await DiskQueue.open(…)` reads what a former run left and starts to send; `submit` until `stop`. Entries
are tried for ever, with growing pauses; one that is refused for good is set aside and stands in nobody's way.

The module is above the usual length because every way out of it must keep journal, backlog and counts in step.
"""

import asyncio
import random
from pathlib import Path
from typing import Final

from otel_evals.forward import ledger as reasons
from otel_evals.forward.answer import Answer, Verdict
from otel_evals.forward.backlog import Backlog, Entry
from otel_evals.forward.dead_letters import FOLDER, DeadLetters
from otel_evals.forward.delivery import Delivery, Outcome, Part
from otel_evals.forward.entry_head import HEAD_BYTES, EntryHead
from otel_evals.forward.ledger import Ledger, Notices
from otel_evals.forward.retry import pause
from otel_evals.forward.settings import DestinationSettings
from otel_evals.forward.transport import Transport
from otel_evals.lifecycle.tasks import CrashReport, Tasks
from otel_evals.lifecycle.waiting import happens
from otel_evals.records.clock import Clock
from otel_evals.records.errors import Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.spool.disk import Disk
from otel_evals.spool.journal import DamagedEntry, Journal

_DOWN: Final = 2
"""Failures in a row, of whatever entries, after which the destination counts as down."""
_UNWELL: Final = (Verdict.RETRY, Verdict.DENIED, Verdict.UNSUPPORTED)
"""Verdicts that every other entry would meet as well: no reason to send them all into it."""
_LEAST_PAUSE: Final = 0.01


class DiskQueue:
    """One destination's queue. Make it with `open`."""

    def __init__(
        self,
        settings: DestinationSettings,
        transport: Transport,
        journal: Journal,
        *,
        clock: Clock,
        rng: random.Random,
        ledger: Ledger,
        on_crash: CrashReport,
        disk: Disk,
    ) -> None:
        self._settings = settings
        self._label = settings.label
        self._transport = transport
        self._journal = journal
        self._dead = DeadLetters(journal.folder / FOLDER, settings.dead_letter_bytes, disk)
        self._clock = clock
        self._rng = rng
        self._ledger = ledger
        self._notices = Notices(self._label, clock)
        self._tasks = Tasks(on_crash)
        self._backlog = Backlog()
        self._known: set[int] = set()
        self._under_way: set[Entry] = set()
        self._items = dict.fromkeys(Signal, 0)
        self._in_flight = 0
        self._failures = 0
        self._resume_at = 0.0
        self._wake_up: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._stopping = False
        self._stopped = False
        self._deliveries = {signal: self._delivery(signal) for signal in Signal}

    def _delivery(self, signal: Signal) -> Delivery:
        return Delivery(
            lambda body: self._transport.call(signal, body, self._settings.timeout), self._settings.request_limit
        )

    @classmethod
    async def open(
        cls,
        settings: DestinationSettings,
        transport: Transport,
        folder: Path,
        *,
        clock: Clock,
        rng: random.Random,
        ledger: Ledger,
        on_crash: CrashReport,
        disk: Disk | None = None,
    ) -> "DiskQueue":
        """Lock `folder` and go on with what it holds. Raises ConfigurationError when it cannot be used."""
        disk = disk or Disk()
        journal = await Journal.open(folder, max_bytes=settings.queue_bytes, disk=disk)
        queue = cls(settings, transport, journal, clock=clock, rng=rng, ledger=ledger, on_crash=on_crash, disk=disk)
        if journal.damaged:
            queue._notices.say(
                reasons.DAMAGED, f"{journal.damaged} stretches of the spool, kept in its folder `damaged`"
            )
        await queue._index()
        return queue

    @property
    def journal(self) -> Journal:
        """Its journal: bytes used, damage."""
        return self._journal

    def submit(self, signal: Signal, body: bytes, items: int) -> "asyncio.Future[Accepted]":
        """Write a body to disk; the future is done once it is synced, or raises Unavailable."""
        answer: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        head = EntryHead(signal=signal, items=items, since_ns=self._clock.time_ns())
        if self._stopping:
            answer.set_exception(Unavailable("shutting down", retry_after=1))
            return answer
        try:
            written = self._journal.append(head.pack() + body)
        except Unavailable as error:
            self._not_written(answer, error, signal, items)
            return answer
        written.add_done_callback(lambda ended: self._written(ended, answer, head))
        return answer

    async def adopt(self, folder: Path) -> int:
        """Take over what a worker that no longer exists left in `folder`, with what it had set aside.

        Returns how many entries wait now. Errors: `Journal.adopt`.
        """
        try:
            taken = await self._journal.adopt(folder)
        finally:
            await self._index()
        try:
            await asyncio.to_thread(self._dead.adopt, folder / FOLDER)
        except OSError as error:
            self._notices.say("spool", f"cannot take over what {folder} has set aside: {error.strerror}")
        return taken

    async def resend_if_asked(self) -> int | None:
        """Carry out a command to send again what was set aside before it; how many entries, None without a command.

        Raises Unavailable when the queue has no room, OSError; the command then stands for what is left.
        """
        asked_ns = self._dead.asked_ns()
        if asked_ns is None:
            return None
        sent = await self.resend(asked_ns)
        await asyncio.to_thread(self._dead.answered, asked_ns)
        return sent

    async def resend(self, until_ns: int | None = None) -> int:
        """Queue again what was set aside up to a time (ns; None: everything); how many entries.

        Raises Unavailable when the queue has no room; what was queued until then is no longer set aside. OSError.
        """
        sent = 0
        try:
            for path in await asyncio.to_thread(self._dead.until, until_ns):
                payload = await asyncio.to_thread(path.read_bytes)
                old = EntryHead.read(payload)
                if old is None:
                    self._notices.say(reasons.DAMAGED, f"the dead letter {path.name} is unreadable")
                    continue
                # Its time begins anew: a bound on the time of retries would set it aside at once.
                head = EntryHead(signal=old.signal, items=old.items, since_ns=self._clock.time_ns())
                entry_id = await self._journal.append(head.pack() + payload[HEAD_BYTES:])
                self._ledger.resent(self._label, head.signal, head.items)
                self._add(entry_id, head)
                await asyncio.to_thread(self._dead.remove, path)
                sent += 1
        finally:
            self._pump()
        return sent

    async def stop(self, grace: float) -> None:
        """Send what waits for at most `grace` seconds, no longer than the destination takes it; the rest stays."""
        self._stopping = True
        await self._journal.flush()
        self._check_idle()
        if not await happens(self._idle, grace):
            self._stopped = True  # the rest goes out with the next run
        await self._tasks.close()
        if self._wake_up is not None:
            self._wake_up.cancel()
        await self._journal.close()

    # In

    async def _index(self) -> None:
        """Take up what stands in the journal and is not known yet."""
        for entry_id, head in (await self._journal.heads(HEAD_BYTES)).items():
            if (entry := self._add(entry_id, EntryHead.read(head))) is not None:
                self._ledger.recovered(self._label, entry.signal, entry.items)
        self._pump()

    def _add(self, entry_id: int, head: EntryHead | None) -> Entry | None:
        if entry_id in self._known or entry_id not in self._journal:
            return None
        if head is None:
            # Sound by its checksum, yet none of ours: no release wrote this.
            self._notices.say(reasons.DAMAGED, f"entry {entry_id} of the spool is unreadable")
            self._journal.done(entry_id)
            return None
        self._known.add(entry_id)
        entry = Entry(entry_id, head.signal, head.items, self._journal.size_of(entry_id), head.since_ns)
        self._backlog.add(entry)
        self._note_items(entry, head.items)
        return entry

    def _note_items(self, entry: Entry, change: int) -> None:
        self._items[entry.signal] += change
        self._ledger.waiting(self._label, entry.signal, self._items[entry.signal])

    def _written(self, written: "asyncio.Future[int]", answer: "asyncio.Future[Accepted]", head: EntryHead) -> None:
        if written.cancelled():
            answer.cancel()
            return
        error = written.exception()
        if error is not None:
            self._not_written(answer, error, head.signal, head.items)
            return
        if answer.cancelled():
            # The sender went away before it was told that this is safe, and will send it again.
            self._journal.done(written.result())
            return
        self._add(written.result(), head)
        self._pump()
        if not answer.done():
            answer.set_result(Accepted())

    def _not_written(
        self, answer: "asyncio.Future[Accepted]", error: BaseException, signal: Signal, items: int
    ) -> None:
        self._notices.say("spool", str(error))
        if not self._settings.required:
            self._ledger.dropped(self._label, signal, items, reasons.QUEUE_FULL)
        if answer.done():
            return
        if self._settings.required:
            answer.set_exception(error)
        else:
            answer.set_result(Accepted())

    # Out

    def _pump(self) -> None:
        now = self._clock.monotonic()
        while not self._stopped and self._in_flight < (1 if self._is_down else self._settings.concurrency):
            if now < self._resume_at:
                break
            batch = self._backlog.take(now, self._batch_bytes, probing=self._is_down)
            if not batch:
                break
            self._in_flight += 1
            self._under_way.update(batch)
            self._tasks.spawn(self._send(batch), f"forward to {self._label}")
        self._arm(now)
        self._check_idle()

    @property
    def _is_down(self) -> bool:
        return self._failures >= _DOWN

    @property
    def _batch_bytes(self) -> int:
        return min(self._settings.coalesce, self._settings.request_limit)

    def _arm(self, now: float) -> None:
        """Look again when the pause of the destination, or of the next failed entry, is over."""
        if self._wake_up is not None:
            self._wake_up.cancel()
            self._wake_up = None
        due = self._resume_at if self._resume_at > now else self._backlog.next_due()
        if due is not None and len(self._backlog) and not self._stopped:
            self._wake_up = asyncio.get_running_loop().call_later(max(due - now, _LEAST_PAUSE), self._pump)

    async def _send(self, batch: list[Entry]) -> None:
        try:
            parts = await self._read(batch)
            if parts:
                outcomes = await self._deliveries[batch[0].signal].deliver([part for _, part in parts])
                self._note_health([outcome.answer for outcome in outcomes])
                for (entry, part), outcome in zip(parts, outcomes, strict=True):
                    await self._conclude(entry, part, outcome)
        finally:
            self._in_flight -= 1
            for entry in self._under_way.intersection(batch):
                # The task was cancelled or died: what it had in hand must not be forgotten.
                self._put_back_late(entry)
            # Whatever became of it: with no later call nobody would look again, and what waits would wait for ever.
            self._pump()

    async def _read(self, batch: list[Entry]) -> list[tuple[Entry, Part]]:
        try:
            payloads = await self._journal.read_all([entry.entry_id for entry in batch])
            return [(e, Part(p[HEAD_BYTES:], e.items)) for e, p in zip(batch, payloads, strict=True)]
        except (DamagedEntry, KeyError):
            pass  # one of them (without its key: found so while it was moved): each is read alone
        except OSError as error:
            self._notices.say("spool", f"cannot read: {error.strerror}")
            for entry in batch:
                self._put_back(entry, None)
            return []
        if len(batch) > 1:
            return [found for entry in batch for found in await self._read([entry])]
        self._finish(batch[0])
        self._drop(batch[0], batch[0].items, reasons.DAMAGED)
        return []

    def _note_health(self, answers: list[Answer]) -> None:
        """Tell a destination that is down from an entry that fails: entries fail while others pass."""
        failed = next((a for a in answers if a.verdict in _UNWELL), None)
        if any(a.verdict not in _UNWELL for a in answers):
            if self._is_down:
                self._backlog.forgive()
            self._failures = 0
            self._resume_at = 0.0
        elif failed is not None:
            self._failures += 1
            if self._is_down:
                delay = pause(self._settings.retry, self._failures - 1, failed.retry_after, self._rng)
                self._resume_at = self._clock.monotonic() + delay

    async def _conclude(self, entry: Entry, part: Part, outcome: Outcome) -> None:
        answer = outcome.answer
        if answer.verdict is not Verdict.DELIVERED:
            self._notices.say(answer.code, answer.message)
        if answer.verdict is Verdict.RETRY:
            self._ledger.retried(self._label, answer.code)
            if not self._is_too_old(entry):
                self._put_back(entry, answer.retry_after)
                return
        if answer.verdict is not Verdict.DELIVERED:
            await self._set_aside(entry, part, answer.code)
            return
        lost = sum(outcome.dropped.values())
        self._finish(entry)
        self._ledger.forwarded(self._label, entry.signal, entry.items - lost)
        for reason, items in outcome.dropped.items():
            self._notices.say(reason, answer.message)
            self._drop(entry, items, reason)

    def _is_too_old(self, entry: Entry) -> bool:
        bound = self._settings.retry.max_elapsed
        return bound is not None and self._clock.time_ns() - entry.since_ns > bound * 1e9

    def _put_back(self, entry: Entry, asked: float | None) -> None:
        entry.tries += 1
        self._under_way.discard(entry)
        self._backlog.put_back(
            entry, self._clock.monotonic() + pause(self._settings.retry, entry.tries, asked, self._rng)
        )

    async def _set_aside(self, entry: Entry, part: Part, code: str) -> None:
        """What was acknowledged and refused for good must not be sent again by itself, nor vanish."""
        head = EntryHead(signal=entry.signal, items=entry.items, since_ns=entry.since_ns)
        try:
            kept = await asyncio.to_thread(self._dead.put, head, entry.entry_id, code, part.body)
        except OSError as error:
            self._notices.say("spool", f"cannot set aside what was refused: {error.strerror}")
            # The disk refuses, not the destination: the entry stays until it takes files again.
            self._put_back_late(entry)
            return
        self._finish(entry)
        self._drop(entry, entry.items, reasons.DEAD_LETTER if kept else reasons.DEAD_LETTER_FULL)

    def _put_back_late(self, entry: Entry) -> None:
        self._under_way.discard(entry)
        self._backlog.put_back(entry, self._clock.monotonic() + self._settings.retry.max)

    def _finish(self, entry: Entry) -> None:
        self._known.discard(entry.entry_id)
        self._under_way.discard(entry)
        self._journal.done(entry.entry_id)
        self._note_items(entry, -entry.items)

    def _drop(self, entry: Entry, items: int, reason: str) -> None:
        self._ledger.dropped(self._label, entry.signal, items, reason)

    def _check_idle(self) -> None:
        """While stopping: is there nothing left that the destination would take now?"""
        if self._stopping and not self._in_flight and (self._failures or not len(self._backlog)):
            self._stopped = True
            self._idle.set()
