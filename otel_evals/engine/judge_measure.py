"""Counts what judges say and what it takes, once a judgement has been made durable; and those that hold up traffic."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from otel_evals.emit.evaluation_span import Judgement
from otel_evals.engine.measure import Measurements
from otel_evals.engine.plan import JudgeSpec
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import EvaluationResult, EvaluatorType, Label
from otel_evals.telemetry import catalogue
from otel_evals.telemetry.meters import Meters

_LOG: Final = logging.getLogger(__name__)
_PAIRS: Final = 10_000
"""Spans whose first verdict waits for that of the other judge, to be compared."""

OnJudged = Callable[[Judgement], None]
"""Sees every judgement once it is durable; it must be quick."""


class JudgeMeasurements:
    """Turns judgements into measurements, and lets `on_judged` see them."""

    def __init__(
        self, meters: Meters, measurements: Measurements, on_judged: OnJudged | None = None, *, extra_keys: int = 0
    ) -> None:
        """`extra_keys`: how many extra slice keys are configured."""
        self._nowhere = ("",) * (len(catalogue.SLICE_KEYS) + extra_keys)
        self._meters = meters
        self._measurements = measurements
        self._on_judged = on_judged
        self._verdicts: OrderedDict[tuple[bytes, bytes, str], list[EvaluationResult]] = OrderedDict()
        self._told: set[str] = set()

    def stalled(self, spec: JudgeSpec, seconds: float) -> None:
        """Count a judge that kept everything else waiting, and say so the first time."""
        self._meters.add(catalogue.JUDGE_STALLS, 1, *spec.key)
        if spec.id not in self._told:
            self._told.add(spec.id)
            _LOG.warning(
                "the judge %s kept all traffic of this process waiting for %.1f s: give its class `blocking = True`, "
                "so that it runs in a thread (said once; otel_evals.judge.stalls counts)",
                spec.id,
                seconds,
            )

    def ended(
        self, spec: JudgeSpec, judgement: Judgement, where: tuple[str, ...], *, mismatched: bool, is_late: bool = False
    ) -> None:
        """Count one judgement of a span whose metrics are cut by `where`.

        One that is late because feedback asked for it counts like any other, but for two: the coverage of its span was
        counted before, as `sampled_out`; and the weighted counters leave it out. Its π is that of every span with such
        feedback, those included that were judged at once and counted with their π of then, which a counter cannot take
        back: with both the spans with feedback would count twice.
        """
        meters, outcome = self._meters, judgement.outcome
        if self._on_judged is not None:
            self._on_judged(judgement)
        if not is_late:
            self.outcome(spec, judgement.coverage, where)
        model = outcome.evaluator_model or ""
        who = (*spec.key, model)
        if judgement.calls:
            meters.observe(catalogue.JUDGE_DURATION, (judgement.ended_ns - judgement.started_ns) / 1e9, *who)
            usage = judgement.usage
            for kind, tokens in (("input", usage.input_tokens), ("output", usage.output_tokens)):
                if tokens is not None:
                    meters.add(catalogue.JUDGE_TOKENS, tokens, kind, *who)
            if judgement.cost is not None:
                meters.add(catalogue.JUDGE_COST, judgement.cost, *who)
        if mismatched:
            meters.add(catalogue.JUDGE_MODEL_MISMATCH, 1, *who)
        if isinstance(outcome, EvaluationResult):
            if judgement.lag >= 0:
                meters.observe(catalogue.JUDGE_LAG, judgement.lag, *who)
            self._measurements.judged(
                outcome, judgement.trace_id, judgement.span_id, judgement.ended_ns, where, is_weighted=not is_late
            )
            self._compare(spec, outcome, judgement)
        else:
            self._measurements.failed(outcome, where)

    def lost(self, spec: JudgeSpec, coverage: CoverageOutcome) -> None:
        """Count a span whose job was no longer readable, so that nobody knows where it belongs."""
        self.outcome(spec, coverage, self._nowhere)

    def outcome(self, spec: JudgeSpec, coverage: CoverageOutcome, where: tuple[str, ...]) -> None:
        """Count one span by its final outcome."""
        who = (EvaluatorType.LLM_JUDGE.value, *spec.key)
        self._meters.add(catalogue.COVERAGE, 1, spec.judge.name, coverage.value, *who, *where)

    def _compare(self, spec: JudgeSpec, result: EvaluationResult, judgement: Judgement) -> None:
        """Compare a shadow's verdict with the active judge's on the same span, whichever comes last."""
        key = (judgement.trace_id, judgement.span_id, spec.judge.name)
        verdicts = self._verdicts.setdefault(key, [])
        for other in verdicts:
            if other.shadow != result.shadow:
                shadow, active = (result, other) if result.shadow else (other, result)
                self._compared(shadow, active.label)
        verdicts.append(msgspec.structs.replace(result, explanation=""))
        if len(self._verdicts) > _PAIRS:
            self._verdicts.popitem(last=False)

    def _compared(self, shadow: EvaluationResult, active: Label) -> None:
        self._meters.add(
            catalogue.SHADOW_COMPARISONS,
            1,
            shadow.name,
            shadow.label.value,
            active.value,
            shadow.evaluator_type.value,
            shadow.evaluator_id,
            shadow.evaluator_version,
        )
