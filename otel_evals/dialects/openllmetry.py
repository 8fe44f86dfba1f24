"""OpenLLMetry from 0.60 on: what it adds to the standard keys, and the documents of its vector-store spans.

Messages, models and finish reasons are standard and left to the standard reader. Added are the schema of a structured
output, its own names for usage and streaming, and (any version) query results as span events.
"""

from typing import Any, ClassVar, Final

from otel_evals.messages.documents import read_documents
from otel_evals.messages.json_schema import read_wish
from otel_evals.messages.normal import flag, tokens
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Document, Usage
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import LogView, SpanView
from otel_evals.semconv import gen_ai
from otel_evals.semconv.vendors import Traceloop as Key

_KEYS: Final = (Key.STREAMING, Key.SCHEMA, Key.REASONING)
_RESULTS: Final = (Key.QUERY_RESULT, Key.SEARCH_RESULT)


class OpenLLMetry:
    """Reads what OpenLLMetry adds to a standard span, and its vector-store queries."""

    id: ClassVar[str] = "openllmetry"
    markers: ClassVar[tuple[bytes, ...]] = (
        b"gen_ai.is_streaming", b"structured_output_schema", b"gen_ai.usage.reasoning_tokens", b"db.query.result",
        b"db.search.result",
    )  # fmt: skip
    signs: ClassVar[Signs] = Signs(keys=frozenset(_KEYS), events=frozenset(_RESULTS))

    def detect(self, span: SpanView) -> bool:
        """Whether the span has one of the added keys, or ends with a query result."""
        if not self.signs.keys.isdisjoint(span.attributes):
            return True
        return bool(span.events) and span.events[-1].name in _RESULTS

    def read(self, span: SpanView) -> Reading:
        """Schema, usage and streaming of a call, or the documents of a query."""
        if span.events and span.events[-1].name in _RESULTS:
            return Reading(role=SpanRole.RETRIEVAL, documents=_documents(span))
        attributes = span.attributes
        output_type, output_schema = read_wish(attributes.get(Key.SCHEMA))
        return Reading(
            output_type=output_type,
            output_schema=output_schema,
            usage=_usage(span),
            streaming=flag(attributes.get(Key.STREAMING)),
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the protocol's signature
        """Nothing: its log events are the standard ones."""
        return None


def _usage(span: SpanView) -> Usage | None:
    attributes = span.attributes
    spent = tokens(attributes.get(gen_ai.USAGE_INPUT_TOKENS))
    made = tokens(attributes.get(gen_ai.USAGE_OUTPUT_TOKENS))
    if spent is None and made is None:
        return None
    cached = tokens(attributes.get(gen_ai.USAGE_CACHE_READ_TOKENS))
    reasoning = tokens(attributes.get(gen_ai.USAGE_REASONING_TOKENS))
    return Usage(
        input_tokens=spent,
        output_tokens=made,
        cache_read_tokens=tokens(attributes.get(Key.CACHED_OLD)) if cached is None else cached,
        reasoning_tokens=tokens(attributes.get(Key.REASONING)) if reasoning is None else reasoning,
    )


def _documents(span: SpanView) -> tuple[Document, ...] | None:
    """One document an event: `db.query.result.document`, `.id`, `.score`."""
    found: list[dict[str, Any]] = []
    for event in span.events:
        if event.name not in _RESULTS:
            continue
        entry = {
            field: event.attributes.get(f"{event.name}.{field}") for field in ("id", "score", "document", "metadata")
        }
        found.append({**entry, "text": entry.pop("document")})
    return read_documents(found) or None
