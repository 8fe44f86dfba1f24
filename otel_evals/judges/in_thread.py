"""A judge that blocks, run in threads: what it computes or waits for keeps no traffic waiting.

Made by whoever builds judges for one that says `blocking = True` of itself; to everybody else it is an ordinary judge.
"""

import asyncio
import threading
from typing import Final

from otel_evals.plugins.protocols import Judge
from otel_evals.records.judging import Estimate, JudgeCase, Need, Target, Verdict

_AT_ONCE: Final = 4
"""Threads of one judge at one time. More would take turns at the interpreter's lock with the traffic."""


def is_blocking(judge: Judge) -> bool:
    """Whether `judge` asks to be run in a thread."""
    return getattr(judge, "blocking", False) is True


class InThread:
    """`judge`, each of its judgements in a thread and an event loop of their own.

    The threads belong to this judge alone and end with the process: one that never comes back holds up neither the
    disk, which has threads too, nor the end. A call beyond four waits, and so may be given up at its deadline.
    """

    blocking = True

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._number = 0

    @property
    def name(self) -> str:
        """As the judge says."""
        return self._judge.name

    @property
    def version(self) -> str:
        """As the judge says: where it runs decides nothing."""
        return self._judge.version

    @property
    def target(self) -> Target:
        """As the judge says."""
        return self._judge.target

    @property
    def needs(self) -> frozenset[Need]:
        """As the judge says."""
        return self._judge.needs

    def estimate(self, case: JudgeCase) -> Estimate:
        """What the judge says, at once: an estimate has to be quick."""
        return self._judge.estimate(case)

    async def judge(self, case: JudgeCase) -> Verdict:
        """The judge's verdict, or what it raises. Cancelled, it comes back at once, and the thread when it can."""
        await self._turn.acquire()
        call = _Call(self._judge, case, asyncio.get_running_loop(), self._turn)
        self._number += 1
        # A daemon, since nobody can end a thread that does not end by itself.
        thread = threading.Thread(target=call.run, name=f"judge-{self.name}-{self._number}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the machine gives no more threads
            self._turn.release()
            raise
        try:
            return await call.said
        except asyncio.CancelledError:
            call.cancel()
            raise

    async def close(self) -> None:
        """Close the judge."""
        await self._judge.close()


class _Call:
    """One judgement on its way through a thread."""

    def __init__(self, judge: Judge, case: JudgeCase, loop: asyncio.AbstractEventLoop, turn: asyncio.Semaphore) -> None:
        self.said: asyncio.Future[Verdict] = loop.create_future()
        self._judge = judge
        self._case = case
        self._loop = loop
        self._turn = turn
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Verdict] | None = None

    def run(self) -> None:
        """Judge, in the thread."""
        verdict, error = None, None
        try:
            verdict = asyncio.run(self._judged())
        except asyncio.CancelledError:
            error = RuntimeError("the judge was cancelled from within")
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - stage boundary: raised where the verdict is awaited
            error = raised
        try:
            self._loop.call_soon_threadsafe(self._ended, verdict, error)
        except RuntimeError:  # the process has ended its loop meanwhile, and nobody waits
            return

    async def _judged(self) -> Verdict:
        self._own_loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        return await self._judge.judge(self._case)

    def _ended(self, verdict: Verdict | None, error: BaseException | None) -> None:
        self._turn.release()
        if self.said.done():
            return
        if error is not None:
            # A future takes no StopIteration; asyncio makes it this for coroutines too.
            self.said.set_exception(RuntimeError(repr(error)) if isinstance(error, StopIteration) else error)
        else:
            self.said.set_result(verdict)  # pyright: ignore[reportArgumentType] - a guest's value, which `asking` looks at

    def cancel(self) -> None:
        """Tell the judge, in its own loop, that nobody waits any more; it hears that when it next awaits."""
        loop, task = self._own_loop, self._task
        if loop is not None and task is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(task.cancel)
            except RuntimeError:  # closed between the two
                return
