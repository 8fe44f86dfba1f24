"""What goes to a judge, and what comes back: a case, a verdict or a failure; and how a span came to be judged.

A judge is a measuring instrument that costs time or money. A failure is never a score: it ends as a coverage outcome.
"""

from enum import StrEnum

import msgspec

from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import OtelEvalsError
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Exchange, Usage


class Target(StrEnum):
    """What a judge looks at."""

    EXCHANGE = "exchange"
    """One model call."""
    AGENT = "agent"
    """A whole run of an agent or workflow: its question, its steps in short, its final answer."""


class Need(StrEnum):
    """What must be there for a rubric to apply; without it a span's outcome is `filtered`."""

    QUESTION = "question"
    """A user turn with text."""
    ANSWER = "answer"
    """An answer with text."""
    DOCUMENTS = "documents"
    """Passages that the model was given, retrieved or in its prompt."""
    TOOLS = "tools"
    """Tools that were offered or called."""
    CONVERSATION = "conversation"
    """More than one user turn."""
    REFUSAL = "refusal"
    """An answer that refuses."""
    INSTRUCTIONS = "instructions"
    """Instructions of a system or developer role."""
    REFERENCE = "reference"
    """A reference answer: offline cases only."""


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One step of an agent's run, in short."""

    kind: str
    """`model`, `tool`, `retrieval` or `agent`."""
    name: str
    input: str = ""
    output: str = ""
    failed: bool = False


class JudgeCase(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a judge may read of one span."""

    exchange: Exchange
    steps: tuple[Step, ...] = ()
    refused: bool = False
    """Whether the inline checks read the answer as a refusal."""
    reference: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a judge said of one case, and what it took to say it."""

    label: Label
    score: float
    """0 worst … 1 best."""
    explanation: str = ""
    """One sentence, given before the label."""
    grade: str | None = None
    """A finer label of the rubric's scale (`otel_evals.verdict`)."""
    confidence: float | None = None
    """What the judge says of its own certainty, 0 … 1."""
    model: str | None = None
    """The model that really answered, as the endpoint named it."""
    system_fingerprint: str | None = None
    usage: Usage = Usage()
    cost: float | None = None
    """USD; None = the price of this model is unknown."""
    duration: float = 0.0
    """Seconds from the request to the read answer, all tries together."""
    cached: bool = False
    """Whether the answer is that of an earlier, equal question."""
    mismatched: bool = False
    """Whether another model than the pinned one answered."""
    members: tuple["Verdict", ...] = ()
    """The verdicts of a panel's members, in its order."""
    member: str = ""
    """Which member of a panel said this; empty for a judge alone."""


class JudgeFailure(OtelEvalsError):  # noqa: N818 - named for the condition
    """A judge that could not decide.

    Attributes:
        outcome: how the span's way to this judge ends.
        error_type: what `error.type` says.
        usage: tokens that were paid for nothing.
        cost: USD that were paid for nothing; None = unknown.
        model: the model that answered, when one did.
    """

    def __init__(
        self,
        message: str,
        *,
        outcome: CoverageOutcome,
        error_type: str,
        usage: Usage | None = None,
        cost: float | None = 0.0,
        model: str | None = None,
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.error_type = error_type
        self.usage = usage or Usage()
        self.cost = cost
        self.model = model


class Estimate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a judgement will take at most, reserved from the budget before it begins."""

    calls: int = 1
    tokens: int = 0
    cost: float = 0.0
    """USD."""


class SamplingDecision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a span came to a judge, or did not: a pure function of the span, the configuration and what it is given."""

    selected: bool
    probability: float
    """π1, in [0, 1]: with which it was selected. 0 only when no rule matches, and then it is never selected."""
    stratum: str
    """The rule that gave the highest rate (`high_risk`, `baseline`, …); empty when none matches."""
    rules: tuple[str, ...] = ()
    """Names of all rules that match, in order."""
    uniform: float = 0.0
    """The number in [0, 1) that was compared with π1."""
