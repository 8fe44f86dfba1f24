"""Reads attributes and judges' results back from spans as a destination decodes them. For tests of what arrived."""

from typing import Any, Final

_RESULT: Final = "gen_ai.evaluation.result"
_EVALUATOR_TYPE: Final = "otel_evals.evaluator.type"
"""Spelled out, not taken from `semconv`: a test holds what is on the wire against the names themselves."""


def attribute(carrier: Any, key: str) -> Any:
    """The last value of an attribute of a span, event or record; None when it is absent."""
    found = None
    for pair in carrier.attributes:
        if pair.key == key:
            kind = pair.value.WhichOneof("value")
            found = getattr(pair.value, kind) if kind else None
    return found


def judge_events(span: Any) -> list[Any]:
    """The results of judges on a span."""
    return [
        event for event in span.events if event.name == _RESULT and attribute(event, _EVALUATOR_TYPE) == "llm_judge"
    ]
