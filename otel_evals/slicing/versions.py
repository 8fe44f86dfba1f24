"""The prompt version that metrics are cut by: the named one, else `fp:<hash>`, else `unversioned`."""

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from otel_evals.records.clock import Clock
from otel_evals.records.exchange import Exchange
from otel_evals.slicing.fingerprint import fingerprint
from otel_evals.text.context import unwrap_instructions
from otel_evals.text.fold import well_formed

UNVERSIONED: Final = "unversioned"
_HOUR: Final = 3600.0
_CACHE: Final = 1024
_SERVICES: Final = 1024


_fingerprint = lru_cache(maxsize=_CACHE)(fingerprint)
"""By the instructions alone: they come again where the passages among them are new each time."""


class PromptVersions:
    """Derives prompt versions, and gives up on services whose prompts do not repeat."""

    def __init__(self, per_hour: int, clock: Clock, on_fallback: Callable[[str], None] = lambda _service: None) -> None:
        """Derive versions: `per_hour` different ones a service; `on_fallback` is told the service beyond that."""
        self._on_fallback = on_fallback
        self._per_hour = per_hour
        self._clock = clock
        self._known: OrderedDict[str, str | None] = OrderedDict()
        self._seen: OrderedDict[str, dict[str, float]] = OrderedDict()

    def fingerprint(self, exchange: Exchange) -> str | None:
        """The fingerprint of the exchange's template or instructions; None when it has neither."""
        source = exchange.prompt_template or "\n".join(
            m.text for m in exchange.messages if m.role in ("system", "developer") and m.text
        )
        if not source:
            return None
        known = self._known
        if source in known:
            known.move_to_end(source)
            return known[source]
        # Retrieved passages change with every question: only the instructions around them are a version.
        text = well_formed(source)
        value = _fingerprint(text if exchange.prompt_template else unwrap_instructions(text).question or text)
        known[source] = value
        if len(known) > _CACHE:
            known.popitem(last=False)
        return value

    def label(self, exchange: Exchange, derived: str | None) -> str:
        """What metrics carry as `gen_ai.prompt.version` for an exchange whose fingerprint is `derived`."""
        if exchange.prompt_version is not None:
            return exchange.prompt_version
        if derived is None:
            return UNVERSIONED
        if not self._repeats(exchange.service_name or "", derived):
            self._on_fallback(exchange.service_name or "")
            return UNVERSIONED
        return f"fp:{derived}"

    def _repeats(self, service: str, derived: str) -> bool:
        seen = self._seen.get(service)
        if seen is None:
            seen = self._seen[service] = {}
            if len(self._seen) > _SERVICES:
                self._seen.popitem(last=False)
        now = self._clock.monotonic()
        if derived in seen:
            seen[derived] = now
            return True
        if len(seen) >= self._per_hour:
            for old in [f for f, last in seen.items() if now - last > _HOUR]:
                del seen[old]
        if len(seen) >= self._per_hour:
            return False
        seen[derived] = now
        return True
