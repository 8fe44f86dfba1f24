"""GenAI conventions up to 1.36: one event a message, as log records or as span events.

Log records: OpenTelemetry's openai-v2 by default, Semantic Kernel (body as JSON text, name only in `event.name`),
agent-framework's baseline, the JavaScript instrumentations. Span events: Strands, the Azure SDKs. Facts about the call
stand on the span and are read by `genai`.
"""

from typing import Any, ClassVar, Final

from otel_evals.messages import normal
from otel_evals.messages.events import NAMES, Turn, read_event
from otel_evals.plugins.signs import Signs
from otel_evals.records.reading import Fragment, Reading
from otel_evals.records.span import LogView, SpanView
from otel_evals.semconv import gen_ai

_MARKS: Final = tuple(name.encode() for name in sorted(NAMES))


class GenAiEvents:
    """Reader of message events."""

    id: ClassVar[str] = "genai_events"
    markers: ClassVar[tuple[bytes, ...]] = _MARKS
    signs: ClassVar[Signs] = Signs(events=NAMES)

    def detect(self, span: SpanView) -> bool:
        """Whether the span has message events."""
        return bool(span.events) and any(event.name in NAMES for event in span.events)

    def read(self, span: SpanView) -> Reading:
        """The conversation that the span's message events tell, in their order."""
        turns = [
            turn for event in span.events if (turn := read_event(event.name, dict(event.attributes), encoded=True))
        ]
        return _reading(turns)

    def read_log(self, record: LogView) -> Fragment | None:
        """One message or one choice; the call is whole with its first choice."""
        name: Any = record.event_name or record.attributes.get(gen_ai.EVENT_NAME)
        body = record.body if record.body is not None else record.attributes.get(gen_ai.EVENT_CONTENT)
        turn = read_event(name, body)
        if turn is None:
            return None
        return Fragment(
            trace_id=record.trace_id,
            span_id=record.span_id,
            order=record.time_ns,
            closes=turn.choice is not None,
            reading=_reading([turn]),
        )


def _reading(turns: list[Turn]) -> Reading:
    messages = tuple(turn.message for turn in turns if turn.message is not None)
    choices = tuple(turn.choice for turn in turns if turn.choice is not None)
    reasons = tuple(c.finish_reason or normal.UNKNOWN_FINISH for c in choices)
    answered = any(c.message.text for c in choices)
    return Reading(
        content_off=any(turn.off for turn in turns) and not answered,
        truncated=any(turn.truncated for turn in turns),
        messages=messages or None,
        choices=choices or None,
        finish_reasons=reasons if any(reasons) else None,
    )
