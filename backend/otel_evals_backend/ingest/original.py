"""An evaluated span as its application wrote it.

The processor appends what it decided, and the standard keys that the dialect carries under other names. Read with
those, a span would look like one of two dialects at once, and other facts would be derived from it than the processor
saw. What stands behind the processor's own mark can be told by its place in the encoded span alone.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from otel_evals.emit.annotations import STANDARD_KEYS
from otel_evals.records.span import SpanView
from otel_evals.semconv import otel_evals


def _patterns(keys: Iterable[str]) -> dict[str, bytes]:
    """How each key begins an encoded attribute."""
    return {key: b"\x0a" + bytes([len(key)]) + key.encode() for key in sorted(keys)}


_MARKS: Final = _patterns((otel_evals.RISK_BAND, otel_evals.COVERAGE, otel_evals.SAMPLING_PROBABILITY))
"""One of them stands before everything else that the processor appends."""
_ADDED: Final = _patterns(STANDARD_KEYS)


def original(span: SpanView, data: bytes) -> SpanView:
    """The span, encoded as `data`, without the standard keys that were appended to it; itself when none was."""
    present = span.attributes
    began = min((data.find(mark) for key, mark in _MARKS.items() if key in present), default=-1)
    if began < 0:
        return span
    added = {key for key, pattern in _ADDED.items() if key in present and data.find(pattern, 0, began) < 0}
    if not added:
        return span
    left = {key: value for key, value in present.items() if key not in added}
    return msgspec.structs.replace(span, attributes=left)
