"""Learns which services are worth waiting for.

A producer whose content capture is off looks like one whose content is still on its way. After a row of waits in vain
for one service and one kind of thing, its spans pass at once, until such a thing is seen again.
"""

from collections import OrderedDict
from typing import Final

_SERVICES: Final = 4096

Key = tuple[object, str]
"""(service name, what is awaited)."""


class Patience:
    """Counts waits in vain."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._vain: OrderedDict[Key, int] = OrderedDict()

    def worth(self, key: Key) -> bool:
        """Whether a span should wait."""
        return self._vain.get(key, 0) < self._limit

    def kept(self, key: Key) -> None:
        """What was (or would have been) waited for has come."""
        self._vain.pop(key, None)

    def in_vain(self, key: Key) -> None:
        """A wait has ended without it."""
        self._vain[key] = self._vain.get(key, 0) + 1
        self._vain.move_to_end(key)
        if len(self._vain) > _SERVICES:
            self._vain.popitem(last=False)
