"""Microsoft Semantic Kernel: facts on the span, messages in log records (whose reading `genai_events` shares).

It also spans the loop around automatic function calls, which is no call of its own.
"""

from typing import ClassVar, Final

from otel_evals.plugins.signs import Signs
from otel_evals.records.reading import Awaits, Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, LogView, SpanView
from otel_evals.semconv import gen_ai

_SCOPES: Final = ("semantic_kernel", "Microsoft.SemanticKernel")
_FUNCTIONS: Final = "sk.available_functions"
_CALLS: Final = ("chat", "text_completion", "chat.completions", "text.completions")


class SemanticKernel:
    """Reader of what Semantic Kernel writes beside the standard keys."""

    id: ClassVar[str] = "semantic_kernel"
    markers: ClassVar[tuple[bytes, ...]] = (b"semantic_kernel", b"SemanticKernel")
    signs: ClassVar[Signs] = Signs(scopes=_SCOPES)

    def detect(self, span: SpanView) -> bool:
        """Whether the span comes from one of its tracers."""
        return span.scope_name.startswith(_SCOPES)

    def read(self, span: SpanView) -> Reading:
        """The wrapper's role, and that a call's messages come as log records."""
        attributes = span.attributes
        operation = attributes.get(gen_ai.OPERATION_NAME)
        if _FUNCTIONS in attributes and operation is None:
            return Reading(role=SpanRole.WRAPPER)
        waits = operation in _CALLS and span.status_code != STATUS_ERROR and gen_ai.INPUT_MESSAGES not in attributes
        waits = waits and not any(event.name.startswith("gen_ai.") for event in span.events)
        return Reading(awaits=frozenset((Awaits.LOGS,)) if waits else frozenset())

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - its records are message events
        """Nothing of its own: the records are message events of the conventions."""
        return None
