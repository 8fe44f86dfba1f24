"""Our own names, all under `otel_evals.`."""

from typing import Final

SCOPE: Final = "otel_evals"

EVALUATOR_TYPE: Final = "otel_evals.evaluator.type"
EVALUATOR_ID: Final = "otel_evals.evaluator.id"
EVALUATOR_VERSION: Final = "otel_evals.evaluator.version"
EVALUATOR_MODEL: Final = "otel_evals.evaluator.model"
VERDICT: Final = "otel_evals.verdict"
VERDICT_CONFIDENCE: Final = "otel_evals.verdict.confidence"
VERDICT_CACHED: Final = "otel_evals.verdict.cached"
JUDGE_COST: Final = "otel_evals.judge.cost"
"""Of one judgement, in USD."""
JUDGE_LAG: Final = "otel_evals.judge.lag"
"""From the end of the judged span to its verdict, in seconds."""
SAMPLING_PROBABILITY: Final = "otel_evals.sampling.probability"
SAMPLING_STRATUM: Final = "otel_evals.sampling.stratum"
LABEL_PROBABILITY: Final = "otel_evals.label.probability"
LABEL_PURPOSIVE: Final = "otel_evals.label.purposive"
SHADOW: Final = "otel_evals.shadow"
ACTIVE_LABEL: Final = "otel_evals.active.label"
"""What the active judge said of the span that a shadow judge saw too."""
SOURCE: Final = "otel_evals.source"
DATASET_ID: Final = "otel_evals.dataset.id"
"""The data set whose case an offline run put to the application; on the resource or the span."""
DATASET_VERSION: Final = "otel_evals.dataset.version"

RISK_BAND: Final = "otel_evals.risk.band"
RISK_REASONS: Final = "otel_evals.risk.reasons"
ROUTE: Final = "otel_evals.route"
DECISION: Final = "otel_evals.decision"
COVERAGE: Final = "otel_evals.coverage"
CONTENT_CAPPED: Final = "otel_evals.content.capped"
PROMPT_FINGERPRINT: Final = "otel_evals.prompt.fingerprint"

OUTCOME: Final = "otel_evals.outcome"
REASON: Final = "otel_evals.reason"
DESTINATION: Final = "otel_evals.destination"
SIGNAL: Final = "otel_evals.signal"
INSTRUMENT: Final = "otel_evals.instrument"
TASK: Final = "otel_evals.task"
LOGGER: Final = "otel_evals.logger"
STATISTIC: Final = "otel_evals.statistic"
ESTIMATOR: Final = "otel_evals.estimator"
WINDOW: Final = "otel_evals.window"
REVIEW_STATE: Final = "otel_evals.review.state"
FEEDBACK_SIGNAL: Final = "otel_evals.feedback.signal"
FEEDBACK_ID: Final = "otel_evals.feedback.id"
"""16 bytes as hex: two events that carry the same are one signal, by whatever ways they come."""

PREFIX: Final = "otel_evals."
RESERVED_WORDS: Final = frozenset({
    "active", "agreement", "computed", "content", "cost", "coverage", "decision", "destination", "divergence",
    "estimator", "evaluation", "evaluations", "evaluator", "feedback", "judge", "label", "lag", "metrics",
    "operation", "outcome", "prompt", "quality", "reason", "review", "risk", "route", "sampling", "score", "shadow",
    "source", "spans", "statistic", "tokens", "verdict", "waiting", "window",
})  # fmt: skip
"""Words that follow `otel_evals.` in the contract: no evaluation may be called one of these."""


def result_label(name: str) -> str:
    """Span attribute that carries the label of the evaluation called `name`."""
    return f"otel_evals.{name}.label"


def result_score(name: str) -> str:
    """Span attribute that carries the score of the evaluation called `name`."""
    return f"otel_evals.{name}.score"
