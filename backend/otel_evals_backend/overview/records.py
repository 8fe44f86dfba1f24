"""What the overview says, as data: the page and the API show the same."""

from pydantic import BaseModel, ConfigDict, Field

from otel_evals_backend.web.figures import Rate


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Bucket(_Record):
    """One stretch of time of a metric."""

    start_ns: int = Field(description="Begin, ns since 1970 UTC.")
    version: str = Field(description="Version of the evaluator; empty where there are no results.")
    rate: Rate


class Metric(_Record):
    """One evaluator of one metric."""

    name: str = Field(description="gen_ai.evaluation.name.")
    type: str = Field(description="code, llm_judge, or user.")
    evaluator_id: str
    version: str = Field(description="The version that worked last: the rate is its own.")
    versions: int = Field(description="How many versions worked in the range.")
    rate: Rate
    fails: int
    errors: int = Field(description="Times that it failed itself; in no rate.")
    people: Rate = Field(description="What people said of this metric, of answers that were drawn for them by chance.")
    by_hand: int = Field(description="Labels in no estimate: of chosen answers, or further ones of a drawn one.")
    step_ns: int = Field(
        description="Length of a stretch: an hour or a day, or as many of them as most stretches need for an estimate."
    )
    over_time: tuple[Bucket, ...]


class Step(_Record):
    """One step of the way from a span to a case."""

    name: str
    n: int
    says: str = Field(description="What the step means.")
    path: str = Field(description="The page that lists them.")


class Outcome(_Record):
    """How many spans ended with one judge outcome."""

    outcome: str
    n: int


class Spend(_Record):
    """What one judge cost."""

    evaluator_id: str
    results: int
    cost: float = Field(description="USD, of the results whose cost is known.")


class Line(_Record):
    """Something that needs somebody now."""

    kind: str = Field(description="quality, silent, queue, labels, unjoined, or budget.")
    severity: str = Field(description="bad or warn.")
    text: str
    path: str = Field(description="Where to do something about it.")


class Overview(_Record):
    """All of it."""

    from_ns: int
    to_ns: int
    sentence: str
    attention: tuple[Line, ...] = Field(description="At most five lines, most urgent first.")
    funnel: tuple[Step, ...]
    metrics: tuple[Metric, ...] = Field(description="Worst first; those without an estimate last.")
    coverage: tuple[Outcome, ...]
    spend: tuple[Spend, ...]
    ever: bool = Field(description="Whether anything was ever received.")
