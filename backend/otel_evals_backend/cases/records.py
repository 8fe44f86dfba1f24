"""What the doors of cases take and give, as JSON."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from otel_evals_backend.cases.neutral import Behaviour, Lines, NeutralCase, Tag, Text, Tier, Word

DatasetName = Annotated[
    str,
    Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Letters, digits, . _ -"),
]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CaseRow(_Body):
    """A case in a list."""

    id: str
    version: int
    dataset: str
    kind: str = Field(description="case, or labelled: of a calibration set.")
    question: str | None = Field(description="How it begins; null where lists hold no content.")
    metric: str
    tags: tuple[str, ...]
    risk_tier: str
    label: str | None
    retired: bool
    created_ns: int = Field(description="Of this version.")


class CaseList(_Body):
    """A piece of the list, newest first."""

    items: tuple[CaseRow, ...]
    next: str | None = Field(description="Cursor of what is older; null at the end.")
    total: int = Field(description="How many match.")


class Version(_Body):
    """One version in the history of a case."""

    version: int
    made_by: str
    created_ns: int
    retired: bool
    changed: tuple[str, ...] = Field(description="Fields that differ from the version before.")


class CaseView(_Body):
    """One version of a case."""

    id: str
    version: int
    newest: int = Field(description="Number of the newest version.")
    dataset: str
    kind: str
    retired: bool
    made_by: str
    created_ns: int
    case: NeutralCase | None = Field(description="Null when it is encrypted with a key that is not here any more.")


class CaseMade(_Body):
    """The case that something became."""

    id: str
    new: bool = Field(description="False: the same problem was a case already.")


class FromItem(_Body):
    """What to make a case of: an item of the review queue, or a call and the question."""

    item: Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")] | None = Field(
        default=None, description="Id of a decided item."
    )
    trace_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    span_id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    metric: Word = Field(default="", description="With a call: whose question; empty = the first that failed.")


class CaseEdit(_Body):
    """What of a case people decide; what was asked and answered stays as it was."""

    version: int = Field(ge=1, le=2**31 - 1, description="That was edited: another one since is a conflict.")
    dataset: DatasetName
    behaviour: Behaviour
    text: Text = Field(description="The answer as it should be.")
    facts: Lines = ()
    forbidden: Lines = ()
    citations: Lines = ()
    tools: Lines = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=30)] = ()
    risk_tier: Tier = ""
    bucket: Word = ""


class Dataset(_Body):
    """A set of cases."""

    name: str
    kind: str
    cases: int = Field(description="That are not retired.")
    passes: int = Field(description="Of them, answers that people passed.")
    fails: int = Field(description="Of them, answers that people failed.")


class ImportOrder(_Body):
    """A labelled file."""

    dataset: DatasetName
    form: Literal["jsonl", "csv"]
    text: str = Field(max_length=8 << 20, description="The file.")
    dry_run: bool = Field(default=False, description="Say what would be imported, and import nothing.")


class Column(_Body):
    """A column of a file, and what it is read as."""

    name: str
    read_as: str | None = Field(description="Null: it is not read.")


class Fault(_Body):
    """A line that is no labelled case."""

    line: int
    says: str


class Sample(_Body):
    """A row as it is understood."""

    line: int
    question: str
    answer: str
    label: str


class Preview(_Body):
    """What a file holds, before anything is kept."""

    columns: tuple[Column, ...]
    rows: int
    passes: int
    fails: int
    known: int = Field(description="Rows that the set has already, or that stand twice in the file.")
    faults: tuple[Fault, ...] = Field(description="The first 50. With a single one nothing is imported.")
    faulty: int
    samples: tuple[Sample, ...]


class Imported(Preview):
    """What was imported."""

    dataset: str
    added: int
