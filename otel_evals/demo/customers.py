"""What the shop's customers do with an answer: thumbs, copies, corrections, another try. Made up from a seed.

Whoever got a bad answer complains more often than whoever got a good one, and some complain of good ones: as people do.
An application reports it as a log event that carries the ids of the span that answered; where a backend runs, every
other customer's page reports to its `POST /v1/feedback` instead. One reaction goes one way.
"""

import heapq
import random
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any, Final

import msgspec
from opentelemetry._logs import Logger, LogRecord
from opentelemetry.context import Context
from opentelemetry.trace import Span, format_span_id, format_trace_id, set_span_in_context

from otel_evals.demo.request import AppRequest
from otel_evals.records.evaluation import EvaluatorType
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.semconv import gen_ai, otel_evals

_NS: Final = 1_000_000_000
_TRIES: Final = 5
_LATER_NS: Final = 5 * _NS
_OF_GOOD: Final[Mapping[FeedbackSignal, float]] = {
    FeedbackSignal.THUMBS_UP: 0.06,
    FeedbackSignal.COPY: 0.08,
    FeedbackSignal.EDIT: 0.02,
    FeedbackSignal.THUMBS_DOWN: 0.01,
}
_OF_BAD: Final[Mapping[FeedbackSignal, float]] = {
    FeedbackSignal.THUMBS_DOWN: 0.16,
    FeedbackSignal.REGENERATE: 0.12,
    FeedbackSignal.REPHRASE: 0.12,
    FeedbackSignal.ABANDON: 0.05,
    FeedbackSignal.CORRECTION: 0.03,
    FeedbackSignal.THUMBS_UP: 0.02,
}
"""Share of the answers that get the signal."""
_SECONDS: Final = (2.0, 20.0)
"""Between an answer and what is done with it."""
_COMMENTS: Final = ("That is not what I asked.", "This is wrong.", "The shop told me otherwise yesterday.")


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer did."""

    signal: FeedbackSignal
    value: float | None = None
    """Of an edit, the share of the answer that was changed."""
    comment: str | None = None


Give = Callable[[dict[str, Any]], bool]
"""Hands a signal to the backend; False = try again later."""
Report = Callable[[], bool]


class Customers:
    """Draws reactions; `rng` is theirs alone, so that requests do not depend on them. `give`: the way to a backend."""

    def __init__(self, rng: random.Random, give: Give | None = None) -> None:
        self._rng = rng
        self._give = give
        self._number = 0
        self._order = count()
        self._planned: list[tuple[int, int, int, Report]] = []

    def react(self, request: AppRequest) -> Reaction | None:
        """What the customer does with the answer; None for most."""
        chance = self._rng.random()
        for signal, share in (_OF_GOOD if request.flaw is None else _OF_BAD).items():
            chance -= share
            if chance < 0:
                return self._reaction(signal)
        return None

    def _reaction(self, signal: FeedbackSignal) -> Reaction:
        if signal is FeedbackSignal.EDIT:
            return Reaction(signal=signal, value=round(self._rng.uniform(0.05, 0.6), 2))
        says = signal in (FeedbackSignal.THUMBS_DOWN, FeedbackSignal.CORRECTION) and self._rng.random() < 0.5
        return Reaction(signal=signal, comment=self._rng.choice(_COMMENTS) if says else None)

    def plan(self, logger: Logger, reaction: Reaction, request: AppRequest, answered: Span, end_ns: int) -> None:
        """Let `reaction` to the answer of `answered`, which came at `end_ns`, be reported some seconds later."""
        at_ns = end_ns + int(self._rng.uniform(*_SECONDS) * _NS)
        facts: dict[str, Any] = {
            otel_evals.EVALUATOR_TYPE: EvaluatorType.USER.value,
            otel_evals.FEEDBACK_SIGNAL: reaction.signal.value,
            gen_ai.EVALUATION_NAME: "user_feedback",
            gen_ai.EVALUATION_SCORE: reaction.value,
            gen_ai.EVALUATION_EXPLANATION: reaction.comment,
            gen_ai.CONVERSATION_ID: request.conversation,
        }
        self._number += 1
        if self._give is not None and self._number % 2 and reaction.signal is not FeedbackSignal.CORRECTION:
            signal = _signal(reaction, request, answered, at_ns)
            self._plan(at_ns, partial(self._give, signal))
            return
        record = LogRecord(
            timestamp=at_ns,
            context=set_span_in_context(answered, Context()),
            event_name=gen_ai.EVALUATION_RESULT,
            attributes={key: value for key, value in facts.items() if value is not None},
        )
        self._plan(at_ns, partial(_emit, logger, record))

    def _plan(self, at_ns: int, report: Report, *, tries: int = 1) -> None:
        heapq.heappush(self._planned, (at_ns, next(self._order), tries, report))

    def report(self, now_ns: int) -> None:
        """Report what is due."""
        while self._planned and self._planned[0][0] <= now_ns:
            _, _, tries, report = heapq.heappop(self._planned)
            if not report() and tries < _TRIES:
                self._plan(now_ns + _LATER_NS, report, tries=tries + 1)


def _emit(logger: Logger, record: LogRecord) -> bool:
    logger.emit(record)
    return True


def _signal(reaction: Reaction, request: AppRequest, answered: Span, at_ns: int) -> dict[str, Any]:
    """The reaction as `POST /v1/feedback` takes it."""
    place = answered.get_span_context()
    trace_id, span_id = format_trace_id(place.trace_id), format_span_id(place.span_id)
    facts: dict[str, Any] = {
        "signal": reaction.signal.value,
        "trace_id": trace_id,
        "span_id": span_id,
        "conversation_id": request.conversation,
        "value": reaction.value,
        "comment": reaction.comment,
        "at": at_ns / _NS,
        "id": f"{trace_id}-{span_id}-{reaction.signal.value}",
    }
    return {key: value for key, value in facts.items() if value is not None}
