"""What people answer, and what they are shown: the bodies of the JSON API, which the pages share."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Behaviour = Literal[
    "must answer", "must refuse", "must clarify", "must cite", "must call a tool", "must not answer", "must not refuse",
    "must not call a tool", "must not cite",
]  # fmt: skip
BEHAVIOURS: tuple[Behaviour, ...] = (
    "must answer", "must refuse", "must clarify", "must cite", "must call a tool", "must not answer", "must not refuse",
    "must not call a tool", "must not cite",
)  # fmt: skip
Text = Annotated[str, Field(max_length=20_000, pattern=r"^[^\x00]*$")]
Line = Annotated[str, Field(max_length=500, pattern=r"^[^\x00\r\n]*$")]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expected(_Body):
    """What the application should have done."""

    behaviour: tuple[Behaviour, ...] = Field(default=(), max_length=9, description="What it must or must not do.")
    must_contain: tuple[Line, ...] = Field(default=(), max_length=20, description="What the answer must hold.")
    must_not_contain: tuple[Line, ...] = Field(default=(), max_length=20, description="What it must not hold.")
    sources: tuple[Line, ...] = Field(default=(), max_length=20, description="Documents that it must cite, by id.")


class Draft(_Body):
    """What is written but not yet said."""

    note: Text = Field(default="", description="Free text.")
    corrected: Text = Field(default="", description="The answer as it should be.")
    expected: Expected = Field(default=Expected(), description="What the application should have done.")


class Answer(Draft):
    """One person's label."""

    verdict: Literal["pass", "fail", "unsure"] = Field(description="The answer to the metric's question.")
    reasons: tuple[Line, ...] = Field(default=(), max_length=20, description="The team's reason codes.")
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = Field(
        default=None, description="How long the item was looked at."
    )
    second_thought: bool = Field(
        default=False, description="After the reveal: a new label beside the first, which is kept."
    )


class Flag(_Body):
    """That something is wrong with an item itself."""

    reason: Line = Field(default="", description="What, in a line.")


class FlaggedItem(_Body):
    """A flagged item; nothing of it says what any evaluator thinks."""

    id: str = Field(description="Opaque.")
    metric: str = Field(description="Whose question is asked.")
    service: str = Field(description="Application that answered.")
    begins: str = Field(description='How the user\'s question begins; "" when that is not kept.')
    reason: str = Field(description='What is wrong; "" when nobody said.')
    state: str = Field(description="open, adjudicate, done, merged or dropped.")
    created: str = Field(description="When it came to people, RFC 3339.")
    trace_id: str = Field(description="Of the call, 32 hex digits.")
    span_id: str = Field(description="16 hex digits.")


class FlaggedItems(_Body):
    """What reviewers flagged, the newest first."""

    items: tuple[FlaggedItem, ...] = Field(description="At most 200.")


class Key(_Body):
    """The id of an item."""

    id: str = Field(description="Opaque.")


class Next(_Body):
    """The item to answer next, reserved for whoever asked."""

    id: str | None = Field(description="Opaque; null when nothing waits.")
    until: str | None = Field(default=None, description="End of the reservation unless it is renewed, RFC 3339.")


class Lease(_Body):
    """Whether the item is reserved."""

    held: bool = Field(description="False: another has it, or it wants no label any more.")


class Asked(_Body):
    """The question of an item."""

    metric: str = Field(description="Name of the metric.")
    ask: str = Field(description="The question: yes is a pass.")
    guide: str = Field(description="What counts.")
    passes: tuple[str, ...] = Field(description="When it passes.")
    fails: tuple[str, ...] = Field(description="When it fails.")
    version: str = Field(description="Of the question: labels of two versions are not compared.")


class Said(_Body):
    """A text of the conversation."""

    role: str = Field(description="system, user, assistant, tool, or another word of the application.")
    text: str = Field(description="What was said.")


class Passage(_Body):
    """A source."""

    id: str = Field(description='As the application calls it; "" = it has no name.')
    text: str = Field(description="What it says.")


class Judged(_Body):
    """What an evaluator said of the same question."""

    evaluator: str = Field(description="Its id.")
    version: str = Field(description="Its version.")
    type: str = Field(description="code or llm_judge.")
    shadow: bool = Field(description="Whether it only runs along.")
    label: str | None = Field(description="pass, fail; null when it could not decide.")
    score: float | None = Field(description="0 worst … 1 best.")
    confidence: float | None = Field(description="Its own certainty, 0 … 1.")
    explanation: str | None = Field(description="Why, in its words.")
    agrees: bool | None = Field(description="With this label; null when one of both did not decide.")


class Reveal(_Body):
    """What comes back for a label."""

    label: str = Field(description="Id of the label.")
    verdict: str = Field(description="What was said.")
    kind: str = Field(description="first, second_thought or adjudication.")
    revealed: bool = Field(description="Whether evaluators may be seen now, by the settings.")
    after: int | None = Field(
        description="Labels of this reviewer after which they may be: 0 = now, null = never. What is not full after a "
        "day is shown then."
    )
    evaluators: tuple[Judged, ...] = Field(description="What they said of the same question.")


class Item(_Body):
    """One item, blind: nothing of it says what any evaluator, or anybody else, thinks of it."""

    id: str = Field(description="Opaque.")
    position: int = Field(description="Of the reviewer: labels of the last 24 hours, and this one.")
    service: str = Field(description="Application that answered.")
    question: Asked = Field(description="What is asked.")
    messages: tuple[Said, ...] = Field(description="What the model saw, in order.")
    answers: tuple[Said, ...] = Field(description="What it wrote.")
    sources: tuple[Passage, ...] = Field(description="What was retrieved for it.")
    missing: str = Field(description='Why nothing of it can be shown; "" when it can.')
    draft: Draft = Field(description="What this reviewer wrote before.")
    mine: Reveal | None = Field(description="This reviewer's own label, once there is one.")


class Queue(_Body):
    """What waits; never by reason, which would tell."""

    states: dict[str, int] = Field(description="Items by state.")
    for_me: int = Field(description="Items that the asking person could answer now, as far as counted (at most 1000).")
    flagged: int = Field(description="Items that somebody flagged.")
    for_others: int = Field(description="Open items that the asking person has labelled: another person is wanted.")
    oldest: str | None = Field(description="When the oldest open item was made, RFC 3339.")


class PlannedCell(_Body):
    """With which probability judged spans of a cell come to people."""

    metric: str = Field(description="Name of the metric.")
    stratum: str = Field(description="Why the span was judged.")
    verdict: str = Field(description="What the judge said: pass or fail.")
    probability: float = Field(description="π2.")


class PlanView(_Body):
    """The plan of the random share."""

    version: int | None = Field(description="null: none yet, everything is drawn with the same probability.")
    since: str | None = Field(description="From when, RFC 3339.")
    default: float = Field(description="For cells that the plan does not know.")
    cells: tuple[PlannedCell, ...] = Field(description="The cells.")


class Share(_Body):
    """A share with what it rests on."""

    agreed: int = Field(description="Items on which both said the same.")
    n: int = Field(description="Items that somebody else labelled too.")
    low: float | None = Field(description="Lower end of the interval of 95 %; null below 20 items.")
    high: float | None = Field(description="Upper end.")


class Mine(_Body):
    """A reviewer's own figures. There is no ranking."""

    done: int = Field(description="Items labelled.")
    done_week: int = Field(description="In the last seven days.")
    minutes: float = Field(description="Looked at items, in minutes.")
    seconds_median: float | None = Field(description="Seconds an item; null below 5 items.")
    agreement: Share = Field(description="With others' first labels of the same items.")
    oldest: str | None = Field(description="When the oldest open item was made, RFC 3339.")
    waiting: int = Field(description="Items that wait for this reviewer (at most 1000).")
