"""Every instrument, as data: name, kind, unit, meaning, keys. The README's table and the scrape are made from it.

Who measures imports a constant from here and hands the values of `keys` to `telemetry.meters.Meters` in this order;
sliced instruments take the values of the configured extra slice keys after them.

Units are `s`, `By` or an annotation in braces: a gauge with unit `1` would be called `…_ratio` by some ways into
Prometheus and not by others. A key without a value for a point (empty text) is absent from that point.

Longer than usual, because it is data: one entry an instrument, read as one table.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from otel_evals.semconv import gen_ai, instruments, otel_evals


class Kind(StrEnum):
    """What an instrument is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument. `keys` are the attribute keys of its points, in the order in which values are handed in."""

    name: str
    kind: Kind
    unit: str
    description: str
    keys: tuple[str, ...] = ()
    boundaries: tuple[float, ...] = ()
    """Explicit bucket boundaries, histograms only."""
    sliced: bool = False
    """Whether the configured extra slice keys follow `keys`."""


SLICE_KEYS: Final = (
    gen_ai.PROVIDER_NAME,
    gen_ai.REQUEST_MODEL,
    gen_ai.RESPONSE_MODEL,
    gen_ai.PROMPT_NAME,
    gen_ai.PROMPT_VERSION,
    gen_ai.OPERATION_NAME,
    gen_ai.SERVICE_NAME,
    gen_ai.DEPLOYMENT_ENVIRONMENT,
)
"""What the evaluated call itself says; the values come from traffic."""

EVALUATOR_KEYS: Final = (otel_evals.EVALUATOR_TYPE, otel_evals.EVALUATOR_ID, otel_evals.EVALUATOR_VERSION)
EVALUATION_KEYS: Final = (gen_ai.EVALUATION_NAME, gen_ai.EVALUATION_LABEL, *EVALUATOR_KEYS, *SLICE_KEYS)
"""One tuple of values serves all four instruments of a result."""

CLOSED_KEYS: Final = frozenset({
    gen_ai.EVALUATION_NAME,
    gen_ai.EVALUATION_LABEL,
    gen_ai.TOKEN_TYPE,
    *EVALUATOR_KEYS,
    otel_evals.ACTIVE_LABEL,
    otel_evals.RISK_BAND,
    otel_evals.FEEDBACK_SIGNAL,
    otel_evals.OUTCOME,
    otel_evals.REASON,
    otel_evals.DESTINATION,
    otel_evals.SIGNAL,
    otel_evals.INSTRUMENT,
    otel_evals.TASK,
    otel_evals.LOGGER,
})  # fmt: skip
"""Keys whose values come from our code and configuration, never from traffic: no cap is needed to bound them."""

JUDGE_KEYS: Final = (otel_evals.EVALUATOR_ID, otel_evals.EVALUATOR_VERSION, gen_ai.RESPONSE_MODEL)
"""What tells judge calls apart."""

LAG_BOUNDARIES: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 300.0, 900.0, 3600.0)
"""Seconds: the usual hold is 10."""
SCORE_BOUNDARIES: Final = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Few, because every slice of every check carries them; exact zeros, the score of most failures, stand apart."""
DURATION_BOUNDARIES: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Seconds; those that the GenAI conventions advise for `gen_ai.client.operation.duration`."""

EVALUATIONS: Final = Instrument(
    name=instruments.EVALUATIONS,
    kind=Kind.COUNTER,
    unit="{evaluation}",
    description="Evaluation results, by name and label.",
    keys=EVALUATION_KEYS,
    sliced=True,
)
EVALUATIONS_WEIGHTED: Final = Instrument(
    name=instruments.EVALUATIONS_WEIGHTED,
    kind=Kind.COUNTER,
    unit="{evaluation}",
    description="Sum of 1/p over the results, p the probability of being evaluated: fail / (pass + fail) is unbiased.",
    keys=EVALUATION_KEYS,
    sliced=True,
)
EVALUATIONS_WEIGHTED_SQUARED: Final = Instrument(
    name=instruments.EVALUATIONS_WEIGHTED_SQUARED,
    kind=Kind.COUNTER,
    unit="{evaluation}",
    description="Sum of 1/p² over the results: weighted² / weighted_squared is the effective sample size.",
    keys=EVALUATION_KEYS,
    sliced=True,
)
EVALUATION_SCORE: Final = Instrument(
    name=instruments.EVALUATION_SCORE,
    kind=Kind.HISTOGRAM,
    unit="{score}",
    description="Scores, 0 worst to 1 best, with the latest span behind each bucket.",
    keys=EVALUATION_KEYS,
    boundaries=SCORE_BOUNDARIES,
    sliced=True,
)
EVALUATION_ERRORS: Final = Instrument(
    name=instruments.EVALUATION_ERRORS,
    kind=Kind.COUNTER,
    unit="{evaluation}",
    description="Evaluators that could not decide, by error type: neither a pass nor a fail.",
    keys=(gen_ai.EVALUATION_NAME, gen_ai.ERROR_TYPE, *EVALUATOR_KEYS, *SLICE_KEYS),
    sliced=True,
)
COVERAGE: Final = Instrument(
    name=instruments.COVERAGE,
    kind=Kind.COUNTER,
    unit="{span}",
    description="Every GenAI span once per judge, by its final outcome: the outcomes add up to the spans seen.",
    keys=(gen_ai.EVALUATION_NAME, otel_evals.OUTCOME, *EVALUATOR_KEYS, *SLICE_KEYS),
    sliced=True,
)
COVERAGE_PENDING: Final = Instrument(
    name=instruments.COVERAGE_PENDING,
    kind=Kind.GAUGE,
    unit="{span}",
    description="GenAI spans whose judge has not answered yet.",
    keys=(gen_ai.EVALUATION_NAME, otel_evals.EVALUATOR_ID),
)
SHADOW_EVALUATIONS: Final = Instrument(
    name=instruments.SHADOW_EVALUATIONS,
    kind=Kind.COUNTER,
    unit="{evaluation}",
    description="Results of shadow judges, by name and label: never part of the evaluations.",
    keys=EVALUATION_KEYS,
    sliced=True,
)
SHADOW_COMPARISONS: Final = Instrument(
    name=instruments.SHADOW_COMPARISONS,
    kind=Kind.COUNTER,
    unit="{evaluation}",
    description="Spans that a shadow judge and the active judge of its name both judged, by both labels.",
    keys=(gen_ai.EVALUATION_NAME, gen_ai.EVALUATION_LABEL, otel_evals.ACTIVE_LABEL, *EVALUATOR_KEYS),
)
JUDGE_DURATION: Final = Instrument(
    name=instruments.JUDGE_DURATION,
    kind=Kind.HISTOGRAM,
    unit="s",
    description="Duration of judgements, all tries together.",
    keys=JUDGE_KEYS,
    boundaries=DURATION_BOUNDARIES,
)
JUDGE_LAG: Final = Instrument(
    name=instruments.JUDGE_LAG,
    kind=Kind.HISTOGRAM,
    unit="s",
    description="From the end of the judged span to its verdict.",
    keys=JUDGE_KEYS,
    boundaries=LAG_BOUNDARIES,
)
JUDGE_TOKENS: Final = Instrument(
    name=instruments.JUDGE_TOKENS,
    kind=Kind.COUNTER,
    unit="{token}",
    description="Tokens of judge calls, by token type.",
    keys=(gen_ai.TOKEN_TYPE, *JUDGE_KEYS),
)
JUDGE_COST: Final = Instrument(
    name=instruments.JUDGE_COST,
    kind=Kind.COUNTER,
    unit="{USD}",
    description="Price of judge calls in US dollars, where it is known.",
    keys=JUDGE_KEYS,
)
JUDGE_MODEL_MISMATCH: Final = Instrument(
    name=instruments.JUDGE_MODEL_MISMATCH,
    kind=Kind.COUNTER,
    unit="{call}",
    description="Answers by another model than the pinned one.",
    keys=JUDGE_KEYS,
)
JUDGE_STALLS: Final = Instrument(
    name=instruments.JUDGE_STALLS,
    kind=Kind.COUNTER,
    unit="{stall}",
    description="Times that a judge in this process kept all traffic waiting for a quarter of a second or more.",
    keys=(otel_evals.EVALUATOR_ID, otel_evals.EVALUATOR_VERSION),
)
RISK: Final = Instrument(
    name=instruments.RISK,
    kind=Kind.COUNTER,
    unit="{span}",
    description="Evaluated spans, by risk band.",
    keys=(otel_evals.RISK_BAND, *SLICE_KEYS),
    sliced=True,
)
FEEDBACK: Final = Instrument(
    name=instruments.FEEDBACK,
    kind=Kind.COUNTER,
    unit="{signal}",
    description="What users did with answers, by signal, as applications report it; also of calls that nobody knows.",
    keys=(otel_evals.FEEDBACK_SIGNAL, gen_ai.SERVICE_NAME),
)
OPERATION_DURATION: Final = Instrument(
    name=instruments.OPERATION_DURATION,
    kind=Kind.HISTOGRAM,
    unit="s",
    description="Duration of the evaluated calls themselves, from their spans.",
    keys=(gen_ai.ERROR_TYPE, *SLICE_KEYS),
    boundaries=DURATION_BOUNDARIES,
    sliced=True,
)
OPERATION_TOKENS: Final = Instrument(
    name=instruments.OPERATION_TOKENS,
    kind=Kind.COUNTER,
    unit="{token}",
    description="Tokens of the evaluated calls, by token type.",
    keys=(gen_ai.TOKEN_TYPE, gen_ai.ERROR_TYPE, *SLICE_KEYS),
    sliced=True,
)
OPERATION_COST: Final = Instrument(
    name=instruments.OPERATION_COST,
    kind=Kind.COUNTER,
    unit="{USD}",
    description="Price of the evaluated calls, in US dollars, where it is known.",
    keys=(gen_ai.ERROR_TYPE, *SLICE_KEYS),
    sliced=True,
)
SPANS: Final = Instrument(
    name=instruments.SPANS,
    kind=Kind.COUNTER,
    unit="{span}",
    description="Spans, by outcome: received = forwarded + refused + failed + waiting.",
    keys=(otel_evals.OUTCOME,),
)
WAITING: Final = Instrument(
    name=instruments.WAITING,
    kind=Kind.GAUGE,
    unit="{span}",
    description="Spans that are held or spooled.",
)
METRICS_OVERFLOW: Final = Instrument(
    name=instruments.METRICS_OVERFLOW,
    kind=Kind.COUNTER,
    unit="{measurement}",
    description="Measurements with a label value beyond the cap, counted under `__other__`.",
    keys=(otel_evals.INSTRUMENT,),
)
METRICS_IGNORED: Final = Instrument(
    name=instruments.METRICS_IGNORED,
    kind=Kind.COUNTER,
    unit="{measurement}",
    description="Measurements that were not taken: infinite, not a number, or negative where that is impossible.",
    keys=(otel_evals.INSTRUMENT,),
)
PROMPT_UNVERSIONED: Final = Instrument(
    name=instruments.PROMPT_UNVERSIONED,
    kind=Kind.COUNTER,
    unit="{span}",
    description="Spans of services whose prompts do not repeat: their prompt version is `unversioned`.",
    keys=(gen_ai.SERVICE_NAME,),
)
JOIN: Final = Instrument(
    name=instruments.JOIN,
    kind=Kind.COUNTER,
    unit="{span}",
    description="Spans that waited for content in other requests, by how the wait ended.",
    keys=(otel_evals.OUTCOME,),
)
REQUESTS: Final = Instrument(
    name=instruments.REQUESTS,
    kind=Kind.COUNTER,
    unit="{request}",
    description="OTLP requests at the door, by signal, outcome (accepted, refused) and reason of a refusal.",
    keys=(otel_evals.SIGNAL, otel_evals.OUTCOME, otel_evals.REASON),
)
DESTINATION_ITEMS: Final = Instrument(
    name=instruments.DESTINATION_ITEMS,
    kind=Kind.COUNTER,
    unit="{item}",
    description="Spans, log records or data points a destination, by outcome (forwarded, dropped, filtered), reason.",
    keys=(otel_evals.DESTINATION, otel_evals.SIGNAL, otel_evals.OUTCOME, otel_evals.REASON),
)
DESTINATION_RETRIES: Final = Instrument(
    name=instruments.DESTINATION_RETRIES,
    kind=Kind.COUNTER,
    unit="{request}",
    description="Requests sent again, by the code of the answer that said so.",
    keys=(otel_evals.DESTINATION, otel_evals.REASON),
)
DESTINATION_WAITING: Final = Instrument(
    name=instruments.DESTINATION_WAITING,
    kind=Kind.GAUGE,
    unit="{item}",
    description="Spans, log records or data points that wait for a destination.",
    keys=(otel_evals.DESTINATION,),
)
SPOOL_SIZE: Final = Instrument(
    name=instruments.SPOOL_SIZE,
    kind=Kind.GAUGE,
    unit="By",
    description="Bytes on disk of what is not forwarded yet.",
    keys=(otel_evals.DESTINATION,),
)
SPOOL_DAMAGED: Final = Instrument(
    name=instruments.SPOOL_DAMAGED,
    kind=Kind.COUNTER,
    unit="{entry}",
    description="Spool entries that could not be read back and were set aside.",
    keys=(otel_evals.DESTINATION,),
)
CONFIG_RELOADS: Final = Instrument(
    name=instruments.CONFIG_RELOADS,
    kind=Kind.COUNTER,
    unit="{reload}",
    description="Reloads of the configuration, by outcome (applied, refused).",
    keys=(otel_evals.OUTCOME,),
)
WORKER_RESTARTS: Final = Instrument(
    name=instruments.WORKER_RESTARTS,
    kind=Kind.COUNTER,
    unit="{restart}",
    description="Workers that ended unasked and were started again.",
)
TASK_CRASHES: Final = Instrument(
    name=instruments.TASK_CRASHES,
    kind=Kind.COUNTER,
    unit="{task}",
    description="Background tasks that died of an unexpected error.",
    keys=(otel_evals.TASK,),
)
LOG_SUPPRESSED: Final = Instrument(
    name=instruments.LOG_SUPPRESSED,
    kind=Kind.COUNTER,
    unit="{record}",
    description="Own log records left out by the rate limit.",
    keys=(otel_evals.LOGGER,),
)

INSTRUMENTS: Final = (
    EVALUATIONS, EVALUATIONS_WEIGHTED, EVALUATIONS_WEIGHTED_SQUARED, EVALUATION_SCORE, EVALUATION_ERRORS,
    COVERAGE, COVERAGE_PENDING, SHADOW_EVALUATIONS, SHADOW_COMPARISONS, JUDGE_DURATION, JUDGE_LAG, JUDGE_TOKENS,
    JUDGE_COST, JUDGE_MODEL_MISMATCH, JUDGE_STALLS, RISK, FEEDBACK, OPERATION_DURATION, OPERATION_TOKENS,
    OPERATION_COST,
    SPANS, WAITING, REQUESTS, DESTINATION_ITEMS, DESTINATION_RETRIES, DESTINATION_WAITING, SPOOL_SIZE, SPOOL_DAMAGED,
    PROMPT_UNVERSIONED, JOIN, METRICS_OVERFLOW, METRICS_IGNORED,
    CONFIG_RELOADS, WORKER_RESTARTS, TASK_CRASHES, LOG_SUPPRESSED,
)  # fmt: skip
"""All of them, in the order of the README's table."""


def with_extra_keys(instrument: Instrument, extra: tuple[str, ...]) -> Instrument:
    """The instrument as it is published when `extra` slice keys are configured (unchanged unless it is sliced)."""
    return (
        msgspec.structs.replace(instrument, keys=instrument.keys + extra) if instrument.sliced and extra else instrument
    )


def by_name(catalogue: Iterable[Instrument] = INSTRUMENTS, extra: tuple[str, ...] = ()) -> Mapping[str, Instrument]:
    """The catalogue as it is published, by instrument name."""
    return {instrument.name: with_extra_keys(instrument, extra) for instrument in catalogue}
