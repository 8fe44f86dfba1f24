"""The forms of `/v1/feedback`, as the OpenAPI document shows them."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from otel_evals.records.feedback import FeedbackSignal

MOST: Final = 500
"""Signals of one request."""
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Count = Annotated[int, Strict(), Field(ge=0, le=100_000_000)]
TraceId = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{32}$")]
SpanId = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{16}$")]
Name = Annotated[str, Field(min_length=1, max_length=256)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rated(_Form):
    """A rating on a scale of the application's own."""

    value: Number
    min: Number = Field(description="The worst that could be given.")
    max: Number = Field(description="The best; may be smaller than `min` where less is better.")


class Edited(_Form):
    """How far a user changed an answer, without the texts."""

    before_length: Count = Field(description="Characters of the answer.")
    after_length: Count = Field(description="Characters of what the user made of it.")
    distance: Count = Field(description="Characters inserted, deleted or replaced between them.")


class Given(_Form):
    """What a user did with an answer. About a span, else a response, else a conversation: the latest answer in it."""

    signal: FeedbackSignal
    trace_id: TraceId | None = Field(None, description="32 hex digits. Alone: the latest call of the trace.")
    span_id: SpanId | None = Field(None, description="16 hex digits, with trace_id.")
    response_id: Name | None = Field(None, description="What the model's provider called the response.")
    conversation_id: Name | None = None
    value: Number | str | Rated | Edited | None = Field(
        None,
        description="Of `rating` 0 (worst) to 1, or with its scale; of `edit` the share of the answer that was "
        "changed, or lengths and distance; of `correction` what the answer should have been. Of others nothing.",
    )
    comment: str | None = Field(None, description="The user's words; cut at backend.feedback.max_comment.")
    at: Number | str | None = Field(
        None, description="When: ISO 8601 with a zone, or Unix time in seconds or milliseconds. Default: now."
    )
    id: Name | None = Field(None, description="Sending it again under the same id changes nothing.")
    key: Name | None = Field(None, description="The publishable key, where no header can carry it (sendBeacon).")


class Taken(BaseModel):
    """What became of one signal."""

    id: str = Field(description="Its id here, hex.")
    joined: bool = Field(description="Whether the answer that it is about is known already; if not, it waits for it.")
    duplicate: bool = Field(description="Whether it was here before: then nothing changed.")
    notes: list[str] = Field(description="What was changed before it was kept, in words.")


class AllTaken(BaseModel):
    """The answer to a request, in its order."""

    feedback: list[Taken]


class Refusal(BaseModel):
    """Why not."""

    detail: str


class Heard(BaseModel):
    """A signal as it is kept."""

    id: str
    signal: str
    value: float | None = Field(description="Of ratings 0 to 1, of edits the share that was changed.")
    comment: str | None
    corrected: str | None = Field(description="What the user would have had the answer say.")
    at: str = Field(description="When the user did it, ISO 8601, UTC.")
    received: str
    source: str = Field(description="`otlp`, `local`, `token:…` or `key:…`.")
    polarity: Literal[-1, 0, 1] = Field(description="Against the answer, neither, for it.")
    trace_id: str | None = Field(description="Of the span that it was joined to, else as it was sent.")
    span_id: str | None
    response_id: str | None
    conversation_id: str | None
    joined: bool
    service: str | None
    model: str | None
    prompt_name: str | None
    prompt_version: str | None


class HeardPage(BaseModel):
    """Signals, newest first."""

    feedback: list[Heard]
    next: str | None = Field(description="`cursor` of the next request; null at the end.")


class Counted(BaseModel):
    """Signals of one kind about the calls of one slice."""

    signal: str
    n: int
    mean: float | None = Field(description="Mean value of ratings and edits; null for others.")
    slice: dict[str, str] = Field(description="The values of the keys that were asked for; empty text = unknown.")
    start: str | None = Field(None, description="Begin of the hour or day, when `over_time` was asked for.")


class Counts(BaseModel):
    """How many of each, by the time of the calls."""

    counts: list[Counted]
    waiting: int = Field(description="Signals received in this range whose call has not come.")
