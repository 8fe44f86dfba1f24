"""Reads one evaluation, from an event on its span, a span of its own, or a log record: the same attributes in each.

Results of any sender count: one that does not say who evaluated is taken by its name alone.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from otel_evals.engine.feedback import read_feedback
from otel_evals.records.evaluation import EvaluatorType, Source
from otel_evals.records.span import LogView
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals_backend.content.policy import Policy
from otel_evals_backend.ingest.bounds import LONG, Times, amount, number, probability, share, text
from otel_evals_backend.keeping.arrivals import Evaluator, FeedbackArrival, ResultArrival
from otel_evals_backend.storage.tables import FAIL, PASS

_LABELS: Final = {"pass": PASS, "fail": FAIL, "passed": PASS, "failed": FAIL}
_TYPES: Final = frozenset({EvaluatorType.CODE, EvaluatorType.LLM_JUDGE, EvaluatorType.HUMAN})
_COMMENT: Final = 2000
_TRACE: Final = 16
_SIGNAL_ID: Final = 16


def is_users(attributes: Mapping[str, Any]) -> bool:
    """Whether a user said it: that is feedback, no result."""
    return attributes.get(otel_evals.EVALUATOR_TYPE) == EvaluatorType.USER


def read_result(span: bytes, at_ns: int, attributes: Mapping[str, Any], policy: Policy) -> ResultArrival | None:
    """The result that `attributes` say, of the span with this key; None when they name no evaluation."""
    get = attributes.get
    name = text(get(gen_ai.EVALUATION_NAME))
    if name is None or is_users(attributes):
        return None
    error = text(get(gen_ai.ERROR_TYPE))
    said = None if error is not None else text(get(gen_ai.EVALUATION_LABEL))
    label = None if said is None else _LABELS.get(said.lower())
    who = _evaluator(
        name,
        text(get(otel_evals.EVALUATOR_TYPE)),
        text(get(otel_evals.EVALUATOR_ID)) or name,
        text(get(otel_evals.EVALUATOR_VERSION)) or "",
        get(otel_evals.SOURCE) == Source.OFFLINE,
        get(otel_evals.SHADOW) is True,
    )
    return ResultArrival(
        span=span,
        evaluator=who,
        at_ns=at_ns,
        label=label,
        score=None if error is not None else number(get(gen_ai.EVALUATION_SCORE)),
        verdict=text(get(otel_evals.VERDICT)) or (said if label is None else None),
        confidence=share(get(otel_evals.VERDICT_CONFIDENCE)),
        cached=get(otel_evals.VERDICT_CACHED) is True,
        probability=probability(get(otel_evals.SAMPLING_PROBABILITY)),
        label_probability=probability(get(otel_evals.LABEL_PROBABILITY)),
        purposive=get(otel_evals.LABEL_PURPOSIVE) is True,
        stratum=text(get(otel_evals.SAMPLING_STRATUM)),
        explanation=policy.explanation(text(get(gen_ai.EVALUATION_EXPLANATION), LONG)),
        model=text(get(otel_evals.EVALUATOR_MODEL)),
        error_type=error,
        coverage=text(get(otel_evals.COVERAGE)),
        cost=amount(get(otel_evals.JUDGE_COST)),
        lag=amount(get(otel_evals.JUDGE_LAG)),
    )


@lru_cache(maxsize=4096)
def _evaluator(name: str, kind: str | None, evaluator_id: str, version: str, offline: bool, shadow: bool) -> Evaluator:  # noqa: FBT001, PLR0917 - the parts of a key
    return Evaluator(
        name=name,
        type=EvaluatorType.CODE.value if kind is None or kind not in _TYPES else kind,
        evaluator_id=evaluator_id,
        version=version,
        source=(Source.OFFLINE if offline else Source.ONLINE).value,
        shadow=shadow,
    )


def read_signal(record: LogView, policy: Policy, times: Times) -> FeedbackArrival | None:
    """The user's signal that a log record says; None when it is none, or says nothing of what it is about."""
    found = read_feedback(record)
    if found is None:
        return None
    attributes = record.attributes
    trace_id = found.trace_id or _trace_alone(record)
    value, comment = number(attributes.get(gen_ai.EVALUATION_SCORE)), attributes.get(gen_ai.EVALUATION_EXPLANATION)
    response, conversation = text(found.response_id, 256), text(found.conversation_id, 256)
    if not (trace_id or response or conversation):
        return None
    said = repr((found.signal.value, trace_id, found.span_id, response, conversation, found.at_ns, value, comment))
    return FeedbackArrival(
        id=_named(attributes) or sha256(said.encode("utf-8", "surrogatepass")).digest()[:16],
        at_ns=times.point(found.at_ns),
        signal=found.signal.value,
        value=value,
        comment=policy.words(text(comment, _COMMENT)),
        trace_id=trace_id or None,
        span_id=found.span_id or None,
        response_id=response,
        conversation_id=conversation,
        source="otlp",
    )


def _trace_alone(record: LogView) -> bytes:
    """The id of the trace, of a record that names no span: the signal is about the latest call of the trace."""
    trace_id = record.trace_id
    return trace_id if len(trace_id) == _TRACE and any(trace_id) and not any(record.span_id) else b""


def _named(attributes: Mapping[str, Any]) -> bytes | None:
    """The id that the signal carries, such as the one that the backend itself gave it before it went round."""
    said = attributes.get(otel_evals.FEEDBACK_ID)
    try:
        found = bytes.fromhex(said) if isinstance(said, str) else b""
    except ValueError:
        return None
    return found if len(found) == _SIGNAL_ID else None
