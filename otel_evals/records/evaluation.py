"""What an evaluator said of an exchange: a finding, and the result or failure that goes out on the wire.

A failed evaluator is never a pass, a fail or a score: it is an `EvaluationFailure`, counted and visible.
"""

from enum import StrEnum

import msgspec


class Label(StrEnum):
    """The two labels of `gen_ai.evaluation.score.label`."""

    PASS = "pass"  # noqa: S105 - the label of a result
    FAIL = "fail"


class EvaluatorType(StrEnum):
    """Who decided."""

    CODE = "code"
    LLM_JUDGE = "llm_judge"
    HUMAN = "human"
    USER = "user"


class Source(StrEnum):
    """Where the evaluated call came from."""

    ONLINE = "online"
    OFFLINE = "offline"


class Finding(msgspec.Struct, frozen=True, gc=False):
    """What a check returns: a label, a score in [0, 1] (1 best) and one sentence that never quotes the content."""

    label: Label
    score: float
    explanation: str = ""


def passed(explanation: str = "", score: float = 1.0) -> Finding:
    """A finding that the answer is fine in this respect."""
    return Finding(Label.PASS, score, explanation)


def failed(explanation: str, score: float = 0.0) -> Finding:
    """A finding that the answer is not fine, with the sentence that says why."""
    return Finding(Label.FAIL, score, explanation)


class EvaluationResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields of one `gen_ai.evaluation.result` with its provenance."""

    name: str
    label: Label
    score: float
    explanation: str
    evaluator_id: str
    evaluator_version: str
    evaluator_type: EvaluatorType = EvaluatorType.CODE
    evaluator_model: str | None = None
    verdict: str | None = None
    """A judge's finer label."""
    confidence: float | None = None
    """A judge's own certainty, 0 … 1."""
    cached: bool = False
    """Whether a judge's answer is that of an earlier, equal question."""
    sampling_probability: float = 1.0
    """π1: probability with which this span came to this evaluator, in (0, 1]; inline checks see every span."""
    sampling_stratum: str | None = None
    label_probability: float | None = None
    """π2, of a person's label that was drawn at random: probability with which a judged span came to people."""
    label_purposive: bool = False
    """Whether a person's label was chosen by hand: never in an estimate."""
    shadow: bool = False
    source: Source = Source.ONLINE


class EvaluationFailure(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An evaluator that could not decide. `error_type` is what `error.type` says on the wire."""

    name: str
    error_type: str
    message: str
    evaluator_id: str
    evaluator_version: str
    evaluator_type: EvaluatorType = EvaluatorType.CODE
    evaluator_model: str | None = None
    sampling_probability: float = 1.0
    """As in `EvaluationResult`."""
    sampling_stratum: str | None = None
    shadow: bool = False
    source: Source = Source.ONLINE
