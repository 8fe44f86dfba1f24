"""What a destination with `spans: genai` gets: the GenAI items of a request and what we found about them, no others.

Called by the forwarder just before a body goes to such a destination. A marker of any dialect, a name of ours, or a
standard evaluation in an item, or in the head of its scope, keeps it; the bytes that stay are the ones that came, in
their order, with everything that is unknown to this version. Nothing is decoded: one search over the body tells that
nothing in it is meant, which is so for most traffic.
"""

from collections.abc import Iterable
from typing import Final

from otel_evals.otlp.candidates import Markers
from otel_evals.otlp.frame import walk
from otel_evals.otlp.splice import splice
from otel_evals.semconv import otel_evals

_ALWAYS: Final = (otel_evals.SCOPE.encode(), b"gen_ai.")
"""`otel_evals` is the scope of late results and begins every key of ours; `gen_ai.` begins results of anybody."""


class GenAiOnly:
    """The filter. `markers`: bytes that mark a GenAI item for any dialect."""

    def __init__(self, markers: Iterable[bytes] = ()) -> None:
        self._markers = Markers((*_ALWAYS, *filter(None, markers)))

    def apply(self, body: bytes, items: int) -> tuple[bytes, int]:
        """The body with what is meant alone, and how many items that are; the same body when all of it is.

        Args:
            body: an encoded Export request of traces or logs.
            items: how many items it holds.

        Raises:
            DecodeError: its framing cannot be followed.
        """
        if not self._markers.occur(body):
            return b"", 0
        frame = walk(body)
        kept = {candidate.item.start for candidate in self._markers.candidates(frame)}
        if len(kept) == items:
            return body, items
        scopes = (scope for resource in frame.resources for scope in resource.scopes)
        cut = {item.start: None for scope in scopes for item in scope.items if item.start not in kept}
        return splice(frame, cut), len(kept)
