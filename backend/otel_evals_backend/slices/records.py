"""What the page of slices says, as data."""

from pydantic import BaseModel, ConfigDict, Field

from otel_evals_backend.web.figures import Rate


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Bucket(_Record):
    """One stretch of time of a slice: an hour or a day, or as many as most need for an estimate."""

    start_ns: int
    rate: Rate


class Slice(_Record):
    """Calls of one model with one version of one prompt."""

    model: str = Field(description="gen_ai.request.model, normalised; empty where it is unknown.")
    prompt_name: str
    prompt_version: str = Field(description="The named version, `fp:` and a fingerprint, or `unversioned`.")
    rate: Rate
    fails: int
    feedback: int = Field(description="Signals of users about calls of this slice.")
    negative: int = Field(description="Of them: thumbs down, regenerate, rephrase, abandon, correction.")
    over_time: tuple[Bucket, ...] = Field(description="Of the first twelve slices with an estimate; others: empty.")


class Choice(_Record):
    """A metric that there is to look at."""

    name: str
    type: str
    evaluator_id: str
    n: int


class Slices(_Record):
    """One metric by slice."""

    from_ns: int
    to_ns: int
    sentence: str
    metric: str
    type: str = Field(description="Of the evaluator: code, llm_judge, human, user.")
    version: str = Field(description="Of the evaluator: the one that worked last.")
    whole: Rate = Field(description="All slices together.")
    slices: tuple[Slice, ...]
    left_out: int = Field(description="Slices beyond the first 200, those with the fewest results.")
    metrics: tuple[Choice, ...]
