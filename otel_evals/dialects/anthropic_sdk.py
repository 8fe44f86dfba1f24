"""The span that the Anthropic SDK writes of its own accord: facts about a call, never its content.

Where an instrumentation is installed it writes the same call, with content, sometimes in another trace. So this span
waits for that twin, also when the call failed: then there is no response id, and the two are told by time.
"""

from typing import ClassVar, Final

from otel_evals.messages import normal
from otel_evals.plugins.signs import Signs
from otel_evals.records.reading import Awaits, Fragment, Reading, SpanRole
from otel_evals.records.span import LogView, SpanView
from otel_evals.semconv import gen_ai

_SCOPE: Final = "com.anthropic.sdk."


class AnthropicSdk:
    """Reader of the SDK's own span."""

    id: ClassVar[str] = "anthropic_sdk"
    markers: ClassVar[tuple[bytes, ...]] = (b"com.anthropic.sdk.",)
    signs: ClassVar[Signs] = Signs(scopes=(_SCOPE,))

    def detect(self, span: SpanView) -> bool:
        """Whether the span comes from the SDK itself."""
        return span.scope_name.startswith(_SCOPE)

    def read(self, span: SpanView) -> Reading:
        """The finish reason under the vendor's key, and that a twin may come."""
        attributes = span.attributes
        call = normal.operation(attributes.get(gen_ai.OPERATION_NAME)) == "chat"
        return Reading(
            role=SpanRole.MODEL_CALL if call else SpanRole.OTHER,
            awaits=frozenset((Awaits.TWIN,)) if call and gen_ai.OUTPUT_MESSAGES not in attributes else frozenset(),
            finish_reasons=normal.finish_reasons(attributes.get("anthropic.message.stop_reason")),
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the SDK writes no log records
        """Nothing."""
        return None
