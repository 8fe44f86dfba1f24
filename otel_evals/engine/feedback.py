"""Reads what users did with answers from log records, and counts it.

An application reports it as an event `gen_ai.evaluation.result` whose evaluator is of type `user`: with the ids of the
span on the record, or a response id, or a conversation id. The record is forwarded as it came; what is heard of it here
is counted once it is safe with the next hop, also when nobody knows its span, and handed to `late_feedback` when there
are judges.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from otel_evals.engine.traces import valid_ids
from otel_evals.otlp.candidates import Markers
from otel_evals.otlp.decode import decode_log, decode_resource
from otel_evals.otlp.frame import walk
from otel_evals.records.evaluation import EvaluatorType, Label
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.records.span import LogView
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_REMEMBERED: Final = 10_000
_SIGNALS: Final = frozenset(FeedbackSignal)
_THUMBS: Final = {Label.PASS.value: FeedbackSignal.THUMBS_UP, Label.FAIL.value: FeedbackSignal.THUMBS_DOWN}
"""What a label says where no signal stands beside it."""


class Feedback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One signal, and what it says of the answer that it is about."""

    signal: FeedbackSignal
    trace_id: bytes = b""
    span_id: bytes = b""
    response_id: str = ""
    conversation_id: str = ""
    at_ns: int = 0
    """When the user did it; 0 = not said."""


OnFeedback = Callable[[Feedback], object]
"""Told of each signal; it must be quick."""


class FeedbackReader:
    """Counts the signals of one process, each once: a request that is sent again adds nothing."""

    def __init__(self, meters: Meters, on_feedback: OnFeedback | None = None) -> None:
        self._meters = meters
        self._on_feedback = on_feedback
        self._markers = Markers([otel_evals.EVALUATOR_TYPE.encode()])
        self._counted: OrderedDict[int, None] = OrderedDict()

    def read(self, body: bytes) -> None:
        """Hear what a valid body of log records says; it is safe by now."""
        if not self._markers.occur(body):
            return
        for record, digest in self._records(body):
            feedback = read_feedback(record)
            if feedback is None or digest in self._counted:
                continue
            self._counted[digest] = None
            if len(self._counted) > _REMEMBERED:
                self._counted.popitem(last=False)
            self._meters.add(catalogue.FEEDBACK, 1, feedback.signal.value, _text(record.resource, gen_ai.SERVICE_NAME))
            if self._on_feedback is not None:
                self._on_feedback(feedback)

    def _records(self, body: bytes) -> Iterator[tuple[LogView, int]]:
        frame = walk(body)
        for candidate in self._markers.candidates(frame):
            data = body[candidate.item.payload : candidate.item.end]
            yield decode_log(data, decode_resource(frame.head(candidate.resource)), ""), hash(data)


def read_feedback(record: LogView) -> Feedback | None:
    """The signal of a log record; None when it is none, or does not say which."""
    attributes = record.attributes
    if attributes.get(otel_evals.EVALUATOR_TYPE) != EvaluatorType.USER.value:
        return None
    if (record.event_name or attributes.get(gen_ai.EVENT_NAME)) != gen_ai.EVALUATION_RESULT:
        return None
    said = _text(attributes, otel_evals.FEEDBACK_SIGNAL)
    if said:
        signal = FeedbackSignal(said) if said in _SIGNALS else None
    else:
        signal = _THUMBS.get(_text(attributes, gen_ai.EVALUATION_LABEL))
    if signal is None:
        return None
    has_ids = valid_ids(record.trace_id, record.span_id)
    return Feedback(
        signal=signal,
        trace_id=record.trace_id if has_ids else b"",
        span_id=record.span_id if has_ids else b"",
        response_id=_text(attributes, gen_ai.RESPONSE_ID),
        conversation_id=_text(attributes, gen_ai.CONVERSATION_ID),
        at_ns=record.time_ns,
    )


def _text(attributes: Any, key: str) -> str:
    value = attributes.get(key)
    return value if isinstance(value, str) else ""
