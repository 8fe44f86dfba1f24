"""Google ADK 2: standard facts on the span, content in one details event as a log record.

ADK 1.x, which writes vendor JSON on the span, is a dialect of its own; it shares the scope, not the keys.
"""

from typing import ClassVar, Final

from otel_evals.messages import normal
from otel_evals.plugins.signs import Signs
from otel_evals.records.reading import Awaits, Fragment, Reading
from otel_evals.records.span import STATUS_ERROR, LogView, SpanView
from otel_evals.semconv import gen_ai

_SCOPE: Final = "gcp.vertex.agent"
_VENDOR_REQUEST: Final = "gcp.vertex.agent.llm_request"


class GoogleAdk:
    """Reader of what ADK 2 writes beside the standard keys."""

    id: ClassVar[str] = "google_adk"
    markers: ClassVar[tuple[bytes, ...]] = (b"gcp.vertex.agent",)
    signs: ClassVar[Signs] = Signs(scopes=(_SCOPE,))

    def detect(self, span: SpanView) -> bool:
        """Whether the span comes from ADK's tracer and follows the standard."""
        return span.scope_name == _SCOPE and gen_ai.OPERATION_NAME in span.attributes

    def read(self, span: SpanView) -> Reading:
        """That a call's content comes as a log record, and the session it belongs to."""
        attributes = span.attributes
        calls = normal.operation(attributes.get(gen_ai.OPERATION_NAME)) in ("generate_content", "chat")
        bare = gen_ai.INPUT_MESSAGES not in attributes and _VENDOR_REQUEST not in attributes
        waits = calls and bare and span.status_code != STATUS_ERROR
        return Reading(
            awaits=frozenset((Awaits.LOGS,)) if waits else frozenset(),
            conversation_id=normal.text(attributes.get("gcp.vertex.agent.session_id")),
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - its record is the details event
        """Nothing of its own: the record is the details event of the conventions."""
        return None
