"""What arrives, read and bounded: the only form in which anything comes into the tables.

Made by `ingest` from OTLP, by `review` for people's labels, by `feedback` for its own door. Texts are well formed and
without NUL, numbers finite and in range, times plausible: whoever makes an arrival has seen to that (`ingest.bounds`).
"""

from functools import lru_cache

import msgspec

from otel_evals_backend.storage.keys import name_key


class Slice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The values that pages cut figures by, normalised; "" = unknown."""

    service: str = ""
    environment: str = ""
    operation: str = ""
    provider: str = ""
    model: str = ""
    response_model: str = ""
    prompt_name: str = ""
    prompt_version: str = "unversioned"
    extra: str = "{}"
    """JSON object of further keys."""

    @property
    def id(self) -> int:
        """Key of its row."""
        return _slice_id(self)


class Evaluator(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who evaluated. Results of two of them are never pooled."""

    name: str
    """The metric."""
    type: str = "code"
    """code, llm_judge or human."""
    evaluator_id: str
    version: str = ""
    source: str = "online"
    shadow: bool = False

    @property
    def id(self) -> int:
        """Key of its row."""
        return _evaluator_id(self)


@lru_cache(maxsize=4096)
def _slice_id(values: Slice) -> int:
    return name_key(*msgspec.structs.astuple(values))


@lru_cache(maxsize=4096)
def _evaluator_id(who: Evaluator) -> int:
    shadow = "shadow" if who.shadow else ""
    return name_key(who.name, who.type, who.evaluator_id, who.version, who.source, shadow)


class SpanArrival(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An evaluated span. Fields as the columns of `tables.spans`."""

    span: bytes
    start_ns: int
    end_ns: int
    slice: Slice
    parent: bytes | None = None
    name: str = ""
    role: str = "model_call"
    failed: bool = False
    error_type: str | None = None
    response_id: str | None = None
    conversation_id: str | None = None
    band: int | None = None
    reasons: str = "[]"
    route: str | None = None
    decision: str | None = None
    coverage: str | None = None
    probability: float | None = None
    stratum: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    question: str | None = None
    offline: bool = False
    """Whether it belongs to a run over a data set: it is no traffic, so it is not in the sums of spans."""


class ResultArrival(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One evaluation of a span. Fields as the columns of `tables.results`."""

    span: bytes
    evaluator: Evaluator
    at_ns: int
    label: int | None = None
    score: float | None = None
    verdict: str | None = None
    confidence: float | None = None
    cached: bool = False
    probability: float | None = None
    label_probability: float | None = None
    purposive: bool = False
    stratum: str | None = None
    explanation: str | None = None
    """The text itself."""
    model: str | None = None
    error_type: str | None = None
    coverage: str | None = None
    cost: float | None = None
    lag: float | None = None


class ContentArrival(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was said on a span, or in a piece apart from it, sealed as the content policy says (`content.seal`)."""

    span: bytes
    part: int
    role: str
    start_ns: int
    encrypted: bool
    body: bytes


class FeedbackArrival(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a user did with an answer: about a span, else a response, else a conversation."""

    id: bytes
    """16 bytes: hash of the idempotency key, or of what it says."""
    at_ns: int
    signal: str
    value: float | None = None
    comment: str | None = None
    corrected: str | None = None
    """What the user would have had the answer say."""
    trace_id: bytes | None = None
    span_id: bytes | None = None
    response_id: str | None = None
    conversation_id: str | None = None
    source: str = "otlp"


class Arrivals(msgspec.Struct, frozen=True, kw_only=True):
    """What one or several requests brought."""

    spans: tuple[SpanArrival, ...] = ()
    results: tuple[ResultArrival, ...] = ()
    contents: tuple[ContentArrival, ...] = ()
    feedback: tuple[FeedbackArrival, ...] = ()
