"""What a destination may see: the content policy, applied to an encoded OTLP request just before it is sent.

Called by the forwarders, once a destination; evaluation has seen the raw content before. `full` hands the same bytes
on. `redact` replaces personal data and credentials, `drop_content` removes what users, models, tools and retrievers
said and keeps the facts about the calls: models, tokens, finish reasons, ids, names of tools, our own results with
their explanations.

Which text is content: attributes, events and log bodies under the keys that any known dialect uses for it, and, since
a new version of a library brings new keys, every other text that is long or looks like JSON. Texts of errors
(status message, exception message and stack trace) count as content, because providers quote the prompt in them.
Only spans and log records that carry a GenAI marker, or stand under a scope that does, are looked into; the rest
of the request, metrics and everything unknown to this version of OTLP pass unchanged.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from google.protobuf.message import DecodeError as ProtobufDecodeError
from msgspec import Meta
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otel_evals.forward.redaction import redact
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
_MARKER: Final = re.compile(
    rb"gen_ai\.|llm\.|openinference|traceloop|langfuse|mlflow|ai\.operationId|vertex\.agent|pydantic[_-]ai|retrieval\.documents"
    rb"|logfire|openlit|semantic_kernel|strands|langsmith|lmnr\.|crewai|anthropic|litellm|haystack|agent_framework|request_data"
)
_FACT: Final = re.compile(
    r"gen_ai\.evaluation\..*|otel_evals\..*|gen_ai\.(?:prompt\.(?:name|version)|output\.type"
    r"|response\.finish_reasons?|usage\..*)"
    r"|(?:gen_ai\.(?:prompt|completion)|llm\.(?:input|output)_messages)\.\d+(?:\.message)?"
    r"(?:\.contents\.\d+)?(?:\.role|\.name|\.finish_reason|\.tool_call_id|\.message_content\.type"
    r"|(?:\.tool_calls\.\d+)?(?:\.tool_call)?(?:\.function)?\.(?:id|name|type))"
    r"|llm\.request\.functions\.\d+\.name|(?:retrieval|reranker)\..*\.document\.(?:id|score)|embedding\.model_name"
    r"|langfuse\.observation\.metadata\.(?:finish_reason|id|status)|(?:crew|task)_(?:id|key)"
    r"|(?:input|output)\.mime_type|llm\.prompt_template\.version|traceloop\.prompt\.(?:key|version|version_name"
    r"|version_hash)"
    r"|langfuse\.observation\.(?:usage_details|cost_details|model\.name|prompt\.name|prompt\.version|type|level)"
    r"|mlflow\.(?:chat\.tokenUsage|spanType|traceRequestId|traceId)|ai\.(?:usage|settings|model"
    r"|telemetry\.metadata)\..*"
    r"|ai\.response\.(?:finishReason|id|model|timestamp|msTo\w+|avg\w+)|error\.type|exception\.type"
    r"|finish_reason|gen_ai\.tool\.name"
)
_CONTENT: Final = re.compile(
    r"gen_ai\.(?:input|output|prompt|completion|content|choice|event\.content|task|system_instructions"
    r""
    r"|retrieval\.(?:query|documents)|request\.structured_output_schema|agent\.(?:description|tools)"
    r"|embeddings\.input)(?:[._].*)?"
    r"|gen_ai\.tool\.(?!(?:name|type|call\.id)$).*|gen_ai\.(?:system|user|assistant|tool)\.message.*"
    r"|(?:input|output)(?:\..*)?|llm\.(?:input_messages|output_messages|prompts?|completions?|prompt_template"
    r"|tools|function_call"
    r"|invocation_parameters|request\.functions)(?:\..*)?|(?:retrieval|reranker|embedding)\..*"
    r"|tool\.(?:description|parameters|json_schema)"
    r"|message\..*|document\..*|traceloop\.(?:entity\.(?:input|output)|prompt\..*)|ai\.(?:prompt|response"
    r"|toolCall\.(?:args|result|input|output)|schema"
    r"|values?|result|embeddings?|documents|query)(?:\..*)?|langfuse\.(?:observation|trace)\.(?:input|output"
    r"|metadata|status_message)(?:\..*)?"
    r"|mlflow\.(?:spanInputs|spanOutputs|chat\..*|chunk\..*|promptTemplate)|gcp\.vertex\.agent\.(?:llm_|tool_|data).*"
    r"|pydantic_ai\..*|all_messages(?:_events)?|final_result|events|model_request_parameters|tool_(?:arguments"
    r"|response|result)"
    r"|(?:request|response)_data|logfire\.(?:msg|json_schema)|system_prompt|system_instructions|messages?"
    r"|prompts?|completions?|contents?|body"
    r"|instructions|tools|text|query|question|answer|responses?|result|user_prompt|arguments|crew_\w+|task_\w+"
    r"|formatted_\w+|lmnr\.span\.(?:in|out)put"
    r"|langsmith\.(?:metadata|inputs?|outputs?).*|haystack\.component\.(?:input|output).*|exception\.(?:message"
    r"|stacktrace)|error\.message|.*\.status_message"
)
_VECTOR: Final = re.compile(r"embeddings?(?:\.\d+)?(?:\.embedding)?(?:\.vector)?$")
"""Vectors are numbers, but texts can be recovered from them."""
_TOOL_FACTS: Final = frozenset({"gen_ai.tool.type", "gen_ai.tool.call.id", "tool.name", "tool.id"})
_BODY_FACTS: Final = frozenset({"finish_reason", "index", "role", "id", "type"})
_RESULT_EVENT: Final = gen_ai.EVALUATION_RESULT


def apply(policy: ContentPolicy, signal: Signal, body: bytes, settings: ContentSettings = _DEFAULTS) -> bytes:
    """The encoded request of `signal` as a destination with `policy` may see it; the same object when nothing changes.

    Raises:
        DecodeError: `body` is not the request that `signal` says. Nothing of it may go out then.
    """
    if policy is ContentPolicy.FULL or signal is Signal.METRICS or not _MARKER.search(body):
        return body
    edit = _Editor(policy, settings)
    try:
        request = edit.traces(body) if signal is Signal.TRACES else edit.logs(body)
    except ProtobufDecodeError as error:
        raise DecodeError(f"not a valid OTLP {signal.value} request") from error
    return request.SerializeToString() if edit.changed else body


class _Editor:
    """Edits one request in place. Protobuf keeps the fields that it does not know."""

    def __init__(self, policy: ContentPolicy, settings: ContentSettings) -> None:
        self._drop = policy is ContentPolicy.DROP_CONTENT
        self._settings = settings
        self._more = _keys(settings.content_keys)
        self._keep = _keys(settings.keep_keys)
        self.changed = False

    def traces(self, body: bytes) -> ExportTraceServiceRequest:
        request = ExportTraceServiceRequest.FromString(body)
        for resource_spans in request.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                scoped = _marks(scope_spans.scope.name)
                for span in scope_spans.spans:
                    if scoped or _MARKER.search(span.SerializeToString()):
                        self._span(span)
        return request

    def logs(self, body: bytes) -> ExportLogsServiceRequest:
        request = ExportLogsServiceRequest.FromString(body)
        for resource_logs in request.resource_logs:
            for scope_logs in resource_logs.scope_logs:
                scoped = _marks(scope_logs.scope.name)
                for record in scope_logs.log_records:
                    if scoped or _MARKER.search(record.SerializeToString()):
                        self._record(record)
        return request

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
            if event.name != _RESULT_EVENT:
                self._attributes(event)
            if event.attributes or not had:
                kept.append(event)
        gone = len(span.events) - len(kept)
        if gone:
            del span.events[:]
            span.events.extend(kept)
            span.dropped_events_count += gone

    def _record(self, record: Any) -> None:
        if record.event_name == _RESULT_EVENT:
            return
        self._attributes(record)
        if not record.HasField("body"):
            return
        if not self._drop:
            self._redact_value(record.body)
            return
        kept = [
            entry
            for entry in record.body.kvlist_value.values
            if entry.key in _BODY_FACTS and self._is_short(entry.value)
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

    def _attributes(self, holder: Any) -> None:
        if self._drop:
            kept = [entry for entry in holder.attributes if not self._is_content(entry)]
            dropped = len(holder.attributes) - len(kept)
            if dropped:
                del holder.attributes[:]
                holder.attributes.extend(kept)
                holder.dropped_attributes_count += dropped
                self.changed = True
            return
        for entry in holder.attributes:
            if not self._is_fact(entry.key):
                self._redact_value(entry.value, entry.key)

    def _is_fact(self, key: str) -> bool:
        if self._keep is not None and self._keep.fullmatch(key):
            return True
        if self._more is not None and self._more.fullmatch(key):
            return False
        return key in _TOOL_FACTS or _FACT.fullmatch(key) is not None

    def _is_content(self, entry: KeyValue) -> bool:
        key, value = entry.key, entry.value
        if self._is_fact(key):
            return False
        if not _has_text(value):
            return _VECTOR.search(key) is not None
        if _CONTENT.fullmatch(key) or (self._more is not None and self._more.fullmatch(key)):
            return True
        return not self._is_short(value)

    def _is_short(self, value: AnyValue) -> bool:
        """Whether a value is what a fact may be: a number, or a short text that is not JSON."""
        kind = value.WhichOneof("value")
        if kind == "string_value":
            text = value.string_value
            return len(text) <= self._settings.longest_fact and text.lstrip()[:1] not in ("{", "[")
        if kind == "array_value":
            return all(self._is_short(item) for item in value.array_value.values)
        return kind not in ("kvlist_value", "bytes_value")

    def _redact_value(self, value: AnyValue, key: str = "") -> None:
        kind = value.WhichOneof("value")
        if kind == "string_value":
            clean = redact(value.string_value)
            if clean != value.string_value:
                value.string_value = clean
                self.changed = True
        elif kind == "array_value":
            for item in value.array_value.values:
                self._redact_value(item, key)
        elif kind == "kvlist_value":
            for entry in value.kvlist_value.values:
                self._redact_value(entry.value, entry.key)


def _marks(scope: str) -> bool:
    return scope == "ai" or _MARKER.search(scope.encode("utf-8", "replace")) is not None


def _has_text(value: AnyValue) -> bool:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return any(_has_text(item) for item in value.array_value.values)
    return kind in ("string_value", "kvlist_value", "bytes_value")


def _keys(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """One expression for a list of keys, where a `*` at the end stands for any rest."""
    parts = [re.escape(key[:-1]) + ".*" if key.endswith("*") else re.escape(key) for key in patterns]
    return re.compile("|".join(parts)) if parts else None
