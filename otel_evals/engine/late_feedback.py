"""Brings spans to judges because of what their users did with the answer, before their span came or after it.

Before: the signal is among what sampling knows of the span (`said`, for the planner). After: the rules that ask for
feedback are asked again, and a span that they select now is judged without a hold; its result follows as a late one, of
stratum and with the probability of the union of both decisions. It had an outcome in the ledger, `sampled_out`, which
the judgement replaces; the coverage metric, which cannot take anything back, has counted it. No signal brings a span to
a judge twice, since the second decision starts from the first.

Best effort: the memory is bounded and ends with the process. Life cycle: the pipeline calls `remember` for each span
that is safe, `FeedbackReader` calls `hear`, `judging` tells `left_out` when a reservoir has let a span go.
"""

import logging
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.feedback import Feedback
from otel_evals.engine.job import Job
from otel_evals.engine.judging import Judging
from otel_evals.engine.measure import slice_values
from otel_evals.engine.plan import JudgeSpec, Planner, Selection
from otel_evals.engine.recent import EarlyWords, Key, RecentSpan, RecentSpans
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.errors import Unavailable
from otel_evals.records.exchange import Exchange
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.records.judging import SamplingDecision
from otel_evals.rubrics.applies import missing
from otel_evals.sampling.facts import SamplingFacts

_LOG: Final = logging.getLogger(__name__)


class LateFeedback:
    """What one worker does about feedback."""

    def __init__(
        self, planner: Planner, judging: Judging, recent: RecentSpans, early: EarlyWords, tasks: Tasks
    ) -> None:
        self._planner = planner
        self._judging = judging
        self._recent = recent
        self._early = early
        self._tasks = tasks

    def remember(self, spans: Sequence[Evaluated]) -> None:
        """Keep spans that are safe by now, for what may be heard of them."""
        if not self._planner.signals:
            return
        for span in spans:
            recent = _recent(span, self._planner.late_attributes)
            self._recent.add(recent)
            # What was heard since it was planned, or beside what it was planned with.
            for signal in self._early.about(span.exchange):
                self._heard(recent, signal)

    def hear(self, feedback: Feedback) -> bool:
        """Act on a signal; whether its span is known here. Otherwise it is kept for a span that comes yet."""
        signal = feedback.signal
        if signal not in self._planner.signals:
            return True
        found = self._find(feedback)
        for span in found:
            self._heard(span, signal)
        if not found:
            self._keep(feedback)
        return bool(found)

    def left_out(self, key: Key, spec: JudgeSpec, decision: SamplingDecision) -> None:
        """Hear that a reservoir has let a span go: what its user did meanwhile counts now."""
        span = self._recent.get(key)
        if span is None or not span.waiting:
            return
        span.waiting -= 1
        left: Selection | None = Selection(spec, decision)
        span.left.append(left)
        for signal in span.signals:
            if left is not None:
                left = self._reconsider(span, left, signal)

    def _find(self, feedback: Feedback) -> list[RecentSpan]:
        """The spans that a signal is about: one, or the latest call and the latest run of a conversation."""
        if feedback.span_id:
            found = self._recent.get((feedback.trace_id, feedback.span_id))
        elif feedback.response_id:
            found = self._recent.of_response(feedback.response_id)
        elif feedback.conversation_id:
            return self._recent.of_conversation(feedback.conversation_id)
        else:
            return []
        return [] if found is None else [found]

    def _keep(self, feedback: Feedback) -> None:
        if feedback.span_id:
            self._early.add("span", (feedback.trace_id, feedback.span_id), feedback.signal, feedback.at_ns)
        elif feedback.response_id:
            self._early.add("response", feedback.response_id, feedback.signal, feedback.at_ns)
        elif feedback.conversation_id:
            self._early.add("conversation", feedback.conversation_id, feedback.signal, feedback.at_ns)

    def _heard(self, span: RecentSpan, signal: FeedbackSignal) -> None:
        if signal in span.signals or span.facts is None:
            return
        span.signals.append(signal)
        for left in list(span.left):
            self._reconsider(span, left, signal)

    def _reconsider(self, span: RecentSpan, left: Selection, signal: FeedbackSignal) -> Selection | None:
        """Decide again over one judge and a span; None when there is nothing more to decide."""
        facts, case = span.facts, span.case
        spec = self._judging.spec(left.spec.key)
        position = span.left.index(left)
        if facts is None or case is None or spec is None or missing(spec.judge.needs, case) is not None:
            del span.left[position]
            return None
        decision = self._planner.reconsider(Selection(spec, left.decision), facts, signal)
        if not decision.selected:
            span.left[position] = Selection(spec, decision)
            return span.left[position]
        del span.left[position]
        job = Job(case=case, resource=span.resource, where=span.where, decision=decision)
        self._tasks.spawn(self._take(span, left, spec, job), "judge for feedback")
        return None

    async def _take(self, span: RecentSpan, left: Selection, spec: JudgeSpec, job: Job) -> None:
        try:
            await self._judging.take_late(spec, job)
        except Unavailable as error:
            _LOG.warning("feedback brings a span to no judge, since its job cannot be kept: %s", error)
            span.left.append(left)  # the next signal may find a better moment


def said(early: EarlyWords, exchange: Exchange) -> FeedbackSignal | None:
    """What a user did with an answer before its span came; the latest of several."""
    return next(iter(early.about(exchange)), None)


def _recent(span: Evaluated, keys: Collection[str]) -> RecentSpan:
    exchange, plan = span.exchange, span.plan
    left = list(plan.left) if plan is not None else []
    waiting = sum(one.waits for one in plan.selected) if plan is not None else 0
    may_change = plan is not None and bool(left or waiting)
    facts = plan.facts if plan is not None and may_change else None
    return RecentSpan(
        exchange_end_ns=exchange.end_ns,
        key=(exchange.trace_id, exchange.span_id),
        is_run=span.is_run,
        response_id=exchange.response_id,
        conversation_id=exchange.conversation_id,
        facts=None if facts is None else _detached(facts, keys),
        case=plan.case if plan is not None and may_change else None,
        resource=span.resource,
        where=slice_values(span),
        left=left,
        waiting=waiting,
        signals=[] if facts is None or facts.feedback is None else [facts.feedback],
    )


def _detached(facts: SamplingFacts, keys: Collection[str]) -> SamplingFacts:
    """The facts with those attributes only that rules may still ask for: the span itself need not be kept."""
    return msgspec.structs.replace(facts, attribute={key: facts.attribute(key) for key in keys}.get)
