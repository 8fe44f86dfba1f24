"""Why a call failed, from what its span says: `error.type`, else the type of its exception event.

Only a span whose status is an error has failed; an exception that was caught on the way is no failure. Called by
dialects.
"""

from typing import Final

from otel_evals.messages.normal import text
from otel_evals.records.span import STATUS_ERROR, SpanView
from otel_evals.semconv import gen_ai

_EXCEPTION: Final = "exception"


def error_type(span: SpanView) -> str | None:
    """The kind of error of a failed span, as its producer spells it; None when it did not fail or nothing says."""
    if span.status_code != STATUS_ERROR:
        return None
    if (said := text(span.attributes.get(gen_ai.ERROR_TYPE))) is not None:
        return said
    for event in reversed(span.events):
        if event.name == _EXCEPTION and (said := text(event.attributes.get(gen_ai.EXCEPTION_TYPE))) is not None:
            return said
    return None
