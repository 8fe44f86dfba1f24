"""What `keep` found to be new: for rooms that go on in the same transaction, such as the choice of what people see."""

import msgspec

from otel_evals_backend.keeping.arrivals import FeedbackArrival, ResultArrival, SpanArrival


class JoinedSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A span of which something became known: itself, or a result."""

    span: SpanArrival
    """As it stands now; `coverage` too."""
    day: int
    is_new: bool
    """Whether the span itself came just now."""
    results: tuple[ResultArrival, ...]
    """All results of it that are known by now."""
    fresh: tuple[ResultArrival, ...]
    """Those of them that were joined to it just now."""


class JoinedFeedback(msgspec.Struct, frozen=True, kw_only=True):
    """A signal that was joined to a span just now."""

    id: bytes
    span: bytes
    day: int
    signal: str
    polarity: int
    """-1 negative, 1 positive, 0 neither."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What became known; duplicates are not in it."""

    spans: tuple[JoinedSpan, ...] = ()
    signals: tuple[FeedbackArrival, ...] = ()
    """Users' signals that are new, joined or not."""
    feedback: tuple[JoinedFeedback, ...] = ()
    """Signals, new or old, that were joined just now."""
    pieces: tuple[tuple[int, bytes], ...] = ()
    """Days and keys of spans of which a piece of content came apart, perhaps not for the first time."""
    waiting: int = 0
    """Results that were kept and wait for their span."""
    duplicates: int = 0
    """Results that were there already."""
