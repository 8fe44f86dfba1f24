"""Whether this process lives and whether it may be sent traffic, with reasons. Asked by `/healthz` and `/readyz`.

Each part of the processor that can be a reason not to be ready holds one `Condition` and says so itself; the process
is ready when none stands. A process that answers at all is alive, unless a part has said that it cannot go on.
"""


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
    """Liveness and readiness of one process, `starting` until `set_ready`."""

    def __init__(self) -> None:
        self._starting = Condition("starting")
        self._draining = Condition("draining")
        self._not_ready = [self._starting, self._draining]
        self._fatal: list[Condition] = []
        self._starting.raise_()

    def set_ready(self) -> None:
        """The start is over."""
        self._starting.clear()

    def set_draining(self) -> None:
        """The end has begun; there is no way back."""
        self._draining.raise_()

    def condition(self, name: str, *, fatal: bool = False) -> Condition:
        """A new reason, not standing yet. A fatal one also means that only a restart helps."""
        condition = Condition(name)
        self._not_ready.append(condition)
        if fatal:
            self._fatal.append(condition)
        return condition

    @property
    def ready(self) -> bool:
        """Whether traffic is welcome."""
        return not any(self._not_ready)

    @property
    def alive(self) -> bool:
        """Whether the process can go on by itself."""
        return not any(self._fatal)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not ready, in the order in which the conditions were made."""
        return tuple(condition.reason for condition in self._not_ready if condition)
