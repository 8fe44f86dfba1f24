"""Microsoft agent framework: standard keys or message events on calls, keys of its own on workflow spans."""

from typing import ClassVar, Final

from otel_evals.messages import normal
from otel_evals.plugins.signs import Signs
from otel_evals.records.reading import Awaits, Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, LogView, SpanView
from otel_evals.semconv import gen_ai

_SCOPE: Final = "agent_framework"
_WORKFLOW: Final = ("workflow.", "executor.", "edge_group.", "message.")


class AgentFramework:
    """Reader of what the framework writes beside the standard keys."""

    id: ClassVar[str] = "agent_framework"
    markers: ClassVar[tuple[bytes, ...]] = (b"agent_framework",)
    signs: ClassVar[Signs] = Signs(scopes=(_SCOPE,))

    def detect(self, span: SpanView) -> bool:
        """Whether the span comes from the framework's tracer."""
        return span.scope_name.startswith(_SCOPE)

    def read(self, span: SpanView) -> Reading:
        """The role of workflow spans; and that a bare call's messages come as log records."""
        attributes = span.attributes
        operation = attributes.get(gen_ai.OPERATION_NAME)
        if operation is None:
            workflow = any(key.startswith(_WORKFLOW) for key in attributes)
            return Reading(role=SpanRole.WRAPPER if workflow else None)
        waits = normal.operation(operation) == "chat" and span.status_code != STATUS_ERROR
        waits = waits and gen_ai.INPUT_MESSAGES not in attributes and gen_ai.OUTPUT_MESSAGES not in attributes
        waits = waits and not any(event.name.startswith("gen_ai.") for event in span.events)
        return Reading(awaits=frozenset((Awaits.LOGS,)) if waits else frozenset())

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - its records are message events
        """Nothing of its own: the records are message events of the conventions."""
        return None
