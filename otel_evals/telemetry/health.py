"""Whether this process lives and whether it may be sent traffic, with reasons. Asked by `/healthz` and `/readyz`.

Each part of the processor that can be a reason not to be ready holds one `Condition` and says so itself; the process
is ready when none stands. A process that answers at all is alive, unless a part has said that it cannot go on.
"""

import json


class Condition:
    """One possible reason not to be ready, such as `starting` or `spool full`. Raised and cleared by its owner."""

    __slots__ = ("_detail", "_stands", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._stands = False
        self._detail = ""

    def __bool__(self) -> bool:
        return self._stands

    @property
    def reason(self) -> str:
        """The name, with what its owner said of it."""
        return f"{self.name}: {self._detail}" if self._detail else self.name

    def raise_(self, detail: str = "") -> None:
        """Say that the reason stands. `detail` is shown to whoever asks: no content, no secret."""
        self._stands, self._detail = True, detail

    def clear(self) -> None:
        """Say that it no longer does."""
        self._stands, self._detail = False, ""


class Health:
    """Liveness and readiness of one process. It starts as `starting`; `starting.clear()` opens it."""

    def __init__(self) -> None:
        self.starting = Condition("starting")
        self.draining = Condition("draining")
        self._not_ready = [self.starting, self.draining]
        self._fatal: list[Condition] = []
        self.starting.raise_()

    def condition(self, name: str, *, fatal: bool = False) -> Condition:
        """A new reason, not standing yet. A fatal one also means that only a restart helps."""
        condition = Condition(name)
        self._not_ready.append(condition)
        if fatal:
            self._fatal.append(condition)
        return condition

    @property
    def is_ready(self) -> bool:
        """Whether traffic is welcome."""
        return not any(self._not_ready)

    @property
    def is_alive(self) -> bool:
        """Whether the process can go on by itself."""
        return not any(self._fatal)

    def reasons(self) -> list[str]:
        """Why it is not ready, in the order in which the conditions were made."""
        return [condition.reason for condition in self._not_ready if condition]

    def livez(self) -> tuple[int, bytes]:
        """HTTP status and JSON body for `/healthz`."""
        return _answer(self.is_alive, [condition.reason for condition in self._fatal if condition])

    def readyz(self) -> tuple[int, bytes]:
        """HTTP status and JSON body for `/readyz`."""
        return _answer(self.is_ready, self.reasons())


def _answer(is_good: bool, reasons: list[str]) -> tuple[int, bytes]:  # noqa: FBT001 - the only input beside reasons
    body = {"status": "ok"} if is_good else {"status": "unavailable", "reasons": reasons}
    return (200 if is_good else 503), json.dumps(body).encode()
