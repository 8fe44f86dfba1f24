"""The neutral case: one question with its context, what was answered, and what should have been.

Every export is made from it, every import ends in it. Its id is a hash of the normalised input and of what is expected,
so that the same problem found twice is one case.
"""

import json
import unicodedata
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=200_000, pattern=r"^[^\x00]*$")]
Line = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Word = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Tag = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f,\"\\]+$")]
Lines = Annotated[tuple[Line, ...], Field(max_length=50)]
Behaviour = Literal["answer", "abstain", "refuse", "clarify", "human_review"]
Tier = Literal["", "low", "medium", "high", "critical"]
LENGTH: Final = 24
"""Hex digits of an id."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CaseMessage(_Part):
    """One turn of what was asked."""

    role: Word = Field(description="system, user, assistant or tool.")
    content: Text = ""
    tool_calls: tuple[dict[str, Any], ...] = Field(default=(), description="Name and arguments, as the model asked.")


class CasePassage(_Part):
    """A passage that had been retrieved."""

    id: Word = ""
    text: Text


class CaseExpected(_Part):
    """What the application should have done."""

    behaviour: Behaviour = "answer"
    text: Text = Field(default="", description="The answer as it should be.")
    facts: Lines = Field(default=(), description="What the answer must hold.")
    forbidden: Lines = Field(default=(), description="What it must not hold.")
    citations: Lines = Field(default=(), description="Documents that it must cite, by id.")
    tools: Lines = Field(default=(), description="Tools that it must call, by name.")


class CaseVerdict(_Part):
    """What an evaluator or a reviewer said of the answer."""

    by: str = Field(description="Id of the evaluator, or the hash of a reviewer's.")
    type: str = Field(description="code, llm_judge or human.")
    version: str = ""
    label: str | None = Field(default=None, description="pass, fail, or unsure of a reviewer; null without verdict.")
    score: float | None = None


class CaseProvenance(_Part):
    """Where the case comes from."""

    trace_id: str | None = Field(default=None, description="32 hex digits.")
    span_id: str | None = Field(default=None, description="16 hex digits.")
    response_id: str | None = None
    prompt_name: str = ""
    prompt_version: str = ""
    model: str = ""
    verdicts: tuple[CaseVerdict, ...] = ()
    reviewers: tuple[str, ...] = Field(default=(), description="Hashes of the reviewers' ids.")
    decided_at: str | None = Field(default=None, description="RFC 3339.")
    redaction_policy: str = Field(default="full", description="How what was said was kept: full or redacted.")
    purposive: bool = Field(default=True, description="Chosen, not drawn: it enters no estimate.")


class NeutralCase(_Part):
    """A case without its place in a list of versions."""

    input: Annotated[tuple[CaseMessage, ...], Field(min_length=1, max_length=500)]
    answer: Text = Field(default="", description="What the application answered.")
    expected: CaseExpected = CaseExpected()
    retrieved: Annotated[tuple[CasePassage, ...], Field(max_length=500)] = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=30)] = ()
    risk_tier: Tier = ""
    bucket: Word = Field(default="", description="The kind of problem.")
    metric: Word = Field(default="", description="Whose question was answered.")
    label: Literal["pass", "fail"] | None = Field(default=None, description="What people say of the answer.")
    metadata: dict[str, Any] = {}
    provenance: CaseProvenance = CaseProvenance()
    source: Word = Field(default="review", description="review, or import.")

    @property
    def question(self) -> str:
        """The user's last turn."""
        return next((one.content for one in reversed(self.input) if one.role == "user"), self.input[-1].content)


def case_id(case: NeutralCase, *, labelled_in: str | None = None) -> str:
    """The hash of the normalised input and what is expected.

    Args:
        case: the case.
        labelled_in: name of the set, for labelled answers: there, other answers to one question are other cases.
    """
    heart: dict[str, Any] = {
        "input": [[one.role.lower(), _normal(one.content), one.tool_calls] for one in case.input],
        "expected": {name: _normal_value(value) for name, value in case.expected.model_dump().items()},
    }
    if labelled_in is not None:
        heart |= {"set": labelled_in, "answer": _normal(case.answer), "label": case.label, "metric": case.metric}
        heart["tool_calls"] = case.metadata.get("tool_calls")
    return sha256(canonical(heart).encode("utf-8", "surrogatepass")).hexdigest()[:LENGTH]


def canonical(value: Any) -> str:
    """JSON with sorted keys and nothing between: the same text for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _normal_value(value: Any) -> Any:
    if isinstance(value, str):
        return _normal(value)
    return sorted(_normal(str(one)) for one in value)
