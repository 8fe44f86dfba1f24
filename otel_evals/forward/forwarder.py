"""Sends every body to every destination that wants it, and says when it is safe.

Life cycle: made by the composition root, `start`, then `send` for each body, `stop` at the end. The sender's answer
hangs on the required destinations only; they work side by side, and none waits for another.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from otel_evals.forward import ledger as reasons
from otel_evals.forward.content import ContentPolicy, ContentSettings, apply
from otel_evals.forward.content_keys import marker_pattern
from otel_evals.forward.disk_queue import DiskQueue
from otel_evals.forward.endpoint import Protocol
from otel_evals.forward.genai_only import GenAiOnly
from otel_evals.forward.grpc import GrpcTransport
from otel_evals.forward.http import HttpTransport
from otel_evals.forward.ledger import Ledger
from otel_evals.forward.memory_queue import MemoryQueue
from otel_evals.forward.settings import DestinationSettings, QueueKind, Wanted, check_destinations
from otel_evals.forward.transport import Transport
from otel_evals.lifecycle.tasks import CrashReport, Tasks
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError, DecodeError, Refused, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal

_DEFAULT_CONTENT: Final = ContentSettings()

Queue = MemoryQueue | DiskQueue


class Forwarder:
    """The destinations of one process."""

    def __init__(
        self,
        destinations: Sequence[DestinationSettings],
        *,
        spool_folder: Path,
        clock: Clock,
        rng: random.Random,
        ledger: Ledger,
        on_crash: CrashReport,
        content: ContentSettings = _DEFAULT_CONTENT,
        markers: Iterable[bytes] = (),
    ) -> None:
        """Prepare; nothing is opened before `start`.

        Args:
            destinations: where to; names must differ.
            spool_folder: a folder of this process alone, one folder below it for each disk queue.
            clock: time for pauses and for what is written to disk.
            rng: the random part of pauses.
            ledger: gets the counts.
            on_crash: told of a task that died of an unexpected error.
            content: what counts as content, for destinations that do not see all of it.
            markers: bytes that mark a GenAI item for any dialect, beside those that the content policy knows itself.

        Raises:
            ConfigurationError: a destination cannot be used as configured.
        """
        self.warnings = check_destinations(tuple(destinations))
        """What an operator should know about the configuration, a sentence each."""
        self._destinations = tuple(destinations)
        self._spool_folder = spool_folder
        self._clock = clock
        self._rng = rng
        self._ledger = ledger
        self._on_crash = on_crash
        self._content = content
        marks = tuple(markers)
        self._marker = marker_pattern(marks)
        self._genai_only = GenAiOnly(marks) if any(d.spans is Wanted.GENAI for d in destinations) else None
        self._tasks = Tasks(on_crash)
        self._transports: list[Transport] = []
        self._queues: dict[str, Queue] = {}
        self._takers: dict[Signal, list[tuple[DestinationSettings, Queue]]] = {signal: [] for signal in Signal}

    async def start(self) -> None:
        """Open the disk queues. Destinations may be down. Raises ConfigurationError; then nothing stays open."""
        try:
            for settings in self._destinations:
                queue = self._queues[settings.label] = await self._open(settings)
                for signal in settings.signals:
                    self._takers[signal].append((settings, queue))
        except ConfigurationError:
            await self.stop(0)
            raise

    async def send(self, signal: Signal, body: bytes, items: int) -> Accepted:
        """Bring an encoded Export request with `items` items to all destinations that take its signal.

        Returns when each required destination has it or holds it on disk, with what the next hops rejected for good.

        Raises:
            Unavailable: a required destination has it not; the sender should send all of it again.
            Refused: all that can take it did, and a required destination without a disk queue refused it for good.
        """
        takers = self._takers[signal]
        if len(takers) == 1:
            return await self._submit(*takers[0], signal, body, items)
        if not takers:
            self._ledger.dropped("", signal, items, reasons.NO_DESTINATION)
            return Accepted()
        answers = [self._submit(settings, queue, signal, body, items) for settings, queue in takers]
        return _joined(await asyncio.gather(*answers, return_exceptions=True))

    def _submit(
        self, settings: DestinationSettings, queue: Queue, signal: Signal, body: bytes, items: int
    ) -> "asyncio.Future[Accepted]":
        if settings.spans is Wanted.GENAI and self._genai_only is not None and signal is not Signal.METRICS:
            try:
                body, kept = self._genai_only.apply(body, items)
            except DecodeError as error:
                return self._withhold(settings, signal, items, error)
            if kept < items:
                self._ledger.filtered(settings.label, signal, items - kept)
            if not kept:
                return _accepted()
            items = kept
        if settings.content is not ContentPolicy.FULL:
            try:
                body = apply(settings.content, signal, body, self._content, self._marker)
            except DecodeError as error:
                return self._withhold(settings, signal, items, error)
        return queue.submit(signal, body, items)

    def _withhold(
        self, settings: DestinationSettings, signal: Signal, items: int, error: DecodeError
    ) -> "asyncio.Future[Accepted]":
        """The answer for a body that cannot be read, so not be cleaned either: it does not leave."""
        self._ledger.dropped(settings.label, signal, items, reasons.REFUSED)
        if not settings.required:
            return _accepted()
        answer: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        answer.set_exception(Refused(f"{settings.label}: {error}", code="content_policy"))
        return answer

    def disk_queue(self, label: str) -> DiskQueue:
        """The disk queue of the destination called `label`, to read its figures or to resend what it set aside.

        Raises KeyError when that destination has none.
        """
        queue = self._queues[label]
        if not isinstance(queue, DiskQueue):
            raise KeyError(label)
        return queue

    async def adopt(self, spool_folder: Path) -> int:
        """Take over the disk queues of a process that no longer exists; how many entries.

        Args:
            spool_folder: what that process had as its `spool_folder`.

        Raises:
            ConfigurationError: the folder is in use.
            Unavailable: a queue is full; what was not taken stays there.
        """
        taken = 0
        for label, queue in self._queues.items():
            if isinstance(queue, DiskQueue) and (spool_folder / label).is_dir():
                taken += await queue.adopt(spool_folder / label)
        return taken

    async def stop(self, grace: float) -> None:
        """Finish what can be finished within `grace` seconds. What is on disk stays there for the next run."""
        stops = [self._tasks.spawn(queue.stop(grace), f"stop {label}") for label, queue in self._queues.items()]
        if stops:
            await asyncio.wait(stops)
        for transport in self._transports:
            await transport.close()
        await self._tasks.close()

    async def _open(self, settings: DestinationSettings) -> Queue:
        transport: Transport
        if settings.endpoint.protocol is Protocol.GRPC:
            transport = GrpcTransport(settings, self._tasks)
        else:
            transport = HttpTransport(settings, self._clock)
        self._transports.append(transport)
        if settings.queue is QueueKind.NONE:
            return MemoryQueue(
                settings,
                transport,
                clock=self._clock,
                rng=self._rng,
                ledger=self._ledger,
                on_crash=self._on_crash,
            )
        return await DiskQueue.open(
            settings,
            transport,
            self._spool_folder / settings.label,
            clock=self._clock,
            rng=self._rng,
            ledger=self._ledger,
            on_crash=self._on_crash,
        )


def _accepted() -> "asyncio.Future[Accepted]":
    """The answer for what need not be sent."""
    answer: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
    answer.set_result(Accepted())
    return answer


def _joined(answers: Sequence[Accepted | BaseException]) -> Accepted:
    """One answer of several. What should be sent again outweighs what was refused, and that outweighs success."""
    for kind in (Unavailable, Refused, BaseException):
        for answer in answers:
            if isinstance(answer, kind):
                raise answer
    accepted = [answer for answer in answers if isinstance(answer, Accepted)]
    return Accepted(
        rejected=max(answer.rejected for answer in accepted),
        message="; ".join(answer.message for answer in accepted if answer.message),
    )
