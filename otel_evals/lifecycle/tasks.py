"""Background tasks with an owner.

Life cycle: a part of the processor makes one `Tasks`, spawns into it, and awaits `close()` when it stops. A task that
dies of an unexpected error is reported through `on_crash` at once, never silently.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")
_TELL_AGAIN: Final = 5.0
"""Seconds that a cancelled task has to tidy up undisturbed."""

CrashReport = Callable[[str, BaseException], None]
"""Called with the name of the task and its error."""


class Tasks:
    """The tasks of one owner."""

    def __init__(self, on_crash: CrashReport) -> None:
        self._on_crash = on_crash
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> "asyncio.Task[T]":
        """Start `work` under `name`."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_crash(task.get_name(), error)

    async def drain(self, grace: float | None = None) -> bool:
        """Wait until all tasks have ended by themselves, at most `grace` seconds; whether they have."""
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        return not self._running

    async def close(self) -> None:
        """Cancel what still runs and wait for its end.

        A task that forgets that it was cancelled, as libraries make one forget, is told again: the end must not hang.
        """
        while running := list(self._running):
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=_TELL_AGAIN)
