"""Strands Agents, 0.2 to 1.x: message events on every span, and facts that only the agent's root carries.

A call's system prompt stands on the root (`system_prompt`), which ends last; a call without one waits for it. Every
span of the event loop repeats the messages, and not all of them have an operation name.
"""

from typing import ClassVar, Final

from otel_evals.messages.genai import read_system
from otel_evals.plugins.signs import Signs
from otel_evals.records.reading import Awaits, Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, LogView, SpanView
from otel_evals.semconv import gen_ai

_SCOPE: Final = "strands."
_CYCLE: Final = "event_loop.cycle_id"
_SYSTEM_PROMPT: Final = "system_prompt"


class Strands:
    """Reader of what Strands writes beside the standard keys and events."""

    id: ClassVar[str] = "strands"
    markers: ClassVar[tuple[bytes, ...]] = (b"strands",)
    signs: ClassVar[Signs] = Signs(scopes=(_SCOPE,))

    def detect(self, span: SpanView) -> bool:
        """Whether the span comes from Strands' own tracer."""
        return span.scope_name.startswith(_SCOPE)

    def read(self, span: SpanView) -> Reading:
        """The role of loop cycles, the root's system prompt, and what a call waits for."""
        attributes = span.attributes
        operation = attributes.get(gen_ai.OPERATION_NAME)
        role = SpanRole.WRAPPER if _CYCLE in attributes and operation is None else None
        prompt = attributes.get(_SYSTEM_PROMPT)
        system = read_system(prompt) if prompt else None
        call = operation == "chat" and span.status_code != STATUS_ERROR
        awaits = call and bool(span.parent_span_id) and not _has_system(span)
        return Reading(
            role=role,
            awaits=frozenset((Awaits.ROOT,)) if awaits else frozenset(),
            system=None if system is None else system.messages,
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - Strands writes span events
        """Nothing."""
        return None


def _has_system(span: SpanView) -> bool:
    """Whether the call carries system instructions itself."""
    if _SYSTEM_PROMPT in span.attributes or gen_ai.SYSTEM_INSTRUCTIONS in span.attributes:
        return True
    return any(
        event.name == gen_ai.SYSTEM_MESSAGE_EVENT or gen_ai.SYSTEM_INSTRUCTIONS in event.attributes
        for event in span.events
    )
