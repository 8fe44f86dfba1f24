"""What one dialect found on one span or log record: an exchange with holes.

Readings are merged field by field: the dialect that comes first in the order of `builtin.DIALECTS` wins, but only for
fields that it found. None means "not found here", an empty tuple "found, and empty".
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from otel_evals.records.exchange import Choice, Document, Message, ToolDefinition, Usage


class SpanRole(StrEnum):
    """What a span is to us; it decides whether the span is evaluated, gives context, or is left alone."""

    MODEL_CALL = "model_call"
    """A request to a model: evaluated."""
    AGENT = "agent"
    """Evaluated only when no model call lies below it; otherwise a source of context."""
    WRAPPER = "wrapper"
    """Chain, workflow, task: never evaluated, may carry documents or a prompt template."""
    TOOL = "tool"
    RETRIEVAL = "retrieval"
    EMBEDDING = "embedding"
    OTHER = "other"


class Awaits(StrEnum):
    """What has to arrive before a span can be read whole. Only a dialect that knows its carrier says so."""

    LOGS = "logs"
    """The messages travel in log records that carry this span's ids."""
    ROOT = "root"
    """The system prompt stands on an ancestor span, which ends later."""
    TWIN = "twin"
    """Another instrumentation writes the same call, with content, under the same response id."""


class Reading(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A partial exchange. See `records.exchange.Exchange` for the fields of the same name."""

    role: SpanRole | None = None
    awaits: frozenset[Awaits] = frozenset()
    content_off: bool = False
    """The carrier of the content is there and says that the content was left out (skeletons, `__REDACTED__`)."""
    truncated: bool = False
    operation: str | None = None
    provider: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    conversation_id: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    prompt_template: str | None = None
    system: tuple[Message, ...] | None = None
    """System instructions that have a carrier of their own."""
    messages: tuple[Message, ...] | None = None
    choices: tuple[Choice, ...] | None = None
    finish_reasons: tuple[str, ...] | None = None
    """Normalised, one a choice."""
    tools: tuple[ToolDefinition, ...] | None = None
    output_type: str | None = None
    output_schema: Mapping[str, Any] | None = None
    documents: tuple[Document, ...] | None = None
    """On a retrieval span: what it returned. On a call: what its own span says that it was given."""
    usage: Usage | None = None
    streaming: bool | None = None
    error_type: str | None = None


class Fragment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A piece of a call that travelled apart from its span: what one log record said."""

    trace_id: bytes
    span_id: bytes
    order: int
    """Position among the fragments of one span (time, or the producer's own index)."""
    closes: bool
    """Whether the call is whole once this fragment is there (it carries the answer)."""
    reading: Reading
    response_id: str | None = None
    """The key to join by when the record carries no ids."""
