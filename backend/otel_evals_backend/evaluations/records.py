"""What the list, the page of a call, and the views say, as JSON. Pages show the same records."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["pass", "fail", "error", "none"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Result(_Record):
    """One evaluation of a call."""

    metric: str
    evaluator_type: str = Field(description="code, llm_judge, human or user.")
    evaluator_id: str
    evaluator_version: str
    source: str = Field(description="online or offline.")
    shadow: bool = Field(description="A judge on trial: it decides nothing.")
    verdict: Verdict = Field(description="error = the evaluator itself failed.")
    detail: str | None = Field(None, description="A finer verdict of the judge's own.")
    score: float | None = Field(None, description="0 worst to 1 best.")
    confidence: float | None = None
    cached: bool = False
    probability: float | None = Field(None, description="With which the call came to this evaluator (π1).")
    label_probability: float | None = Field(None, description="With which it came to a person (π2).")
    purposive: bool = Field(False, description="Chosen by hand: never in an estimate.")
    stratum: str | None = Field(None, description="Why it was drawn.")
    explanation: str | None = None
    evaluator_model: str | None = Field(None, description="That really answered, of a judge.")
    error_type: str | None = None
    cost: float | None = Field(None, description="US dollars.")
    lag: float | None = Field(None, description="Seconds from the call to the result.")
    at_ns: int = Field(description="When it was made, ns since 1970.")


class Call(_Record):
    """One evaluated call, as lists show it."""

    trace_id: str
    span_id: str
    start_ns: int = Field(description="ns since 1970.")
    seconds: float
    service: str
    environment: str
    provider: str
    model: str
    prompt_name: str
    prompt_version: str
    question: str | None = Field(description="How the question begins, as far as the content policy keeps it.")
    failed: bool = Field(description="Whether the call itself failed.")
    error_type: str | None
    band: str | None = Field(description="Risk: low, medium, high.")
    coverage: str | None
    stratum: str | None
    worst: Result | None = Field(description="The result that speaks most against it; of the metric that is asked for.")
    fails: int = Field(description="Failing results.")
    results: int = Field(description="Results.")
    feedback: int = Field(description="-1 negative, 1 positive, 0 neither.")
    signals: tuple[str, ...] = Field(description="What users did.")
    labels: int = Field(description="Labels of people.")
    hidden: bool = Field(
        False, description="What was said of it is kept back until whoever asks has labelled it, or asks to see it."
    )


class Calls(_Record):
    """A piece of the list, newest first."""

    items: tuple[Call, ...]
    next: str | None = Field(description="Cursor of older calls; null at the end of the range.")
    previous: str | None = Field(description="Cursor of newer calls; null at the begin of the list.")
    looked_ns: int | None = Field(
        description="Set when the search took too long and was cut: it has looked as far as this. `next` goes on."
    )
    total: int | None = Field(description="How many match in the range; null where only a scan could tell.")
    calls: int = Field(description="Evaluated calls in the range, without filters.")


class SpanResult(Result):
    """A result with the call that it is about."""

    trace_id: str
    span_id: str
    start_ns: int
    service: str
    model: str
    prompt_name: str
    prompt_version: str


class Results(_Record):
    """Results of a piece of the list, the newest calls first."""

    items: tuple[SpanResult, ...]
    next: str | None = Field(description="Cursor of older calls; null at the end of the range.")
    looked_ns: int | None = Field(description="As in the list of calls.")


class Signal(_Record):
    """What a user did with the answer."""

    signal: str
    polarity: int = Field(description="-1 against the answer, 1 for it, 0 neither.")
    value: float | None
    comment: str | None
    corrected: str | None = Field(None, description="What the user would have had the answer say.")
    source: str
    at_ns: int
    received_ns: int


class Label(_Record):
    """What a person said; never changed, a second thought is another label."""

    metric: str
    reviewer: str
    verdict: str
    reasons: tuple[str, ...]
    note: str
    corrected: str
    expected: str = Field(description="JSON object.")
    blind: bool
    purposive: bool
    kind: str = Field(description="first, second_thought or adjudication.")
    at_ns: int


class Neighbour(_Record):
    """Another GenAI span of the trace."""

    span_id: str
    parent_id: str | None
    role: str = Field(description="model_call, agent, retriever, tool …")
    name: str
    start_ns: int
    seconds: float | None
    evaluated: bool
    band: str | None = None
    fails: int = 0


class Event(_Record):
    """One line of the history: in what order things happened and arrived."""

    at_ns: int
    what: str
    who: str = ""


class Link(_Record):
    """To a tracing backend."""

    name: str
    url: str


class Attribute(_Record):
    """A fact about the call."""

    name: str
    value: str


class Span(_Record):
    """Everything about one call."""

    call: Call
    operation: str
    response_model: str
    span_name: str
    role: str
    received_ns: int
    conversation_id: str | None
    route: str | None
    reasons: tuple[str, ...] = Field(description="Failing metrics that made the risk band.")
    probability: float | None
    results_folded: bool = Field(
        description="The results are kept back: this person may still be asked to label the call blind."
    )
    results: tuple[Result, ...]
    feedback: tuple[Signal, ...]
    labels: tuple[Label, ...] = Field(description="Those that this person may see.")
    history: tuple[Event, ...]
    trace: tuple[Neighbour, ...]
    links: tuple[Link, ...]
    attributes: tuple[Attribute, ...]
    content_policy: str = Field(description="full, redacted or none.")


class View(_Record):
    """An address with a name."""

    id: str
    name: str
    page: str
    query: str = Field(description="The part of the address behind the question mark.")
    shared: bool = Field(description="Whether everybody sees it.")
    mine: bool
    path: str = Field(description="The whole address.")


class Views(_Record):
    """The views that a person sees: their own, and shared ones."""

    items: tuple[View, ...]


class ViewOrder(BaseModel):
    """A view to be kept."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    page: Literal["/evaluations", "/slices"] = "/evaluations"
    query: str = Field("", max_length=2000, pattern=r"^[^\x00-\x1f\x7f]*$")
    shared: bool = False


class Problem(BaseModel):
    """Why something was refused."""

    detail: str
