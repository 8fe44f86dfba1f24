"""Times each step of a coroutine: how long it keeps the event loop from everybody else before it waits for something.

Called by `asking`, which runs judges that others wrote in the loop that also carries the traffic.
"""

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from otel_evals.records.clock import Clock

T = TypeVar("T")


class Steps(Generic[T]):
    """`work` as something to await; `on_step` is told the seconds of each step, the one that raises included."""

    def __init__(self, work: Coroutine[Any, Any, T], clock: Clock, on_step: Callable[[float], None]) -> None:
        self._work = work
        self._clock = clock
        self._on_step = on_step

    def __await__(self) -> Generator[Any, Any, T]:
        error: BaseException | None = None
        try:
            while True:
                started = self._clock.monotonic()
                try:
                    waits_for = self._work.send(None) if error is None else self._work.throw(error)
                except StopIteration as end:
                    return end.value
                finally:
                    self._on_step(self._clock.monotonic() - started)
                try:
                    yield waits_for
                    error = None
                except BaseException as thrown:  # noqa: BLE001 - handed on to `work`, a cancellation included
                    error = thrown
        finally:
            self._work.close()
