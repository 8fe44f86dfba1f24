"""Finds the spans (or log records) of a body that may be GenAI, without decoding any.

One linear pass over the bytes looks for the markers of all dialects; a hit inside a span makes that span a candidate, a
hit in a scope's own head makes all its spans candidates. A marker only selects: whether a span is GenAI is for the
dialects to say.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
import re2 as untyped_re2

from otel_evals.otlp.frame import Frame, ItemFrame, ItemIndex, ResourceFrame, ScopeFrame

re2: Any = untyped_re2  # ships no types
_MEMORY: Final = 64 << 20


class Candidate(msgspec.Struct, frozen=True):
    """An item that holds a marker."""

    resource: ResourceFrame
    scope: ScopeFrame
    item: ItemFrame


class Markers:
    """The byte markers of all dialects, compiled to one pattern."""

    def __init__(self, markers: Iterable[bytes]) -> None:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.max_mem = _MEMORY
        escaped: list[bytes] = sorted({re2.escape(marker) for marker in markers})
        self._pattern: Any = re2.compile(b"|".join(escaped), options=options) if escaped else None

    def occur(self, body: bytes) -> bool:
        """Whether any marker stands anywhere in `body`."""
        return self._pattern is not None and self._pattern.search(body) is not None

    def candidates(self, frame: Frame) -> Iterator[Candidate]:
        """The candidates of a framed body, in order."""
        if self._pattern is None:
            return
        index, body, at = ItemIndex(frame), frame.body, 0
        while (hit := self._pattern.search(body, at)) is not None:
            offset = hit.start()
            place = index.scope_at(offset)
            if place is None:
                at = offset + 1
                continue
            resource, scope = place
            position = index.item_at(scope, offset)
            if position is None:
                yield from (Candidate(resource, scope, item) for item in scope.items)
                at = scope.end
            else:
                item = scope.items[position]
                yield Candidate(resource, scope, item)
                at = item.end
