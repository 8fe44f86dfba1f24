"""Builds OTLP request bodies for tests: spans and log records from plain Python values."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otel_evals.semconv import gen_ai

START_NS: Final = 1_800_000_000_000_000_000
SECOND: Final = 1_000_000_000


def trace_id(number: int) -> bytes:
    """A valid trace id."""
    return number.to_bytes(16, "big")


def span_id(number: int) -> bytes:
    """A valid span id."""
    return number.to_bytes(8, "big")


def any_value(value: Any) -> AnyValue:
    """A Python value as an OTLP attribute value."""
    encoded = AnyValue()
    if isinstance(value, bool):
        encoded.bool_value = value
    elif isinstance(value, str):
        encoded.string_value = value
    elif isinstance(value, int):
        encoded.int_value = value
    elif isinstance(value, float):
        encoded.double_value = value
    elif isinstance(value, bytes):
        encoded.bytes_value = value
    elif isinstance(value, Mapping):
        encoded.kvlist_value.SetInParent()
        for key, item in value.items():  # pyright: ignore[reportUnknownVariableType] - any mapping
            encoded.kvlist_value.values.add(key=str(key)).value.CopyFrom(any_value(item))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, Sequence):
        encoded.array_value.SetInParent()
        for item in value:  # pyright: ignore[reportUnknownVariableType] - any sequence
            encoded.array_value.values.add().CopyFrom(any_value(item))
    return encoded


def make_span(
    attributes: Mapping[str, Any],
    *,
    trace: int = 1,
    span: int = 1,
    parent: int | None = None,
    name: str = "span",
    start: float = 0.0,
    seconds: float = 1.0,
    error: bool = False,
    events: Sequence[tuple[str, Mapping[str, Any]]] = (),
) -> Span:
    """A span. `start` is in seconds after a fixed instant."""
    made = Span(
        trace_id=trace_id(trace),
        span_id=span_id(span),
        parent_span_id=span_id(parent) if parent is not None else b"",
        name=name,
        start_time_unix_nano=START_NS + int(start * SECOND),
        end_time_unix_nano=START_NS + int((start + seconds) * SECOND),
    )
    for key, value in attributes.items():
        made.attributes.add(key=key).value.CopyFrom(any_value(value))
    for event_name, event_attributes in events:
        event = made.events.add(name=event_name, time_unix_nano=made.end_time_unix_nano)
        for key, value in event_attributes.items():
            event.attributes.add(key=key).value.CopyFrom(any_value(value))
    if error:
        made.status.code = Status.STATUS_CODE_ERROR
    return made


def chat_attributes(
    question: str = "What is the refund policy?",
    answer: str | None = "Refunds are possible within thirty days.",
    *,
    system: str | None = None,
    finish: str = "stop",
    model: str = "gpt-4o-mini",
    **more: Any,
) -> dict[str, Any]:
    """Attributes of a chat call in the newest conventions; `answer=None` leaves all content out."""
    attributes: dict[str, Any] = {
        gen_ai.OPERATION_NAME: "chat",
        gen_ai.PROVIDER_NAME: "openai",
        gen_ai.REQUEST_MODEL: model,
        gen_ai.RESPONSE_MODEL: f"{model}-2024-07-18",
        gen_ai.FINISH_REASONS: [finish],
        gen_ai.USAGE_INPUT_TOKENS: 20,
        gen_ai.USAGE_OUTPUT_TOKENS: 10,
    }
    if answer is not None:
        attributes[gen_ai.INPUT_MESSAGES] = json.dumps(
            [{"role": "user", "parts": [{"type": "text", "content": question}]}]
        )
        parts = [{"type": "text", "content": answer}]
        attributes[gen_ai.OUTPUT_MESSAGES] = json.dumps(
            [{"role": "assistant", "parts": parts, "finish_reason": finish}]
        )
    if system is not None:
        attributes[gen_ai.SYSTEM_INSTRUCTIONS] = json.dumps([{"type": "text", "content": system}])
    return {**attributes, **more}


def traces_body(
    *spans: Span, service: str = "shop", scope: str = "app", resource: Mapping[str, Any] | None = None
) -> bytes:
    """An encoded ExportTraceServiceRequest with these spans under one resource and scope."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    for key, value in {gen_ai.SERVICE_NAME: service, **(resource or {})}.items():
        resource_spans.resource.attributes.add(key=key).value.CopyFrom(any_value(value))
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = scope
    scope_spans.spans.extend(spans)
    return request.SerializeToString()


def logs_body(
    *records: tuple[str, Any, Mapping[str, Any]],
    trace: int = 1,
    span: int = 1,
    service: str = "shop",
    scope: str = "app",
) -> bytes:
    """An encoded ExportLogsServiceRequest: (event name, body, attributes) each, all of one span."""
    request = ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    resource_logs.resource.attributes.add(key=gen_ai.SERVICE_NAME).value.string_value = service
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name = scope
    for position, (name, body, attributes) in enumerate(records):
        record = scope_logs.log_records.add(
            trace_id=trace_id(trace),
            span_id=span_id(span),
            event_name=name,
            time_unix_nano=START_NS + position,
        )
        if body is not None:
            record.body.CopyFrom(any_value(body))
        for key, value in attributes.items():
            record.attributes.add(key=key).value.CopyFrom(any_value(value))
    return request.SerializeToString()
