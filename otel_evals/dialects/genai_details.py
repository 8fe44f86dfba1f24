"""The details event `gen_ai.client.inference.operation.details`, which carries a call's messages beside its span.

It comes as a log record (OpenTelemetry's own instrumentations, Google ADK 2, OpenLIT), typed and whole, or as a span
event (Strands), where several of them carry one attribute each. With content capture limited to spans the event has
facts only: then it must not hide what the span says.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from otel_evals.messages import normal
from otel_evals.messages.genai import Turns, read_system, read_turns
from otel_evals.messages.standard import (
    read_models,
    read_output_type,
    read_reasons,
    read_said,
    read_tool_definitions,
    read_usage,
    said,
)
from otel_evals.plugins.signs import Signs
from otel_evals.records.reading import Fragment, Reading
from otel_evals.records.span import LogView, SpanView
from otel_evals.semconv import gen_ai


class GenAiDetails:
    """Reader of the details event."""

    id: ClassVar[str] = "genai_details"
    markers: ClassVar[tuple[bytes, ...]] = (gen_ai.DETAILS_EVENT.encode(),)
    signs: ClassVar[Signs] = Signs(events=frozenset((gen_ai.DETAILS_EVENT,)))

    def detect(self, span: SpanView) -> bool:
        """Whether the span has a details event."""
        return bool(span.events) and any(event.name == gen_ai.DETAILS_EVENT for event in span.events)

    def read(self, span: SpanView) -> Reading:
        """The content of the span's details events, put together in their order."""
        inputs: Turns | None = None
        outputs: Turns | None = None
        system: Turns | None = None
        for event in span.events:
            if event.name != gen_ai.DETAILS_EVENT:
                continue
            get = event.attributes.get
            inputs = _appended(inputs, read_turns(get(gen_ai.INPUT_MESSAGES)))
            outputs = _appended(outputs, read_turns(get(gen_ai.OUTPUT_MESSAGES), "assistant"))
            system = _appended(system, read_system(get(gen_ai.SYSTEM_INSTRUCTIONS)))
        found = said(inputs, outputs, system)
        return Reading(
            content_off=found.off,
            truncated=found.truncated,
            system=found.system,
            messages=found.messages,
            choices=found.choices,
            finish_reasons=_reasons([] if found.choices is None else [c.finish_reason for c in found.choices]),
        )

    def read_log(self, record: LogView) -> Fragment | None:
        """A details event as a log record: always the whole call."""
        attributes = record.attributes
        name: Any = record.event_name or attributes.get(gen_ai.EVENT_NAME)
        if name != gen_ai.DETAILS_EVENT:
            return None
        reasons = read_reasons(attributes)
        found = read_said(attributes, reasons)
        provider, request_model, response_model = read_models(attributes)
        response_id = normal.text(attributes.get(gen_ai.RESPONSE_ID))
        reading = Reading(
            content_off=found.off,
            truncated=found.truncated,
            operation=normal.operation(attributes.get(gen_ai.OPERATION_NAME)),
            provider=provider,
            request_model=request_model,
            response_model=response_model,
            response_id=response_id,
            conversation_id=normal.text(attributes.get(gen_ai.CONVERSATION_ID)),
            system=found.system,
            messages=found.messages,
            choices=found.choices,
            finish_reasons=reasons,
            tools=read_tool_definitions(attributes),
            output_type=read_output_type(attributes),
            usage=read_usage(attributes),
        )
        return Fragment(
            trace_id=record.trace_id,
            span_id=record.span_id,
            order=record.time_ns,
            closes=True,
            reading=reading,
            response_id=response_id,
        )


def _appended(before: Turns | None, after: Turns | None) -> Turns | None:
    if before is None or after is None:
        return before or after
    return Turns(
        messages=before.messages + after.messages,
        finish=before.finish + after.finish,
        off=before.off or after.off,
        truncated=before.truncated or after.truncated,
    )


def _reasons(words: Sequence[str | None]) -> tuple[str, ...] | None:
    return tuple(word or normal.UNKNOWN_FINISH for word in words) if any(words) else None
