"""What a destination may see: the content policy, applied to an encoded OTLP request just before it is sent.

Called by the forwarders, once a destination; evaluation has seen the raw content before. `full` hands the same bytes
on. `redact` replaces personal data and credentials, `drop_content` removes what users, models, tools and retrievers
said and keeps the facts about the calls: models, tokens, finish reasons, ids, names of tools, our own results with
their explanations. Anybody can write under our names, so of a result only the keys that results have stay, and no
long text.

Which text is content: attributes, events and log bodies under the keys that any known dialect uses for it, and, since
a new version of a library brings new keys, every other text that is long or looks like JSON. Texts of errors
(status message, exception message and stack trace) count as content, because providers quote the prompt in them.
Only spans and log records that carry a GenAI marker, or stand under a scope that does, are looked into; the rest
of the request, metrics and everything unknown to this version of OTLP pass unchanged.

The module is a little above the usual length because one walk over a request serves every place that can hold content:
a second module would only share its cases.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from google.protobuf.message import DecodeError as ProtobufDecodeError
from msgspec import Meta
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otel_evals.forward.content_keys import (
    BODY_FACTS,
    CONTENT,
    FACT,
    LONGEST_EXPLANATION,
    LONGEST_OWN,
    MARKER,
    RESULT_KEYS,
    TOOL_FACTS,
    VECTOR,
    is_own,
    key_pattern,
)
from otel_evals.forward.redaction import redact
from otel_evals.forward.utf8 import mend_texts
from otel_evals.records.errors import DecodeError
from otel_evals.records.signal import Signal
from otel_evals.semconv import gen_ai


class ContentPolicy(StrEnum):
    """What of the content a destination receives."""

    FULL = "full"
    REDACT = "redact"
    DROP_CONTENT = "drop_content"


class ContentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts as content beside what the known dialects say."""

    content_keys: Annotated[
        tuple[str, ...],
        Meta(description="Further attribute keys that carry content, a `*` at the end for any rest; default none."),
    ] = ()
    keep_keys: Annotated[
        tuple[str, ...],
        Meta(description="Attribute keys that are never touched; a `*` at the end stands for any rest; default none."),
    ] = ()
    longest_fact: Annotated[
        int,
        Meta(
            ge=0,
            description="Characters up to which a text under an unknown key of a GenAI span is taken for a fact and "
            "kept by `drop_content`; default 128: ids, models and names are shorter, answers mostly longer.",
        ),
    ] = 128


_DEFAULTS: Final = ContentSettings()


def apply(
    policy: ContentPolicy,
    signal: Signal,
    body: bytes,
    settings: ContentSettings = _DEFAULTS,
    marker: re.Pattern[bytes] = MARKER,
) -> bytes:
    """The encoded request of `signal` as a destination with `policy` may see it; the same object when nothing changes.

    Args:
        policy: what the destination sees.
        signal: what the body holds.
        body: an encoded Export request.
        settings: what counts as content beside what is known here.
        marker: bytes that every GenAI item, or its scope, holds; see `content_keys.marker_pattern`.

    Raises:
        DecodeError: `body` is not the request that `signal` says. Nothing of it may go out then.
    """
    if policy is ContentPolicy.FULL or signal is Signal.METRICS or not marker.search(body):
        return body
    edit = _Editor(policy, settings, marker)
    request = _decode(signal, body)
    if signal is Signal.TRACES:
        edit.traces(request)
    else:
        edit.logs(request)
    return request.SerializeToString() if edit.changed else body


def _decode(signal: Signal, body: bytes) -> Any:
    kind: Any = ExportTraceServiceRequest if signal is Signal.TRACES else ExportLogsServiceRequest
    try:
        return kind.FromString(body)
    except ProtobufDecodeError:
        pass
    try:
        return kind.FromString(mend_texts(kind.DESCRIPTOR, body))
    except ProtobufDecodeError as error:
        raise DecodeError(f"not a valid OTLP {signal.value} request") from error


class _Editor:
    """Edits one request in place. Protobuf keeps the fields that it does not know."""

    def __init__(self, policy: ContentPolicy, settings: ContentSettings, marker: re.Pattern[bytes]) -> None:
        self._drop = policy is ContentPolicy.DROP_CONTENT
        self._marker = marker
        self._longest_fact = settings.longest_fact
        self._more = key_pattern(settings.content_keys)
        self._keep = key_pattern(settings.keep_keys)
        self.changed = False

    def traces(self, request: ExportTraceServiceRequest) -> None:
        """Edit the GenAI spans."""
        for resource_spans in request.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                scoped = self._marks(scope_spans)
                for span in scope_spans.spans:
                    if scoped or self._marker.search(span.SerializeToString()):
                        self._span(span)

    def logs(self, request: ExportLogsServiceRequest) -> None:
        """Edit the GenAI log records."""
        for resource_logs in request.resource_logs:
            for scope_logs in resource_logs.scope_logs:
                scoped = self._marks(scope_logs)
                for record in scope_logs.log_records:
                    if scoped or self._marker.search(record.SerializeToString()):
                        self._record(record)

    def _marks(self, scoped: Any) -> bool:
        """Whether the head of a ScopeSpans or ScopeLogs makes all of its items GenAI."""
        scope = scoped.scope
        return (
            scope.name == "ai"
            or self._marker.search(scope.SerializeToString()) is not None
            or self._marker.search(scoped.schema_url.encode()) is not None
        )

    def _span(self, span: Any) -> None:
        self._attributes(span)
        for link in span.links:
            self._attributes(link)
        self._events(span)
        if span.status.message:
            message = "" if self._drop else redact(span.status.message)
            self.changed |= message != span.status.message
            span.status.message = message

    def _events(self, span: Any) -> None:
        """Edits the events of a span; one that held nothing but content goes."""
        kept: list[Any] = []
        for event in span.events:
            had = len(event.attributes)
            self._attributes(event, is_result=event.name == gen_ai.EVALUATION_RESULT)
            if event.attributes or not had:
                kept.append(event)
        gone = len(span.events) - len(kept)
        if gone:
            del span.events[:]
            span.events.extend(kept)
            span.dropped_events_count += gone
            self.changed = True

    def _record(self, record: Any) -> None:
        is_result = _is_result(record)
        self._attributes(record, is_result=is_result)
        if not record.HasField("body"):
            return
        if not self._drop:
            self._redact_value(record.body)
            return
        facts = frozenset[str]() if is_result else BODY_FACTS
        kept = [
            entry for entry in record.body.kvlist_value.values if entry.key in facts and self._is_short(entry.value)
        ]
        if record.body.WhichOneof("value") == "kvlist_value" and len(kept) == len(record.body.kvlist_value.values):
            return
        body = AnyValue()
        body.kvlist_value.values.extend(kept)
        self.changed = True
        if kept:
            record.body.CopyFrom(body)
        else:
            record.ClearField("body")

    def _attributes(self, holder: Any, *, is_result: bool = False) -> None:
        if not self._drop:
            for entry in holder.attributes:
                if not self._is_fact(entry.key):
                    self._redact_value(entry.value)
            return
        kept = [entry for entry in holder.attributes if not self._is_content(entry, is_result=is_result)]
        for entry in kept:
            self._cap(entry)
        dropped = len(holder.attributes) - len(kept)
        if dropped:
            del holder.attributes[:]
            holder.attributes.extend(kept)
            holder.dropped_attributes_count += dropped
            self.changed = True

    def _cap(self, entry: KeyValue) -> None:
        if entry.key != gen_ai.EVALUATION_EXPLANATION or _matches(self._keep, entry.key):
            return
        if len(entry.value.string_value) > LONGEST_EXPLANATION:
            entry.value.string_value = entry.value.string_value[:LONGEST_EXPLANATION]
            self.changed = True

    def _is_fact(self, key: str) -> bool:
        """Whether redaction leaves what stands under `key` alone."""
        if _matches(self._keep, key):
            return True
        if _matches(self._more, key) or key == gen_ai.EVALUATION_EXPLANATION:
            return False
        return is_own(key) or key in TOOL_FACTS or FACT.fullmatch(key) is not None

    def _is_content(self, entry: KeyValue, *, is_result: bool) -> bool:
        """Whether an attribute goes. Of a result nothing stays but what results say of themselves."""
        key, value = entry.key, entry.value
        if _matches(self._keep, key):
            return False
        if is_result and key not in RESULT_KEYS:
            return True
        if is_own(key) and not _matches(self._more, key):
            return not self._is_own_value(key, value)
        if self._is_fact(key):
            return False
        if not _has_text(value):
            return VECTOR.search(key) is not None
        return _matches(self._more, key) or _matches(CONTENT, key) or not self._is_short(value)

    def _is_own_value(self, key: str, value: AnyValue) -> bool:
        """Whether we would write such a value under our key; a longer explanation is cut, not dropped."""
        if key == gen_ai.EVALUATION_EXPLANATION:
            return value.WhichOneof("value") == "string_value"
        return self._is_short(value, LONGEST_OWN)

    def _is_short(self, value: AnyValue, longest: int | None = None) -> bool:
        """Whether a value is what a fact may be: a number, or a short text that is not JSON."""
        kind = value.WhichOneof("value")
        if kind == "string_value":
            text = value.string_value
            return len(text) <= (self._longest_fact if longest is None else longest) and text.lstrip()[:1] not in (
                "{",
                "[",
            )
        if kind == "array_value":
            return all(self._is_short(item, longest) for item in value.array_value.values)
        return kind not in ("kvlist_value", "bytes_value")

    def _redact_value(self, value: AnyValue) -> None:
        kind = value.WhichOneof("value")
        if kind == "string_value":
            clean = redact(value.string_value)
            if clean != value.string_value:
                value.string_value = clean
                self.changed = True
        elif kind == "array_value":
            for item in value.array_value.values:
                self._redact_value(item)
        elif kind == "kvlist_value":
            for entry in value.kvlist_value.values:
                self._redact_value(entry.value)


def _is_result(record: Any) -> bool:
    """Whether a log record calls itself a result; older SDKs have the name of an event in an attribute."""
    return record.event_name == gen_ai.EVALUATION_RESULT or any(
        entry.key == gen_ai.EVENT_NAME and entry.value.string_value == gen_ai.EVALUATION_RESULT
        for entry in record.attributes
    )


def _matches(keys: re.Pattern[str] | None, key: str) -> bool:
    return keys is not None and keys.fullmatch(key) is not None


def _has_text(value: AnyValue) -> bool:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return any(_has_text(item) for item in value.array_value.values)
    return kind in ("string_value", "kvlist_value", "bytes_value")
