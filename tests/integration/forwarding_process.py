"""A process that forwards through a disk queue, to be killed: `python forwarding_process.py URL FOLDER PREFIX`.

It sends one span after the other, several at a time, and prints the name of each that was acknowledged. With an empty
prefix it sends nothing and ends once its queue is empty.
"""

import asyncio
import random
import sys
from pathlib import Path

from otel_evals.forward.forwarder import Forwarder
from otel_evals.forward.settings import QueueKind
from otel_evals.records.clock import SystemClock
from otel_evals.records.signal import Signal
from otel_evals.testing.ledger import RecordingLedger, quick_destination
from otel_evals.testing.sinks import traces_body


async def send(forwarder: Forwarder, prefix: str, worker: int) -> None:
    number = 0
    while True:
        name = f"{prefix}-{worker}-{number}"
        await forwarder.send(Signal.TRACES, traces_body(name, filler=random.randrange(2000)), 1)  # noqa: S311 - any size
        sys.stdout.write(name + "\n")
        sys.stdout.flush()
        number += 1


async def main(url: str, folder: str, prefix: str) -> None:
    book = RecordingLedger()
    forwarder = Forwarder(
        [quick_destination(url, queue=QueueKind.DISK)],
        spool_folder=Path(folder),
        clock=SystemClock(),
        rng=random.Random(1),  # noqa: S311 - pauses, not secrets
        ledger=book,
        on_crash=lambda name, error: sys.exit(f"{name}: {error!r}"),
    )
    await forwarder.start()
    if prefix:
        await asyncio.gather(*(send(forwarder, prefix, worker) for worker in range(8)))
    queue = forwarder.disk_queue("next")
    await book.until(lambda: not len(queue.journal))
    await forwarder.stop(10)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
